"""Messages with results that hold every element: the samples that two schemas validate, mutated as those of a fetch."""

from collections.abc import Iterator

from lxml import etree

from uwlr_adapter.contract.leerresultaten.names import LEERRESULTATEN, OSO, TOETSDEFINITIES
from uwlr_adapter.contract.versions import USUAL_VERSION

_VOCABULAIRE = 'vocabulaire="urn:v" vocabulairelocatie="http://example.org/v.xml"'
_NORMERING = (
    f"<toetscategorie {_VOCABULAIRE}>c</toetscategorie><toetsniveau>n</toetsniveau><wegingsfactor>1.50</wegingsfactor>"
    "<norm><term>t</term><omschrijving>o</omschrijving><beginnormwaarde>0</beginnormwaarde>"
    "<eindnormwaarde>5</eindnormwaarde><normkleur><rood_code>1</rood_code><groen_code>2</groen_code>"
    "<blauw_code>255</blauw_code><transparantie>0.5</transparantie></normkleur>"
    "<schoolcijfer_vanaf>1.0</schoolcijfer_vanaf><schoolcijfer_totenmet>5.5</schoolcijfer_totenmet></norm>"
)
_TOETSEN = (
    f"<toetsen><toets><toetscode {_VOCABULAIRE}>T1</toetscode><versie>2</versie><toetsnaam>n</toetsnaam>"
    f"<leerjaar>5</leerjaar><vakgebied>v</vakgebied><toetsnormering {_VOCABULAIRE}>{_NORMERING}</toetsnormering>"
    f'<toetshierarchie><ingang niveau="1" {_VOCABULAIRE}>i</ingang></toetshierarchie><toetsonderdelen><toetsonderdeel>'
    "<toetsonderdeelvolgnummer>1</toetsonderdeelvolgnummer><toetsonderdeelcode>T1-1</toetsonderdeelcode>"
    f"<toetsonderdeelnaam>d</toetsonderdeelnaam><toetsonderdeelnormering>{_NORMERING}</toetsonderdeelnormering>"
    "</toetsonderdeel></toetsonderdelen></toets></toetsen>"
)
_OSO = (
    f'<osoresultaat><oso:toetsscore xmlns:oso="{OSO}"><oso:aantalopgaven>40</oso:aantalopgaven>'
    "<oso:aantalgoed>31</oso:aantalgoed><oso:aantalfout>9</oso:aantalfout><oso:aantalgelezen>40</oso:aantalgelezen>"
    "<oso:tijd>1260.5</oso:tijd><oso:vaardigheidsscore>98.20</oso:vaardigheidsscore>"
    "<oso:codevaardigheidsschaal>v</oso:codevaardigheidsschaal><oso:betrouwbaarheidsinterval>"
    "<oso:bivlaag>94.1</oso:bivlaag><oso:bivhoog>102.3</oso:bivhoog></oso:betrouwbaarheidsinterval></oso:toetsscore>"
    f'<oso:referentiescore xmlns:oso="{OSO}"><oso:codereferentiescore>r</oso:codereferentiescore>'
    "<oso:codevergelijkingsgroep>g</oso:codevergelijkingsgroep><oso:waarde>w</oso:waarde>"
    "<oso:kwalificatie>k</oso:kwalificatie></oso:referentiescore></osoresultaat>"
)
SCHOOLS = ("<brincode>21QW</brincode><dependancecode>00</dependancecode>", "<schoolkey>s</schoolkey>")
"""The ways to name a school."""
NUMBERS = (
    *(
        "",
        "-1",
        "-0",
        "0",
        "007",
        "+5",
        " 7 ",
        "6.5",
        "6.0",
        "X",
        "1e3",
        "255",
        "256",
        "0.99",
        "1.00",
        "1.001",
        "10.00",
    ),
    *("10.01", "0.5", "1.5", "2147483647", "2147483648", "9" * 30, "javascript:alert(1)", "http://example.org/%zz"),
)
"""Values beside those of a fetch: numbers around each bound, and texts that are a URI or none."""


def request(school: str, value: str = "<score>7</score>") -> etree._Element:
    """Return a full leerresultaten_verzoek; `school` names the school, `value` is the result, both as XML."""
    return etree.fromstring(
        f'<leerresultaten_verzoek xmlns="{LEERRESULTATEN}"><school><schooljaar>2023-2024</schooljaar>{school}'
        f"<aanmaakdatum>2023-11-12T16:05:46+01:00</aanmaakdatum><auteur>a</auteur><xsdversie>{USUAL_VERSION}</xsdversie>"
        "<commentaar>c</commentaar></school><toetsafnames><toetsafname><leerlingid>1</leerlingid><eckid>e</eckid>"
        '<resultaatverwerkerid>l</resultaatverwerkerid><resultaten><resultaat key="r1">'
        "<afnamedatum>2023-11-10</afnamedatum><toetscode>T1</toetscode><versie>2</versie>"
        f"<toetsonderdeelcode>T1-1</toetsonderdeelcode>{value}<infourl>u</infourl></resultaat></resultaten>"
        f"</toetsafname></toetsafnames>{_TOETSEN}</leerresultaten_verzoek>"
    )


def every() -> Iterator[etree._Element]:
    """Yield every full message with results: the requests, the confirmation, and a file of definitions."""
    yield request(SCHOOLS[0])
    yield request(SCHOOLS[1], _OSO)
    yield etree.fromstring(f'<leerresultaten_bevestiging xmlns="{LEERRESULTATEN}"/>')
    yield etree.fromstring(
        f'<td:Toetsdefinities xmlns:td="{TOETSDEFINITIES}" xmlns="{LEERRESULTATEN}">{_TOETSEN}</td:Toetsdefinities>'
    )
