"""The cost of a message with results: bounds that hold whatever is in it, seen by what is done and not by a clock."""

from dataclasses import replace

import pytest
from lxml import etree
from support.result_messages import HEADER, LR, SCHOOL, afname, class_of, enveloped, message, resultaat

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten import schema
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.names import LEAVES, MODELS, REPEATED
from uwlr_adapter.contract.leerresultaten.request import MESSAGE, read, school_finding
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

MANY = 8000
"""So many equal keys took the XSD seconds."""


class Judged:
    """How often the schema judged a tree, and a stream, and how many errors it listed."""

    def __init__(self) -> None:
        self.trees = 0
        self.listed: list[int] = []


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    """Return a count of what the schema is asked."""
    seen, is_valid, errors = Judged(), schema.is_valid, schema.errors

    def counted_tree(root: etree._Element) -> bool:
        seen.trees += 1
        return is_valid(root)

    def counted_stream(root: etree._Element) -> list[schema.XsdError]:
        found = errors(root)
        seen.listed.append(len(found))
        return found

    monkeypatch.setattr(schema, "is_valid", counted_tree)
    monkeypatch.setattr(schema, "errors", counted_stream)
    return seen


def refused(data: bytes) -> fault.Fault:
    """Return the fault that a message gets of a strict caller."""
    with pytest.raises(fault.Fault) as caught:
        judge(read(data, strict=True))
    return caught.value


def one_leerling(number: int, **changes: str) -> bytes:
    """Return a message with so many results of one leerling."""
    one = resultaat("{key}", **changes)
    return message(afname("".join(one.replace("{key}", f"r{place}") for place in range(number))))


def test_a_class_is_judged_once(judged: Judged) -> None:
    """A message that is right is judged once, where it stands."""
    judge(read(class_of(30, 40)))
    assert (judged.trees, judged.listed) == (1, [])


def test_equal_keys_never_reach_the_schema(judged: Judged) -> None:
    """Keys that are all the same are found by comparing each once."""
    data = one_leerling(MANY).replace(b'key="r', b'key="')
    for keys in (message(afname(resultaat("k") * MANY)), data.replace(b'key="1"', b'key="0"')):
        error = refused(keys)
        assert error.finding is not None
        assert (error.finding.path.endswith("/resultaat[2]/@key"), error.finding.rule) == (True, Rule.KEY)
    assert (judged.trees, judged.listed) == (0, [])


def test_references_to_nothing_never_reach_the_schema(judged: Judged) -> None:
    """Results of tests that are not defined are found without the schema, which would list each."""
    error = refused(one_leerling(MANY, toetscode="T9"))
    assert error.finding is not None
    assert (error.finding.path.endswith("/resultaat[1]/toetscode"), error.finding.rule) == (True, Rule.KEY)
    assert (judged.trees, judged.listed) == (0, [])


def test_equal_toetsen_and_volgnummers_never_reach_the_schema(judged: Judged) -> None:
    """Definitions that are all the same are found in the same way."""
    toets = "<toets><toetscode>T1</toetscode></toets>"
    part = (
        "<toetsonderdeel><toetsonderdeelvolgnummer>{}</toetsonderdeelvolgnummer><toetsonderdeelcode>A{}"
        "</toetsonderdeelcode></toetsonderdeel>"
    )
    parts = "".join(part.format("0" * (number % 7) + "1", number) for number in range(MANY))
    whole = f"<toets><toetscode>T1</toetscode><toetsonderdelen>{parts}</toetsonderdelen></toets>"
    for toetsen in (toets * MANY, whole):
        assert isinstance(refused(message(afname(resultaat()), toetsen)), fault.OngeldigBericht)
    assert (judged.trees, judged.listed) == (0, [])


@pytest.mark.parametrize(
    "change",
    [
        (b"<score>7", b"<score>X"),
        (b"<score>7", b'<score a="1">7'),
        (b"<score>7</score>", b""),
        (b"<score>7</score>", b"<cijfer/>"),
        (b"<toetscode>T1</toetscode><score>", b'<toetscode>T1</toetscode><versie vocabulaire="::%">1</versie><score>'),
        (b"2026-11-10", b"gisteren"),
        (b"</score>", b"</score>los"),
    ],
    ids=lambda change: change[1].decode(),
)
def test_many_errors_are_listed_as_a_stream(judged: Judged, change: tuple[bytes, bytes]) -> None:
    """A message with thousands of errors is never judged as a tree, and only the first of them are listed."""
    refused(one_leerling(MANY).replace(*change))
    assert judged.trees == 0
    assert len(judged.listed) == 1
    assert 0 < judged.listed[0] < 2 * schema.MAX_ERRORS


def test_a_message_of_ten_megabytes_is_read_and_no_larger_one() -> None:
    """The limit on the bytes holds to the last one, and goes before the parser."""
    good = message(afname(resultaat()))
    filled = good + b"<!-- -->" * ((MESSAGE.octets - len(good)) // 8)
    filled += b" " * (MESSAGE.octets - len(filled))
    assert judge(read(filled)).leerresultaten.aantal == 1
    error = refused(filled + b" ")
    assert error.finding is not None
    assert (error.finding.path, error.finding.rule) == ("bericht", Rule.TOO_MUCH)


def test_the_limit_on_elements_holds_to_the_last_one() -> None:
    """A message has up to 400,000 elements; one more is refused before the parser."""
    data = class_of(2, 3)
    number = len(list(etree.fromstring(data).iter()))
    assert judge(read(data, limits=replace(MESSAGE, elements=number))).leerresultaten.aantal == 6
    with pytest.raises(fault.OngeldigBericht) as caught:
        read(data, limits=replace(MESSAGE, elements=number - 1))
    assert caught.value.finding is not None
    assert caught.value.finding.rule is Rule.TOO_MUCH
    assert MESSAGE.elements == 400_000


@pytest.mark.parametrize("school", ["<x>" * 20 + "</x>" * 20, "<x " + " ".join(f'a{n}="1"' for n in range(40)) + "/>"])
def test_deep_and_wide_messages(school: str) -> None:
    """Nesting and attributes beyond the limits are refused before anything is read."""
    error = refused(message(afname(resultaat()), school=school))
    assert error.finding is not None
    assert (error.finding.path, error.finding.rule) == ("bericht", Rule.TOO_MUCH)


def test_a_header_of_many_parts_is_not_explained(judged: Judged) -> None:
    """The header is judged by its XSD only when it has few children."""
    header = HEADER.replace("</autorisatie>", "<x> a </x>" * 1000 + "</autorisatie>")
    body = f'<leerresultaten_verzoek xmlns="{LR}">{SCHOOL}</leerresultaten_verzoek>'
    assert read(enveloped(body, header)).repairs == ()
    error = refused(enveloped(body, header))
    assert error.finding is not None
    assert (error.finding.path, error.finding.rule) == ("autorisatie", Rule.TOO_MUCH)


def test_a_school_of_many_parts_is_not_looked_at() -> None:
    """A school block with more children than any has names no school, and is told so by its size."""
    school = SCHOOL.replace("</school>", "<auteur> a </auteur>" * 1000 + "</school>")
    call = read(message(afname(resultaat()), school=school))
    assert (call.school, call.repairs) == (None, ())
    assert school_finding(call) == Finding("leerresultaten_verzoek/school", Rule.TOO_MUCH)


def test_every_name_is_used_once() -> None:
    """Each element holds either a value or elements, and one that repeats is the last of its parent."""
    assert not LEAVES & MODELS.keys()
    assert {"toetsafname", "resultaat", "toets", "toetsonderdeel", "norm", "ingang", "referentiescore"} == REPEATED
    for model in MODELS.values():
        assert model.repeated in {-1, len(model.names) - 1}


def test_a_path_is_counted_once() -> None:
    """The place of the last of thousands is its number."""
    error = refused(one_leerling(MANY).replace(f'key="r{MANY - 1}"'.encode(), b""))
    assert error.finding is not None
    assert error.finding.path.endswith(f"/resultaat[{MANY}]/@key")
