// Results brought with the classes of `wsdl` and ASP.NET's SOAP client, on Mono; see README.md for what goes in and
// comes out.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Web.Services.Protocols;

static class Send {
    static readonly TextWriter output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));

    static string Env(string naam) { return Environment.GetEnvironmentVariable(naam); }

    static void Line(params string[] fields) {
        output.Write(string.Join("\t", fields.Select(one => one ?? "")) + "\n");
        output.Flush();
    }

    static string OrNothing(string text) { return text == "" ? null : text; }

    static ctpVocabulaireGebondenVeld Term(string text, string vocabulaire = null) {
        return new ctpVocabulaireGebondenVeld { Value = text, vocabulaire = vocabulaire };
    }

    // The lines behind one, up to the next of one of these kinds.
    static IList<string[]> Until(IList<string[]> lines, int at, params string[] ends) {
        return lines.Skip(at + 1).TakeWhile(one => !ends.Contains(one[0])).ToList();
    }

    static IEnumerable<T> Each<T>(IList<string[]> lines, string kind, Func<string[], int, T> made) {
        return Enumerable.Range(0, lines.Count).Where(at => lines[at][0] == kind).Select(at => made(lines[at], at));
    }

    // Returns a message; the arrays of .NET are made whole, so that all lines of it are read first.
    static LeerresultatenVerzoek Message(IList<string[]> lines) {
        return new LeerresultatenVerzoek {
            school = Each(lines, "school", (line, _) => new ctpSchool {
                schooljaar = line[1], brincode = line[2], dependancecode = line[3], xsdversie = line[5],
                aanmaakdatum = DateTime.Parse(line[4], CultureInfo.InvariantCulture),
            }).Single(),
            toetsafnames = Each(lines, "afname", (line, at) => new ctpToetsafname {
                leerlingid = line[1], resultaten = Resultaten(Until(lines, at, "afname", "toets")).ToArray(),
            }).ToArray(),
            toetsen = Each(lines, "toets", (line, at) => Toets(line, Until(lines, at, "toets", "toets"))).ToArray(),
        };
    }

    static IEnumerable<ctpResultaat> Resultaten(IList<string[]> lines) {
        return Each(lines, "resultaat", (line, at) => new ctpResultaat {
            key = line[1], afnamedatum = DateTime.Parse(line[2], CultureInfo.InvariantCulture), toetscode = line[3],
            toetsonderdeelcode = OrNothing(line[4]), score = OrNothing(line[5]),
            osoresultaat = Oso(Until(lines, at, "resultaat")),
        });
    }

    static ctpOsoResultaat Oso(IList<string[]> lines) {
        return Each(lines, "oso", (line, _) => new ctpOsoResultaat {
            toetsscore = new toetsscoreType {
                aantalgoed = line[1], vaardigheidsscore = line[2],
                betrouwbaarheidsinterval = new Betrouwbaarheidsinterval { bivlaag = line[3], bivhoog = line[4] },
            },
            referentiescore = Each(lines, "referentie", (one, __) => new referentiescoreType {
                codereferentiescore = one[1], codevergelijkingsgroep = one[2], waarde = one[3],
            }).ToArray(),
        }).SingleOrDefault();
    }

    static ctpToets Toets(string[] line, IList<string[]> lines) {
        var normen = Each(lines, "norm", (one, _) => new Norm {
            term = one[1], beginnormwaarde = one[2], eindnormwaarde = one[3],
        }).ToArray();
        var onderdelen = Each(lines, "onderdeel", (one, _) => new ctpToetsOnderdeel {
            toetsonderdeelvolgnummer = one[1], toetsonderdeelcode = Term(one[2]), toetsonderdeelnaam = one[3],
        }).ToArray();
        return new ctpToets {
            toetscode = Term(line[1], line[2]), toetsnaam = line[3],
            toetsnormering = normen.Length == 0 ? null : new ctpNormering { norm = normen },
            toetshierarchie = new[] { new Ingang { Value = line[4], niveau = line[5] } },
            toetsonderdelen = onderdelen.Length == 0 ? null : onderdelen,
        };
    }

    static void Main() {
        var service = new LeerresultatenService {
            Url = Env("ENDPOINT"),
            autorisatie = new Autorisatie {
                autorisatiesleutel = Env("SLEUTEL"), klantcode = Env("KLANTCODE"), klantnaam = Env("KLANTNAAM"),
            },
        };
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        var lines = new List<string[]>();
        for (string read; (read = input.ReadLine()) != null;) {
            var fields = read.Split('\t');
            if (fields[0] != "breng") {
                if (fields[0] == "school") lines.Clear();
                lines.Add(fields);
                continue;
            }
            try {
                service.BrengLeerresultaten(Message(lines));
                Line("bevestigd");
            } catch (SoapException fout) {
                var detail = fout.Detail == null ? null : fout.Detail["fout", "urn:uwlr-adapter:fout"];
                Line("fout", fout.Code.Name, fout.Message, detail == null ? "" : detail.GetAttribute("pad"),
                    detail == null ? "" : detail.GetAttribute("regel"));
            }
        }
    }
}
