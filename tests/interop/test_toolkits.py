"""Real client stacks against a real server, knowing only its WSDL: what a toolkit hands over is what was sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from lxml import etree
from support.messages import body, envelope
from support.oracle import amount
from support.served_school import CODE, CODE_OF_ONE, ServedSchool
from support.server import Server, split
from support.stacks import ASKED, CELLS, STACKS, Stack
from support.toolkit_table import PAGE, cell, page, results
from support.toolkits import PROGRAMS, Conversation, Question, run

from uwlr_adapter.contract.names import OPERATIONS

LG = "{http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens}"
BY_NAAM = {operation.name: operation for operation in OPERATIONS.values()}
GROEPEN = {
    "HaalLeerlinggegevens": (),
    "HaalStructuur": (),
    "HaalLeerlingen": ("groep={0}-1", "groep={0}-combi", "samengestelde_groep={0}-plus"),
    "HaalLeerkrachten": ("groep={0}-1", "groep", "samengestelde_groep={0}-plus", "samengestelde_groep"),
}
"""Each operation, with groups of the example school in the year that begins in {0}."""
SHORT = (
    ("HaalLeerlinggegevens", "2.2"),
    ("HaalStructuur", "2.2"),
    ("HaalLeerlingen", "2.3"),
    ("HaalLeerkrachten", "2.1"),
)
"""The operation and version of each call of the short form; the long one asks each operation in every version."""
HOW_MANY = {"groep": 9, "samengestelde_groep": 2, "leerling": 232, "leerkracht": 9}
Ask = Callable[[Question], Conversation]


@pytest.fixture(params=ASKED, ids=lambda one: one.naam)
def stack(request: pytest.FixtureRequest) -> Stack:
    """Return one stack; the long ones are asked by `make test-long` only."""
    asked: Stack = request.param
    asked.need()
    return asked


@pytest.fixture
def ask(stack: Stack, served: ServedSchool, server: Server, programs: Path) -> Ask:
    """Return the program of a stack as a function."""
    return partial(run, stack.command(programs, f"{server.endpoint}?wsdl"), served, server)


def groepen_of(operation: str, context: ServedSchool) -> tuple[str, ...]:
    """Return the groups to ask for."""
    return tuple(groep.format(context.schooljaar[:4]) for groep in GROEPEN[operation])


def bytes_of(context: ServedSchool, server: Server, question: Question) -> etree._Element:
    """Return the payload that goes over the wire for a call, read without any toolkit."""
    operation = BY_NAAM[question.operation]
    refs = "".join(
        f'<{kind} key="{key}"/>' if key else f"<{kind}/>"
        for kind, _, key in (groep.partition("=") for groep in question.groepen)
    )
    body_xml = body(
        question.schooljaar or context.schooljaar,
        f"<brincode>{question.brin6[:4]}</brincode><dependancecode>{question.brin6[4:]}</dependancecode>",
        f"<xsdversie>{question.xsdversie}</xsdversie>" + (f"<groepen>{refs}</groepen>" if refs else ""),
        operation.request,
    )
    response = server.post(envelope(body_xml, context.header(key=question.key)), "Content-Type: text/xml")
    _, _, content = split(response)
    return etree.fromstring(content)[0][0][0]


def expected(payload: etree._Element) -> dict[str, list[list[str]]]:
    """Return the records of a payload as the programs print them, by kind and in their order."""
    found: dict[str, list[list[str]]] = {}
    for record in payload.iterfind(f"{LG}groepen/*"):
        kind = etree.QName(record).localname
        texts = [record.findtext(f"{LG}{naam}") for naam in ("naam", "jaargroep")[: 2 if kind == "groep" else 1]]
        found.setdefault(kind, []).append([record.get("key", ""), *(text or "" for text in texts)])
    for record in payload.iterfind(f"{LG}leerlingen/*"):
        groep = record.find(f"{LG}groep")
        more = [ref.get("key", "") for ref in record.iterfind(f"{LG}samengestelde_groepen/*")]
        last = ["" if groep is None else groep.get("key", ""), ",".join(more)]
        found.setdefault("leerling", []).append([*_person(record), record.findtext(f"{LG}geboortedatum") or "", *last])
    for record in payload.iterfind(f"{LG}leerkrachten/*"):
        refs = [f"{etree.QName(ref).localname}:{ref.get('key')}" for ref in record.iterfind(f"{LG}groepen/*")]
        found.setdefault("leerkracht", []).append([*_person(record), ",".join(refs)])
    return found


def _person(record: etree._Element) -> list[str]:
    names = [record.findtext(f"{LG}{naam}") or "" for naam in ("achternaam", "roepnaam")]
    return [record.get("key", ""), record.get("eckid", ""), *names]


def check(conversation: Conversation, payload: etree._Element) -> None:
    """Hold what a toolkit read against what was sent: every record, letter and moment."""
    assert conversation.error == []
    assert conversation.outcomes[0] == etree.QName(payload).localname
    assert conversation.records == expected(payload)
    sent = [payload.findtext(f"{LG}school/{LG}{naam}") or "" for naam in _SCHOOL]
    moment = _SCHOOL.index("aanmaakdatum")
    assert datetime.fromisoformat(conversation.school[moment]) == datetime.fromisoformat(sent[moment])
    conversation.school[moment] = sent[moment]
    assert conversation.school == sent


_SCHOOL = ("schooljaar", "brincode", "dependancecode", "aanmaakdatum", "xsdversie")


SCHOOLS = sorted(product(GROEPEN, ["2.1", "2.2", "2.3"]), key=lambda pair: (pair not in SHORT, pair))


@pytest.mark.parametrize(("operation", "xsdversie"), SCHOOLS[: amount(len(SHORT), len(SCHOOLS))])
def test_a_school_with_many_and_no_changes_after_it(
    stack: Stack, ask: Ask, served: ServedSchool, server: Server, operation: str, xsdversie: str
) -> None:
    """The example school of this year arrives whole, in each version, and is not sent again with its aanmaakdatum."""
    question = Question(operation, groepen_of(operation, served), key=CODE, xsdversie=xsdversie, again=True)
    conversation = ask(question)
    with cell(stack, operation):
        check(conversation, bytes_of(served, server, question))
        if operation == "HaalLeerlinggegevens":
            assert {kind: len(records) for kind, records in conversation.records.items()} == HOW_MANY
        for key, eckid, *_ in conversation.records.get("leerling", []):
            assert bool(key) == (xsdversie != "2.3" or not eckid), "in 2.3 an eckid stands in the place of the key"
            assert xsdversie != "2.1" or not eckid
    with cell(stack, "geenwijzigingen"):
        assert conversation.outcomes[1:] == ["geenwijzigingen"]


@pytest.mark.parametrize("operation", [*GROEPEN][: amount(1, len(GROEPEN))])
def test_a_school_with_one_of_each(
    stack: Stack, ask: Ask, served: ServedSchool, server: Server, operation: str
) -> None:
    """One groep, one leerling with only a roepnaam and one leerkracht without groep or rol."""
    groepen = ("groep=g",) if operation == "HaalLeerlingen" else ("groep",) if operation == "HaalLeerkrachten" else ()
    question = Question(operation, groepen, brin6="30AB00", key=CODE_OF_ONE)
    conversation = ask(question)
    with cell(stack, "een leerling"):
        check(conversation, bytes_of(served, server, question))
        assert all(len(records) == 1 for records in conversation.records.values())
        assert conversation.records


NOTHING = (
    Question("HaalLeerlingen", ("groep=bestaat-niet",), key=CODE),
    Question("HaalLeerlinggegevens", key=CODE, schooljaar="1999-2000"),
)


@pytest.mark.parametrize("question", NOTHING[: amount(1, len(NOTHING))], ids=lambda question: question.operation)
def test_no_data(stack: Stack, ask: Ask, question: Question) -> None:
    """A group that is not there, and a year that is not there, are the answer geengegevens and no fault."""
    conversation = ask(question)
    with cell(stack, "geengegevens"):
        assert conversation == Conversation(outcomes=["geengegevens"])


FAULTS = {
    "XsdVersieOngeldig": Question("HaalLeerlinggegevens", key=CODE, xsdversie="9.9"),
    "AutorisatieOngeldig": Question("HaalStructuur", key=CODE_OF_ONE),
}
TOLD = {
    "XsdVersieOngeldig": ("De gevraagde versie (xsdversie)", ["leerlinggegevens_verzoek/xsdversie", "versie"]),
    "AutorisatieOngeldig": ("precies dezelfde verificatiecode", []),
}
"""Words of the sentence, and the detail: a wrong code has none, which would tell what a caller may not know."""


@pytest.mark.parametrize("fault", [*FAULTS][: amount(1, len(FAULTS))])
def test_a_fault_has_its_sentence_and_its_detail(stack: Stack, ask: Ask, fault: str) -> None:
    """A fault is the toolkit's own exception, with the code of the standard, its sentence, and what is wrong where."""
    conversation = ask(FAULTS[fault])
    assert conversation.outcomes == []
    sentence, detail = TOLD[fault]
    with cell(stack, "fout"):
        assert conversation.error[0].rpartition(":")[2] == f"Client.{fault}"
        assert sentence in conversation.error[1]
    told = [told for told in conversation.error[2:] if told]
    if not detail:
        assert not told
        return
    with cell(stack, "detail"):
        assert told == detail


def test_each_program_belongs_to_a_stack() -> None:
    """No program of the folder is left over; those that read a file make no call (test_names_and_dates.py)."""
    programs = {path.name for path in PROGRAMS.glob("[aA]sk*")}
    assert programs == {stack.program for stack in STACKS}


def test_the_page_is_made_of_what_was_tried() -> None:
    """Each stack has each cell in what the tests stored, no other is there, and the page says the same."""
    stored = results()
    assert [*stored] == sorted(stack.naam for stack in STACKS)
    assert all(entry["cells"].keys() == CELLS.keys() for entry in stored.values())
    assert PAGE.read_text(encoding="utf-8") == page(), "make toolkits"


def test_the_page_tells_a_lack_only_while_it_is_real() -> None:
    """A stack that can do what its entry says it lacks fails, and so does one whose lack is not on the page."""
    lacking = replace(STACKS[0], lacks={"detail": "none"})
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), cell(lacking, "detail"):
        pass
    with pytest.raises(AssertionError, match="make toolkits"), cell(lacking, "detail"):
        raise AssertionError
