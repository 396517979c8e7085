"""Writing an answer: its exact shape, every value in its place, and nothing that the profile holds back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support import reference_writer
from support.messages import LG, SOAP11
from support.strategies import datasets

from uwlr_adapter.contract import answer, names
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.fields import BSN_FAMILY, BY_PATH, ELEMENTS, SET_NAMES, attribute_of
from uwlr_adapter.contract.profiles import STANDARD, ProfielError
from uwlr_adapter.contract.versions import VERSIONS

HAAL = names.HAAL_LEERLINGGEGEVENS
SMALLE_SET = STANDARD["smalle set"].in_version("2.2")
NARROW = AnswerFormat(HAAL, SMALLE_SET, "2.2")
FULL = AnswerFormat(HAAL, STANDARD["volledig"].in_version("2.2"), "2.2")
SMALL = Dataset(
    School("2026-2027", "2026-11-23", "21QW", "00", "s&k", "2026-11-23T20:15:00+01:00"),
    (),
    (Groep("groep", "1", "Groep <één>", "1"), Groep("samengestelde_groep", "2", "Plus")),
    (Leerling("a", "e", achternaam="Hof", voorvoegsel="van 't", groep="1", samengestelde_groepen=("2",)),),
    (Leerkracht("m", roepnaam="Zoë", groepen=(GroepVerwijzing("groep", "1", (Rol("rol", "STA"),)),)),),
)


def payload(content: bytes) -> etree._Element:
    """Return the answer element of an envelope."""
    body = etree.fromstring(content).find(f"{{{SOAP11}}}Body")
    assert body is not None
    return body[0]


def test_the_bytes_of_an_answer() -> None:
    """One client reads the answer with a regular expression: this is the shape that it finds its data in."""
    assert answer.render(NARROW, SMALL).decode() == (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens>'
        "<school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-23</peildatum><brincode>21QW</brincode>"
        "<dependancecode>00</dependancecode><schoolkey>s&amp;k</schoolkey>"
        "<aanmaakdatum>2026-11-23T20:15:00+01:00</aanmaakdatum><xsdversie>2.2</xsdversie></school>"
        '<groepen><groep key="1"><naam>Groep &lt;één&gt;</naam><jaargroep>1</jaargroep></groep>'
        '<samengestelde_groep key="2"><naam>Plus</naam></samengestelde_groep></groepen>'
        '<leerlingen><leerling key="a" eckid="e"><achternaam>Hof</achternaam><voorvoegsel>van \'t</voorvoegsel>'
        '<groep key="1"/><samengestelde_groepen><samengestelde_groep key="2"/></samengestelde_groepen></leerling>'
        '</leerlingen><leerkrachten><leerkracht key="m"><roepnaam>Zoë</roepnaam><groepen><groep key="1">'
        "<rol>STA</rol></groep></groepen></leerkracht></leerkrachten>"
        "</leerlinggegevens></leerlinggegevens_antwoord></s:Body></s:Envelope>"
    )


@pytest.mark.parametrize("naam", ["geenwijzigingen", "geengegevens"])
def test_the_bytes_of_the_other_outcomes(naam: str) -> None:
    """No changes and no data are normal answers with one empty element."""
    content = getattr(answer, naam)(HAAL)
    assert content.decode() == (
        f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="{SOAP11}"><s:Body>'
        f'<leerlinggegevens_antwoord xmlns="{LG}"><{naam}/></leerlinggegevens_antwoord></s:Body></s:Envelope>'
    )
    assert answer.check(content) == []


@given(datasets())
@settings(deadline=None, max_examples=60)
def test_every_value_stands_unchanged_in_its_place(dataset: Dataset) -> None:
    """Under volledig the answer is, element by element, what an independent writer makes of the same records."""
    without_bsn = tuple(leerling._replace(bsn_ondwnr_4=None) for leerling in dataset.leerlingen)
    expected = etree.fromstring(reference_writer.render(replace(dataset, leerlingen=without_bsn)))
    content = answer.render(FULL, dataset)
    assert etree.tostring(payload(content), method="c14n2") == etree.tostring(expected, method="c14n2")
    assert answer.check(content) == []


@given(datasets())
@settings(deadline=None, max_examples=40)
def test_the_smalle_set_lets_nothing_else_through(dataset: Dataset) -> None:
    """Under the smalle set each record holds allowed elements only, all of those that have a value, and is valid."""
    content = answer.render(NARROW, dataset)
    assert answer.check(content) == []
    root = payload(content)[0]
    assert root.find(f"{{{LG}}}vestigingen") is None
    for tag, allowed, records in (
        ("leerling", SMALLE_SET.leerling, dataset.leerlingen),
        ("leerkracht", SMALLE_SET.leerkracht, dataset.leerkrachten),
    ):
        elements = root.findall(f"{{{LG}}}{tag}en/{{{LG}}}{tag}")
        assert [element.get("key") for element in elements] == [record.key for record in records]
        for element, record in zip(elements, records, strict=True):
            expected = {naam for naam in allowed if getattr(record, attribute_of(naam))}
            assert {etree.QName(child).localname for child in element} == expected


def test_a_list_without_records_is_left_out() -> None:
    """An empty list element is invalid: it is not there."""
    content = answer.render(
        FULL, replace(SMALL, groepen=(), leerkrachten=(), leerlingen=(Leerling("a", roepnaam="x"),))
    )
    assert [etree.QName(child).localname for child in payload(content)[0]] == ["school", "leerlingen"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("naam", SET_NAMES)
def test_national_numbers_stay(naam: str, version: str) -> None:
    """Numbers of the BSN family are not even fields of ours; bsn_ondwnr-4 leaves under the LVS-set of 2.2 only."""
    assert not {*BSN_FAMILY} & set(Leerling._fields)
    leerling = Leerling("a", roepnaam="x", bsn_ondwnr_4="4321")
    content = answer.render(
        AnswerFormat(HAAL, STANDARD[naam].in_version(version), version), replace(SMALL, leerlingen=(leerling,))
    )
    assert (b"4321" in content) == ((naam, version) == ("LVS-set", "2.2"))


def test_an_invalid_answer_is_found() -> None:
    """The judge of our own answers sees a value beyond its facet, a double key and a dangling reference."""
    for leerlingen in (
        (Leerling("a", achternaam="x" * 201),),
        (Leerling("a", roepnaam="x"), Leerling("a", roepnaam="y")),
        (Leerling("a", roepnaam="x", groep="9"),),
    ):
        assert answer.check(answer.render(FULL, replace(SMALL, leerlingen=leerlingen)))
    assert answer.check(f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode())


def test_the_records_know_every_element() -> None:
    """Each element of the tables is a field of its record, and each field is an element."""
    for record, elements in (
        (Leerling, ELEMENTS["leerling"]),
        (Leerkracht, ELEMENTS["leerkracht"]),
        (Locatie, ELEMENTS["vestiging"]),
    ):
        known = {*record.__annotations__} - {"key", "eckid"}
        assert known == {attribute_of(element) for element in elements}


@given(datasets(), st.sets(st.sampled_from(sorted(BY_PATH)), min_size=1, max_size=4), st.sampled_from(SET_NAMES))
@settings(deadline=None, max_examples=100)
def test_an_own_profile_that_is_accepted_has_valid_answers(dataset: Dataset, left_out: set[str], naam: str) -> None:
    """Whatever an operator's profile leaves out, and whatever a caller narrows it to, the answers are valid."""
    try:
        own = STANDARD[naam].without("eigen", left_out)
    except ProfielError:
        return
    for version in VERSIONS:
        for profiel in (
            own.in_version(version),
            own.in_version(version).narrowed(STANDARD["smalle set"].in_version(version)),
        ):
            content = answer.render(AnswerFormat(HAAL, profiel, version), dataset)
            assert answer.check(content, version, own=True) == []
