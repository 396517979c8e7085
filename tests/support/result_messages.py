"""Messages with results for tests: the samples with their verdicts, a message with everything, and a class."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from support.messages import AUT, SOAP11

LR = "http://www.edustandaard.nl/leerresultaten/2/leerresultaten"
OSO = "http://www.edustandaard.nl/oso_gegevensset/1.2/dossier"
SAMPLES = Path(__file__).parents[1] / "data" / "leerresultaten"
HEADER = (
    f'<autorisatie xmlns="{AUT}"><autorisatiesleutel>21QW00VoorbeeldCode2026</autorisatiesleutel>'
    "<klantcode>voorbeeld-klantcode</klantcode><klantnaam>Voorbeeldplatform</klantnaam></autorisatie>"
)
SCHOOL = (
    "<school><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode><dependancecode>00</dependancecode>"
    "<aanmaakdatum>2026-11-12T16:05:46</aanmaakdatum><xsdversie>2.2</xsdversie></school>"
)


class Verdict(NamedTuple):
    """A line of the manifest: what a sample gets, of a strict caller and of any other."""

    file: str
    strict: str
    """`goed`, or the code of the fault."""
    pad: str
    regel: str
    repairs: tuple[str, ...]
    """The repairs by which it is right for who is not strict."""
    reason: str


@cache
def manifest() -> tuple[Verdict, ...]:
    """Return the verdicts on the samples, in their order."""
    lines = (SAMPLES / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split("\t") for line in lines]
    return tuple(
        Verdict(file, strict, pad, regel, () if needed == "-" else tuple(needed.split()), reason)
        for file, strict, pad, regel, needed, reason in cells
    )


def sample(file: str) -> bytes:
    """Return the bytes of a sample."""
    return (SAMPLES / file).read_bytes()


def body_of(message: bytes) -> etree._Element:
    """Return the request in an envelope."""
    (body,) = etree.fromstring(message).findall(f"{{{SOAP11}}}Body/*")
    return body


def message(afnames: str, toetsen: str = "<toets><toetscode>T1</toetscode></toets>", school: str = SCHOOL) -> bytes:
    """Return a message with these toetsafnames and definitions, which are XML."""
    return enveloped(
        f'<leerresultaten_verzoek xmlns="{LR}">{school}<toetsafnames>{afnames}</toetsafnames>'
        f"<toetsen>{toetsen}</toetsen></leerresultaten_verzoek>"
    )


def enveloped(body: str, header: str = HEADER) -> bytes:
    """Return an envelope around a request."""
    return (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def afname(resultaten: str, leerlingid: str = "10001", more: str = "") -> str:
    """Return a toetsafname; `more` stands behind the leerlingid."""
    return (
        f"<toetsafname><leerlingid>{leerlingid}</leerlingid>{more}<resultaten>{resultaten}</resultaten></toetsafname>"
    )


def resultaat(key: str = "r1", score: str = "7", more: str = "", toetscode: str = "T1") -> str:
    """Return a result with a score; `more` stands between the toetscode and the score."""
    return (
        f'<resultaat key="{key}"><afnamedatum>2026-11-10</afnamedatum><toetscode>{toetscode}</toetscode>{more}'
        f"<score>{score}</score></resultaat>"
    )


def class_of(leerlingen: int, each: int, score: str = "7") -> bytes:
    """Return a message of a whole class: so many leerlingen with so many results each, one per toetsonderdeel."""
    afnames = "".join(
        afname(
            "".join(
                resultaat(f"{one}-{part}", score, f"<toetsonderdeelcode>T1-{part}</toetsonderdeelcode>")
                for part in range(each)
            ),
            f"lln-{one}",
        )
        for one in range(leerlingen)
    )
    parts = "".join(
        f"<toetsonderdeel><toetsonderdeelvolgnummer>{part + 1}</toetsonderdeelvolgnummer>"
        f"<toetsonderdeelcode>T1-{part}</toetsonderdeelcode></toetsonderdeel>"
        for part in range(each)
    )
    return message(
        afnames,
        f"<toets><toetscode>T1</toetscode><toetsonderdelen>{parts}</toetsonderdelen></toets>",
    )


def full() -> etree._Element:
    """Return a request that holds every element, with more than one of what may repeat."""
    vocabulaire = 'vocabulaire="urn:v" vocabulairelocatie="http://example.org/v.xml"'
    norm = (
        "<norm><term>t</term><omschrijving>o</omschrijving><beginnormwaarde>0</beginnormwaarde>"
        "<eindnormwaarde>5</eindnormwaarde><normkleur><rood_code>1</rood_code><groen_code>2</groen_code>"
        "<blauw_code>255</blauw_code><transparantie>0.5</transparantie></normkleur>"
        "<schoolcijfer_vanaf>1.0</schoolcijfer_vanaf><schoolcijfer_totenmet>5.5</schoolcijfer_totenmet></norm>"
        "<norm><term>u</term><beginnormwaarde>6</beginnormwaarde><eindnormwaarde>10</eindnormwaarde></norm>"
    )
    normering = f"<toetscategorie {vocabulaire}>c</toetscategorie><toetsniveau>n</toetsniveau>"
    normering += f"<wegingsfactor>1.50</wegingsfactor>{norm}"
    toetsscore = (
        f'<toetsscore xmlns="{OSO}"><aantalopgaven>40</aantalopgaven><aantalgoed>31</aantalgoed>'
        "<aantalfout>9</aantalfout><aantalgelezen>40</aantalgelezen><tijd>1260.5</tijd>"
        "<vaardigheidsscore>98.20</vaardigheidsscore><codevaardigheidsschaal>VS1</codevaardigheidsschaal>"
        "<betrouwbaarheidsinterval><bivlaag>94.1</bivlaag><bivhoog>102.3</bivhoog></betrouwbaarheidsinterval>"
        f'</toetsscore><referentiescore xmlns="{OSO}"><codereferentiescore>RS1</codereferentiescore>'
        "<codevergelijkingsgroep>VG1</codevergelijkingsgroep><waarde>II</waarde><kwalificatie>k</kwalificatie>"
        "</referentiescore>"
    )
    oso = resultaat("r2", toetscode="T2").replace("<score>7</score>", f"<osoresultaat>{toetsscore}</osoresultaat>")
    onderdeel = "<versie>2</versie><toetsonderdeelcode>T1-1</toetsonderdeelcode>"
    scored = resultaat("r1", more=onderdeel).replace("</score>", "</score><infourl>https://example.org/1</infourl>")
    people = "<eckid>e1</eckid><resultaatverwerkerid>lk1</resultaatverwerkerid>"
    body = message(
        afname(scored + oso, more=people) + afname(resultaat("r3"), "10002"),
        f"<toets><toetscode {vocabulaire}>T1</toetscode><versie>2</versie><toetsnaam>Toets</toetsnaam>"
        f"<leerjaar>5</leerjaar><vakgebied>rekenen</vakgebied>"
        f"<toetsnormering {vocabulaire}>{normering}</toetsnormering>"
        f'<toetshierarchie><ingang niveau="1">m</ingang><ingang niveau="2" {vocabulaire}>g</ingang></toetshierarchie>'
        "<toetsonderdelen><toetsonderdeel><toetsonderdeelvolgnummer>1</toetsonderdeelvolgnummer>"
        "<toetsonderdeelcode>T1-1</toetsonderdeelcode><toetsonderdeelnaam>deel</toetsonderdeelnaam>"
        f"<toetsonderdeelnormering>{normering}</toetsonderdeelnormering></toetsonderdeel><toetsonderdeel>"
        "<toetsonderdeelvolgnummer>2</toetsonderdeelvolgnummer><toetsonderdeelcode>T1-2</toetsonderdeelcode>"
        "</toetsonderdeel></toetsonderdelen></toets><toets><toetscode>T2</toetscode></toets>",
        SCHOOL.replace("<xsdversie>", "<auteur>a</auteur><xsdversie>").replace(
            "</xsdversie>", "</xsdversie><commentaar>c</commentaar>"
        ),
    )
    return body_of(body)
