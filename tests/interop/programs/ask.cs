// One call with the classes of `wsdl` and ASP.NET's SOAP client, on Mono; see README.md for what goes in and comes out.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Web.Services.Protocols;

static class Ask {
    static readonly TextWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));

    static string Env(string naam) { return Environment.GetEnvironmentVariable(naam); }

    static void Line(params string[] fields) {
        output.Write(string.Join("\t", fields.Select(one => one ?? "")) + "\n");
    }

    // Each repeated choice has an enum of its own, with a number in its name: it is found from the field that holds it.
    static T[] Names<T>(T[] field, IEnumerable<string> names) {
        return names.Select(one => (T) Enum.Parse(typeof(T), one)).ToArray();
    }

    static void Print(School school) {
        Line("school", school.schooljaar, school.brincode, school.dependancecode,
            school.aanmaakdatum.ToString("yyyy-MM-ddTHH:mm:sszzz"), school.xsdversie);
    }

    static void Print(object[] groepen) {
        foreach (object one in groepen ?? new object[0]) {
            var groep = one as Groep;
            var more = one as SamengesteldeGroep;
            if (groep != null) Line("groep", groep.key, groep.naam, groep.jaargroep);
            if (more != null) Line("samengestelde_groep", more.key, more.naam);
        }
    }

    static void Print(Leerling[] leerlingen) {
        foreach (var een in leerlingen) {
            var more = (een.samengestelde_groepen ?? new Verwijzing[0]).Select(groep => groep.key);
            Line("leerling", een.key, een.eckid, een.achternaam, een.roepnaam,
                een.geboortedatumSpecified ? een.geboortedatum.ToString("yyyy-MM-dd") : "",
                een.groep == null ? "" : een.groep.key, string.Join(",", more));
        }
    }

    static void Print(Leerkracht[] leerkrachten) {
        foreach (var een in leerkrachten ?? new Leerkracht[0]) {
            var groepen = een.groepen == null || een.groepen.Items == null ? new string[0]
                : een.groepen.Items.Select((one, at) => een.groepen.ItemsElementName[at] + ":" + one.key).ToArray();
            Line("leerkracht", een.key, een.eckid, een.achternaam, een.roepnaam, string.Join(",", groepen));
        }
    }

    static void Print(object data) {
        if (data is Leerlinggegevens) {
            var all = (Leerlinggegevens) data;
            Print(all.school);
            Print(all.groepen);
            Print(all.leerlingen);
            Print(all.leerkrachten);
        } else if (data is LeerlinggegevensStructuur) {
            Print(((LeerlinggegevensStructuur) data).school);
            Print(((LeerlinggegevensStructuur) data).groepen);
        } else if (data is LeerlinggegevensLeerlingen) {
            Print(((LeerlinggegevensLeerlingen) data).school);
            Print(((LeerlinggegevensLeerlingen) data).leerlingen);
        } else if (data is LeerlinggegevensLeerkrachten) {
            Print(((LeerlinggegevensLeerkrachten) data).school);
            Print(((LeerlinggegevensLeerkrachten) data).leerkrachten);
        }
    }

    static LeerlinggegevensVerzoek Question(DateTime? received) {
        return new LeerlinggegevensVerzoek {
            schooljaar = Env("SCHOOLJAAR"), brincode = Env("BRINCODE"), dependancecode = Env("DEPENDANCECODE"),
            xsdversie = Env("XSDVERSIE"),
            // A DateTime goes out only when its field of this name says that it is there.
            laatstontvangengegevens = received ?? default(DateTime), laatstontvangengegevensSpecified = received != null,
        };
    }

    static VerzoekPerGroep Question(DateTime? received, IEnumerable<string> groepen) {
        var split = groepen.Select(one => one.Split(new[] {'='}, 2)).ToArray();
        var keuze = new GroepKeuze {
            Items = split.Select(one => new GroepGekozen { key = one.Length > 1 ? one[1] : null }).ToArray(),
        };
        keuze.ItemsElementName = Names(keuze.ItemsElementName, split.Select(one => one[0]));
        return new VerzoekPerGroep {
            schooljaar = Env("SCHOOLJAAR"), brincode = Env("BRINCODE"), dependancecode = Env("DEPENDANCECODE"),
            xsdversie = Env("XSDVERSIE"), groepen = keuze,
            laatstontvangengegevens = received ?? default(DateTime), laatstontvangengegevensSpecified = received != null,
        };
    }

    // Makes one call; returns the aanmaakdatum of an answer with data.
    static DateTime? Call(string operatie, IEnumerable<string> groepen, DateTime? received) {
        var autorisatie = new Autorisatie {
            autorisatiesleutel = Env("SLEUTEL"), klantcode = Env("KLANTCODE"), klantnaam = Env("KLANTNAAM"),
        };
        var heel = new bndLeerlinggegevens { Url = Env("ENDPOINT"), autorisatie = autorisatie };
        var getrapt = new bndLeerlinggegevensgetrapt { Url = Env("ENDPOINT"), autorisatie = autorisatie };
        object data;
        string naam;
        School school = null;
        if (operatie == "HaalLeerlinggegevens") {
            var antwoord = heel.HaalLeerlinggegevens(Question(received));
            data = antwoord.Item;
            naam = data is Leeg ? antwoord.ItemElementName.ToString() : "leerlinggegevens";
            if (data is Leerlinggegevens) school = ((Leerlinggegevens) data).school;
        } else if (operatie == "HaalStructuur") {
            var antwoord = getrapt.HaalStructuur(Question(received));
            data = antwoord.Item;
            naam = data is Leeg ? antwoord.ItemElementName.ToString() : "leerlinggegevens-structuur";
            if (data is LeerlinggegevensStructuur) school = ((LeerlinggegevensStructuur) data).school;
        } else if (operatie == "HaalLeerlingen") {
            var antwoord = getrapt.HaalLeerlingen(Question(received, groepen));
            data = antwoord.Item;
            naam = data is Leeg ? antwoord.ItemElementName.ToString() : "leerlinggegevens-leerlingen";
            if (data is LeerlinggegevensLeerlingen) school = ((LeerlinggegevensLeerlingen) data).school;
        } else {
            var antwoord = getrapt.HaalLeerkrachten(Question(received, groepen));
            data = antwoord.Item;
            naam = data is Leeg ? antwoord.ItemElementName.ToString() : "leerlinggegevens-leerkrachten";
            if (data is LeerlinggegevensLeerkrachten) school = ((LeerlinggegevensLeerkrachten) data).school;
        }
        Line("uitkomst", naam);
        Print(data);
        return school == null ? (DateTime?) null : school.aanmaakdatum;
    }

    static void Main(string[] arguments) {
        DateTime? received = null;
        try {
            for (int times = Env("AGAIN") == null ? 1 : 2; times > 0; times--)
                received = Call(arguments[0], arguments.Skip(1), received);
        } catch (SoapException fout) {
            var detail = fout.Detail == null ? null : fout.Detail["fout", "urn:uwlr-adapter:fout"];
            Line("fout", fout.Code.Name, fout.Message, detail == null ? "" : detail.GetAttribute("pad"),
                detail == null ? "" : detail.GetAttribute("regel"));
        }
        output.Flush();
    }
}
