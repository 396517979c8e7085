// Reads an answer from standard input with the serializer behind the proxies of .NET; see README.md for what comes out.
using System;
using System.IO;
using System.Text;
using System.Xml.Serialization;

public static class Names
{
    public const string Soap = "http://schemas.xmlsoap.org/soap/envelope/";
    public const string Lg = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens";
}

[XmlRoot("Envelope", Namespace = Names.Soap)]
public class Envelope
{
    [XmlElement("Body", Namespace = Names.Soap)]
    public Body Body;
}

public class Body
{
    [XmlElement("leerlinggegevens_antwoord", Namespace = Names.Lg)]
    public Antwoord Antwoord;
}

public class Antwoord
{
    [XmlElement("leerlinggegevens", Namespace = Names.Lg)]
    public Gegevens Gegevens;
}

public class Gegevens
{
    [XmlArray("leerlingen", Namespace = Names.Lg)]
    [XmlArrayItem("leerling", Namespace = Names.Lg)]
    public Leerling[] Leerlingen;
}

public class Leerling
{
    [XmlAttribute("key")]
    public string Key;

    [XmlElement("achternaam", Namespace = Names.Lg)]
    public string Achternaam;

    [XmlElement("roepnaam", Namespace = Names.Lg)]
    public string Roepnaam;

    [XmlElement("geboortedatum", Namespace = Names.Lg, DataType = "date")]
    public DateTime Geboortedatum;

    [XmlIgnore]
    public bool GeboortedatumSpecified;
}

public static class Program
{
    public static void Main()
    {
        var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { NewLine = "\n" };
        var answer = (Envelope)new XmlSerializer(typeof(Envelope)).Deserialize(Console.OpenStandardInput());
        foreach (var een in answer.Body.Antwoord.Gegevens.Leerlingen)
        {
            var day = een.GeboortedatumSpecified ? een.Geboortedatum.ToString("yyyy-MM-dd") : "";
            output.WriteLine(string.Join("\t", "leerling", een.Key, een.Achternaam, een.Roepnaam, day));
        }
        output.Flush();
    }
}
