"""Messages that hold every element, and every single mutation of them: the samples that two schemas validate.

All values are invented. Elements that exclude each other (the ways to name a school, the numbers, the postcodes) are
spread over several messages.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.versions import USUAL_VERSION

_LG, _AUT = names.LEERLINGGEGEVENS, names.AUTORISATIE
_NAME = (
    "<achternaam>Aa</achternaam><voorvoegsel>van</voorvoegsel><voornamen>Bo Cas</voornamen>"
    "<voorletters-1>B.C.</voorletters-1><roepnaam>Bo</roepnaam>"
)
_LATER = "<omschrijving>o</omschrijving><mutatiedatum>2023-09-01T10:00:00</mutatiedatum>"
_BRIN = "<brincode>21QW</brincode><dependancecode>00</dependancecode><schoolkey>s</schoolkey>"
_FORMS = {
    "brincode": (_BRIN, _NAME, "<sofinummer>111111111</sofinummer>", "<postcodenl>1234AB</postcodenl>"),
    "instellingsnummer": (
        "<instellingsnummer>12345</instellingsnummer><schoolkey>s</schoolkey>",
        "<roepnaam>Bo</roepnaam>",
        "<bsn>111111111</bsn>",
        "<postnummerbe>1234</postnummerbe>",
    ),
    "schoolkey": (
        "<schoolkey>s</schoolkey>",
        _NAME,
        "<onderwijsnummer>111111111</onderwijsnummer>",
        "<postcodeoverig>x</postcodeoverig>",
    ),
    "no school": ("", "<achternaam>Aa</achternaam>", "<bsn_ondwnr-4>1111</bsn_ondwnr-4>", ""),
    "names": (
        _BRIN,
        "<achternaam>Aa</achternaam><roepnaam>Bo</roepnaam>",
        "<rijksregisternummer>11111111111</rijksregisternummer>",
        "",
    ),
}
FORMS = tuple(_FORMS)
"""The forms of a full answer."""
STEPS = {
    "structuur": ("school", "vestigingen", "groepen"),
    "leerlingen": ("school", "leerlingen"),
    "leerkrachten": ("school", "leerkrachten"),
}
"""The parts of the whole that each answer in steps holds."""
VALUES = (
    *("", " ", "0", "00", "01", "+1", "1", "2", "3", "9", "10", "12", "123", "1234", "123456", "1234567", "123456789"),
    *(
        "1234567890",
        "12345678901",
        "٠١",
        "21qw",
        "21QW",
        "21QW ",
        "٢١QW",
        "21ÀÉ",
        "211QW",
        "1234AB",
        "1234ab",
        "1234 AB",
    ),
    *("2026-09-01", "2026-02-29", "2026-09-01Z", "2026-09-01T10:00:00", "2026-09-01T10:00:00.5+02:00", "2026-09-01T10"),
    *("2023-2024", "2024-2025", "2025-2026", "2025-2029", "0999-1000", "3000-3001", "2025/2026", "1990-1991"),
    *("?", "0,3", "0.25", "B", "C", "16", "17", "TAL", "LRK", "NL", "nl", "YO", "true", "#1", "𝒳" * 32, "é" * 6),
    *("x" * length for boundary in (6, 10, 32, 64, 128, 200, 256) for length in (boundary, boundary + 1)),
)
"""Values that are right for some elements and wrong for others, and texts around each length limit of the standard."""


def answer(answer_format: str) -> etree._Element:
    """Return a valid leerlinggegevens_antwoord of one of the FORMS, of the schooljaar 2023-2024."""
    school, name, number, postcode = _FORMS[answer_format]
    return etree.fromstring(
        f'<leerlinggegevens_antwoord xmlns="{_LG}"><leerlinggegevens><school><schooljaar>2023-2024</schooljaar>'
        f"<peildatum>2023-09-01</peildatum>{school}<aanmaakdatum>2023-09-01T10:00:00+02:00</aanmaakdatum>"
        f"<auteur>a</auteur><xsdversie>{USUAL_VERSION}</xsdversie><commentaar>c</commentaar></school>"
        f'<vestigingen><vestiging key="v1"><naam>v</naam>{_LATER}</vestiging></vestigingen><groepen>'
        f'<groep key="g1"><naam>g</naam><jaargroep>1</jaargroep>{_LATER}</groep>'
        f'<samengestelde_groep key="s1"><naam>s</naam>{_LATER}</samengestelde_groep></groepen>'
        f'<leerlingen><leerling key="1" eckid="e1">{name}<geboortedatum>2016-02-03</geboortedatum>'
        "<geslacht>1</geslacht>"
        '<start_ondw_jgr3>2022-08-01</start_ondw_jgr3><jaargroep>4</jaargroep><groep key="g1"/><samengestelde_groepen>'
        '<samengestelde_groep key="s1"/></samengestelde_groepen><vestiging key="v1"/><gebruikersnaam>g</gebruikersnaam>'
        "<emailadres>e</emailadres><fotourl>f</fotourl><etniciteit>0</etniciteit><land>NL</land>"
        f"<land_vader>BE</land_vader><land_moeder>?</land_moeder>{number}"
        f"<gewicht_nieuw>0,3</gewicht_nieuw><gewicht>0.25</gewicht>{postcode}"
        "<instroomdatum>2020-08-01</instroomdatum><uitstroomdatum>2028-07-31</uitstroomdatum>"
        "<mutatiedatum>2023-09-01T10:00:00</mutatiedatum></leerling></leerlingen>"
        f'<leerkrachten><leerkracht key="1" eckid="e1">{name}<gebruikersnaam>g</gebruikersnaam>'
        '<emailadres>e</emailadres><rol>LRK</rol><rolomschrijving>r</rolomschrijving><groepen><groep key="g1">'
        '<rol>IB</rol><rolomschrijving>r</rolomschrijving></groep><samengestelde_groep key="s1"><rol>RT</rol>'
        "</samengestelde_groep></groepen><mutatiedatum>2023-09-01T10:00:00</mutatiedatum></leerkracht></leerkrachten>"
        "</leerlinggegevens></leerlinggegevens_antwoord>"
    )


def step(whole: etree._Element, name: str) -> etree._Element:
    """Return the answer in steps that holds the same records as an answer of the whole school."""
    root = etree.XML(f'<{name}_antwoord xmlns="{_LG}"><leerlinggegevens-{name}/></{name}_antwoord>')
    parts = etree.fromstring(etree.tostring(whole))[0]
    root[0].extend([part for part in parts if etree.QName(part).localname in STEPS[name]])
    return etree.fromstring(etree.tostring(root))


def request(name: str, school: str) -> etree._Element:
    """Return a full request; `school` is the XML that names the school."""
    groepen = '<groepen><groep key="g1"/><samengestelde_groep key="s1"/></groepen>'
    return etree.fromstring(
        f'<{name} xmlns="{_LG}"><schooljaar>2023-2024</schooljaar>{school}<xsdversie>{USUAL_VERSION}</xsdversie>'
        "<gegevenssetid>g</gegevenssetid><laatstontvangengegevens>2023-09-01T10:00:00</laatstontvangengegevens>"
        f"{groepen if name in {'leerlingen_verzoek', 'leerkrachten_verzoek'} else ''}</{name}>"
    )


def autorisatie() -> etree._Element:
    """Return a valid header."""
    return etree.fromstring(
        f'<autorisatie xmlns="{_AUT}"><autorisatiesleutel>21QW00abcdefghijklmn</autorisatiesleutel>'
        "<klantcode>c</klantcode><klantnaam>n</klantnaam></autorisatie>"
    )


def every() -> Iterator[etree._Element]:
    """Yield every full message: the answers, the answers in steps, the requests and the header."""
    for answer_format in FORMS:
        yield answer(answer_format)
    for name in STEPS:
        yield step(answer("brincode"), name)
    for name in ("leerlinggegevens_verzoek", *(f"{name}_verzoek" for name in STEPS)):
        yield request(name, "<brincode>21QW</brincode><dependancecode>00</dependancecode>")
        yield request(name, "<schoolkey>s</schoolkey>")
    yield autorisatie()


@dataclass(frozen=True, slots=True)
class SampleMutation:
    """One mutation of a message: its path (local names, `@` before an attribute) and its description."""

    path: str
    what: str


def changes(root: etree._Element, tried: set[str], more: Sequence[str] = ()) -> Iterator[SampleMutation]:
    """Mutate a message in place, one mutation at a time, each undone when the caller continues.

    Each element and attribute is left out, each element is doubled, and each place that is not yet in `tried` takes
    every value, and each of `more`. The places are added to `tried`.
    """
    for element in list(root.iter(etree.Element)):
        steps = [*reversed(list(element.iterancestors())), element]
        path = "/".join(etree.QName(step).localname for step in steps)
        if path not in tried:
            yield from (SampleMutation(path + place, what) for place, what in _values(element, (*VALUES, *more)))
            tried.add(path)
        yield from (SampleMutation(path + place, what) for place, what in _amounts(element))


def _values(element: etree._Element, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    original = element.text
    for sample in () if len(element) else values:
        element.text = sample
        yield "", _show(sample)
    element.text = original
    for name, value in _attributes(element):
        for sample in values:
            element.set(name, sample)
            yield f"/@{name}", _show(sample)
        element.set(name, value)


def _amounts(element: etree._Element) -> Iterator[tuple[str, str]]:
    for name, value in _attributes(element):
        del element.attrib[name]
        yield f"/@{name}", "absent"
        element.set(name, value)
    parent = element.getparent()
    if parent is None:
        return
    double = deepcopy(element)
    element.addnext(double)
    yield "", "twice"
    parent.replace(double, element)  # takes the element from its place
    place = parent.index(element)
    parent.remove(element)
    yield "", "absent"
    parent.insert(place, element)


def _attributes(element: etree._Element) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in element.items()]


def _show(value: str) -> str:
    longest = 24
    return f"'{value}'" if len(value) <= longest else f"a text of {len(value)}"
