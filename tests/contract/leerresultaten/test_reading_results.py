"""A message with results as records: every value of it, and nothing else."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from lxml import etree
from support.messages import SOAP11, SOAP12
from support.oracle import amount
from support.result_messages import (
    HEADER,
    LR,
    OSO,
    SCHOOL,
    afname,
    body_of,
    class_of,
    enveloped,
    full,
    manifest,
    message,
    resultaat,
    sample,
)
from support.result_strategies import leerresultaten
from support.result_writer import plain, write

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten, OsoToetsscore, Resultaat, VocabulaireTerm
from uwlr_adapter.contract.leerresultaten.request import read, reread_strictly, school_finding
from uwlr_adapter.contract.request import SchoolReference
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

VALID = [one.file for one in manifest() if one.file.startswith("valid/")]


def taken(data: bytes, *, strict: bool = True) -> Leerresultaten:
    """Return the records of a message that is right."""
    return judge(read(data, strict=strict)).leerresultaten


def one_result(data: bytes) -> Resultaat:
    """Return the only result of a message."""
    (only,) = (one for part in taken(data).toetsafnames for one in part.resultaten)
    return only


@pytest.mark.parametrize("file", VALID)
@pytest.mark.parametrize("strict", [True, False])
def test_a_valid_sample_is_read_back_value_by_value(file: str, *, strict: bool) -> None:
    """The records, written anew, are the sample to the last value."""
    assert plain(write(taken(sample(file), strict=strict))) == plain(_with_dependance(body_of(sample(file))))


def _with_dependance(body: etree._Element) -> etree._Element:
    """Write the dependancecode out beside a brincode, as the records have it."""
    brincode = body.find(f"{{{LR}}}school/{{{LR}}}brincode")
    if brincode is not None and body.find(f"{{{LR}}}school/{{{LR}}}dependancecode") is None:
        code = etree.Element(f"{{{LR}}}dependancecode")
        code.text = "00"
        brincode.addnext(code)
    return body


def test_every_element_is_read() -> None:
    """A message with everything comes back as it was."""
    assert plain(write(taken(enveloped(etree.tostring(full(), encoding="unicode"))))) == plain(full())


@settings(max_examples=amount(20, 300), deadline=None)
@given(records=leerresultaten())
def test_random_records_come_back(records: Leerresultaten) -> None:
    """Whatever records are written, in any characters, the reader gives the same ones, for a strict caller and others.

    The writer uses lxml alone, so that the reader has to agree with it.
    """
    data = enveloped(etree.tostring(write(records), encoding="unicode"))
    assert taken(data) == records
    assert judge(read(data)) == (records, ())


def test_the_values_of_a_sample() -> None:
    """A few values by name, so that a field that is swapped in reader and writer alike is seen."""
    read_back = taken(sample("valid/05-veel.xml"))
    assert read_back.school.aanmaakdatum == datetime(2026, 11, 12, 16, 5, 46)  # noqa: DTZ001 - none was sent
    first = read_back.toetsafnames[0]
    assert (first.leerlingid, first.resultaatverwerkerid, (first.eckid or "")[:27]) == (
        *("10001", "lk-7"),
        "https://ketenid.nl/201703/0",
    )
    assert [(one.key, one.afnamedatum, one.toetscode, one.score) for one in first.resultaten] == [
        ("a1", date(2026, 11, 10), "T1", 4),
        ("a2", date(2026, 11, 11), "T1", 8),
    ]
    toets = read_back.toetsen[0]
    assert toets.vakgebied == VocabulaireTerm(
        "rekenen",
        "http://purl.edustandaard.nl/voorbeeld/vakgebied",
        "http://purl.edustandaard.nl/voorbeeld/vakgebied.xml",
    )
    assert [(one.niveau, one.naam.term) for one in toets.hierarchie] == [
        (1, "Methode Voorbeeld"),
        (2, "Groep 6"),
        (3, "Blok 1"),
    ]
    assert read_back.aantal == 5


def test_an_oso_result_stays_as_it_was() -> None:
    """An OSO result keeps its own form, with each decimal exactly as it was sent."""
    (only,) = taken(sample("valid/04-oso.xml")).toetsafnames[0].resultaten
    assert only.score is None
    assert only.osoresultaat is not None
    assert only.osoresultaat.toetsscore == OsoToetsscore(
        *(40, 31, 9, None, Decimal("1260.5"), Decimal("98.2"), "VS1", (Decimal("94.1"), Decimal("102.3"))),
    )
    (reference,) = only.osoresultaat.referentiescores
    assert (reference.waarde, reference.kwalificatie) == ("II", "boven gemiddeld")


@pytest.mark.parametrize(("text", "score"), [("007", 7), ("+5", 5), ("-0", 0), (" 7\n", 7), ("9" * 18, 10**18 - 1)])
def test_every_form_of_a_score(text: str, score: int) -> None:
    """A whole number is read as XSD reads it: with zeros in front, a sign, or white space around it."""
    assert one_result(message(afname(resultaat(score=text)))).score == score


@pytest.mark.parametrize(
    ("text", "day"), [("2026-11-10Z", "2026-11-10"), ("2026-11-10+14:00", "2026-11-10"), (" 2024-02-29 ", "2024-02-29")]
)
def test_a_zone_of_a_day_is_dropped(text: str, day: str) -> None:
    """A day is the day that was written, in whatever zone."""
    data = message(afname(resultaat())).replace(b"2026-11-10", text.encode())
    assert one_result(data).afnamedatum == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-12T16:05:46Z", datetime(2026, 11, 12, 16, 5, 46, tzinfo=UTC)),
        (
            "2026-11-12T16:05:46.1234567+01:00",
            datetime(2026, 11, 12, 16, 5, 46, 123456, tzinfo=timezone(timedelta(hours=1))),
        ),
        ("2026-12-31T24:00:00", datetime(2027, 1, 1)),  # noqa: DTZ001 - none was sent
        (" 2026-11-12T16:05:46 ", datetime(2026, 11, 12, 16, 5, 46)),  # noqa: DTZ001 - none was sent
    ],
)
def test_every_form_of_a_moment(text: str, moment: datetime) -> None:
    """The aanmaakdatum is read with its zone, or without one, to the microsecond."""
    data = message(afname(resultaat())).replace(b"2026-11-12T16:05:46", text.encode())
    assert taken(data).school.aanmaakdatum == moment


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/1", True),
        ("HTTP://example.org/1", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        (" https://example.org", False),
        ("httpsx://example.org", False),
    ],
)
def test_only_http_is_a_link(url: str, *, link: bool) -> None:
    """An infourl is any text, and may be made a link for http and https alone."""
    data = message(afname(resultaat().replace("</score>", f"</score><infourl>{url}</infourl>")))
    assert one_result(data).infourl == url
    assert one_result(data).link == (url if link else None)


@pytest.mark.parametrize("code", ["<dependancecode/>", "", "<dependancecode>00</dependancecode>"])
def test_an_empty_dependancecode_is_that_of_the_main_vestiging(code: str) -> None:
    """Empty and absent are 00, as the standard has it."""
    data = message(afname(resultaat()), school=SCHOOL.replace("<dependancecode>00</dependancecode>", code))
    assert taken(data).school.dependancecode == "00"
    assert read(data).school == SchoolReference("21QW", "00", None)


def test_digits_of_another_script() -> None:
    """The standard takes any digit in a schooljaar; the records have those of ASCII."""
    assert taken(message(afname(resultaat()), school=SCHOOL.replace("2026-2027", "2٠26-2٠27"))).school.schooljaar == (
        "2026-2027"
    )


def test_one_leerling_may_stand_twice() -> None:
    """Two toetsafnames of one leerling are both there, in their order."""
    read_back = taken(message(afname(resultaat("a")) + afname(resultaat("b"))))
    assert [(one.leerlingid, one.resultaten[0].key) for one in read_back.toetsafnames] == [
        ("10001", "a"),
        ("10001", "b"),
    ]


def test_what_toolkits_add_is_passed_over() -> None:
    """Comments, schemaLocation and the type of an element, named as the standard names it, change nothing."""
    xsi = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    text = etree.tostring(full(), encoding="unicode")
    text = text.replace("<score>7", f'<score {xsi} i:type="tpScore">7<!-- x -->')
    text = text.replace("_verzoek ", f'_verzoek {xsi} i:schemaLocation="urn:a a.xsd" ', 1)
    assert plain(write(taken(enveloped(text)))) == plain(full())


def test_prefixes_do_not_matter() -> None:
    """A message with a prefix on every element says the same."""
    root = etree.Element(f"{{{LR}}}leerresultaten_verzoek", nsmap={"r": LR, "o": OSO})
    root.extend(list(full()))
    etree.cleanup_namespaces(root)
    assert plain(write(taken(enveloped(etree.tostring(root, encoding="unicode"))))) == plain(full())


def test_secrets_and_results_are_in_no_representation() -> None:
    """A call that ends up in a log or a traceback shows no code, no leerling and no result."""
    shown = repr(read(message(afname(resultaat("geheime-sleutel"), "leerling-9"))))
    assert not any(word in shown for word in ("VoorbeeldCode", "geheime-sleutel", "leerling-9", "score"))


# The envelope, and the school.


@pytest.mark.parametrize(
    ("data", "path", "rule"),
    [
        (b"", "bericht", Rule.EMPTY),
        (b"hallo", "bericht:1", Rule.XML),
        (b"<!DOCTYPE x>" + message(afname(resultaat())), "bericht", Rule.DTD),
        (b"<?x y?>" + message(afname(resultaat())), "bericht", Rule.INSTRUCTION),
        (b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + message("&e;"), "bericht", Rule.DTD),
        (message("&e;"), "bericht:1", Rule.XML),
        (enveloped("<x/>"), "Envelope/Body/*", Rule.OPERATION),
        (enveloped("<leerresultaten_verzoek/>"), "Envelope/Body/leerresultaten_verzoek", Rule.NAMESPACE),
    ],
)
def test_what_is_no_message(data: bytes, path: str, rule: Rule) -> None:
    """No XML of ours, a document type, an entity, an instruction, another operation: refused before all else."""
    with pytest.raises(fault.OngeldigBericht) as caught:
        read(data)
    assert caught.value.finding == Finding(path, rule)


def test_the_envelope_is_judged_as_everywhere() -> None:
    """Another SOAP, a header that must be understood and an autorisatie that is not whole get their own faults."""
    good = message(afname(resultaat())).decode()
    with pytest.raises(fault.VersionMismatch):
        read(good.replace(SOAP11, SOAP12).encode())
    with pytest.raises(fault.MustUnderstand):
        read(good.replace("<s:Header>", '<s:Header><x xmlns="urn:x" s:mustUnderstand="1"/>').encode())
    with pytest.raises(fault.AutorisatieOnvolledig):
        read(good.replace(HEADER, "").encode())


@pytest.mark.parametrize(
    ("school", "path", "rule"),
    [
        ("", "/school", Rule.ABSENT),
        ("<school/>", "/school/brincode", Rule.ABSENT),
        ("<school><brincode>21qw</brincode></school>", "/school/brincode", Rule.FORM),
        ("<school><schoolkey>a</schoolkey><schoolkey>b</schoolkey></school>", "/school/schoolkey", Rule.DOUBLED),
    ],
)
def test_a_message_that_names_no_school(school: str, path: str, rule: Rule) -> None:
    """It is read all the same, and afterwards it is told what is wrong with the school."""
    call = read(message(afname(resultaat()), school=school))
    assert call.school is None
    assert school_finding(call) == Finding(f"leerresultaten_verzoek{path}", rule)


def test_a_call_can_be_read_strictly_afterwards() -> None:
    """A caller that turns out to be strict is read anew, without repairs."""
    call = read(message(afname(resultaat()), school=SCHOOL.replace("<xsdversie>2.2</xsdversie>", "")))
    assert judge(call).repairs == ("xsdversie",)
    with pytest.raises(fault.OngeldigBericht):
        judge(reread_strictly(call))


def test_a_call_can_be_judged_twice() -> None:
    """Judging repairs a copy, so that a second look says the same."""
    call = read(message(afname(resultaat(toetscode=" T1 "))))
    assert judge(call) == judge(call)
    assert judge(call).repairs == ("witruimte",)


def test_a_class_is_read_whole() -> None:
    """A class of 30 leerlingen with 40 results each has its 1,200 results, each in its place."""
    read_back = taken(class_of(30, 40))
    assert read_back.aantal == 1200
    assert read_back.toetsafnames[29].resultaten[39].toetsonderdeelcode == "T1-39"
