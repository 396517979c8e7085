"""What changed between two answers: the comparison, and the command `diff` that shows it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.messages import LG, SOAP11

import uwlr_adapter
from uwlr_adapter.cli import main
from uwlr_adapter.client.comparison import compare_answers
from uwlr_adapter.client.result import PullError
from uwlr_adapter.contract.xml import ANSWER

ANNA = '<leerling key="a" eckid="E-a"><achternaam>Bos</achternaam><groep key="g1"/></leerling>'
BRAM = '<leerling key="b"><achternaam>Dam</achternaam></leerling>'
KIM = (
    '<leerkracht key="k"><roepnaam>Kim</roepnaam><rol>LRK</rol><rol>IB</rol><groepen><groep key="g1"><rol>LRK</rol>'
    '</groep><samengestelde_groep key="s"/></groepen></leerkracht>'
)


def answer(leerlingen: str = ANNA + BRAM, leerkrachten: str = KIM, school: str = "") -> str:
    """Return an answer as `pull` saves it."""
    groepen = '<groepen><groep key="g1"><naam>1</naam></groep></groepen>'
    head = (
        f"<school><schooljaar>2026-2027</schooljaar><aanmaakdatum>2026-11-23T20:15:00Z</aanmaakdatum>{school}</school>"
    )
    return (
        f'<leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens>{head}{groepen}'
        f"<leerlingen>{leerlingen}</leerlingen><leerkrachten>{leerkrachten}</leerkrachten></leerlinggegevens>"
        "</leerlinggegevens_antwoord>"
    )


def changes(old: str, new: str) -> list[tuple[str, str, str | None, list[str]]]:
    """Return what changed: word, kind, key or ECK-iD, and elements."""
    found = compare_answers(old.encode(), new.encode()).records
    return [(one.change, one.kind, one.key or one.eckid, [part.element for part in one.fields]) for one in found]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (answer(ANNA), [("gone", "leerling", "b", ["achternaam"])]),
        (answer(ANNA + BRAM.replace("Dam", "Dam-Ek")), [("changed", "leerling", "b", ["achternaam"])]),
        (
            answer(ANNA + BRAM + BRAM.replace('"b"', '"c"')),
            [("new", "leerling", "c", ["achternaam"])],
        ),
        (answer(ANNA.replace("g1", "g2") + BRAM), [("changed", "leerling", "a", ["groep"])]),
        (answer(ANNA.replace('eckid="E-a"', 'eckid="E-b"') + BRAM), [("changed", "leerling", "a", ["eckid"])]),
        (answer(ANNA.replace('key="a" ', "") + BRAM), [("changed", "leerling", "E-a", ["key"])]),
        (answer(ANNA.replace('"a"', '"a2"') + BRAM), [("changed", "leerling", "a2", ["key"])]),
        (answer(leerkrachten=KIM.replace("<rol>IB</rol>", "")), [("changed", "leerkracht", "k", ["rol"])]),
        (
            answer(leerkrachten=KIM.replace("<rol>LRK</rol></groep>", "</groep>")),
            [("changed", "leerkracht", "k", ["groepen"])],
        ),
        (answer(school="<brincode>21QW</brincode>"), [("changed", "school", None, ["brincode"])]),
        (answer(ANNA.replace("achternaam", "kanarie") + BRAM), [("changed", "leerling", "a", ["*", "achternaam"])]),
    ],
)
def test_what_changed(new: str, expected: list[tuple[str, str, str | None, list[str]]]) -> None:
    """A record is known by its key, else by its ECK-iD; each element that differs is named, an unknown one as `*`."""
    found = changes(answer(), new)
    assert [(*rest, sorted(elements)) for *rest, elements in found] == expected
    back = {"new": "gone", "gone": "new", "changed": "changed"}
    assert [one[0] for one in changes(new, answer())] == [back[one[0]] for one in expected]


def test_what_says_nothing() -> None:
    """Moments of the answer, and the order of records, groups and roles, are no change; an envelope is none either."""
    kim = KIM.replace("<rol>LRK</rol><rol>IB</rol>", "<rol>IB</rol><rol>LRK</rol>")
    first, second = (
        kim.partition("<groepen>")[2].partition("</groep>")[0] + "</groep>",
        '<samengestelde_groep key="s"/>',
    )
    kim = kim.replace(first + second, second + first)
    new = answer(BRAM + ANNA, kim, "<peildatum>2026-11-24</peildatum>").replace("20:15:00Z", "20:16:00Z")
    assert new != answer()
    assert changes(answer(), new) == []
    assert changes(answer(), f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{new}</s:Body></s:Envelope>') == []


def test_a_key_that_is_there_twice() -> None:
    """An answer that is not valid is compared too: of two records with one key each is taken once."""
    assert changes(answer(BRAM + BRAM), answer(BRAM)) == [("gone", "leerling", "b", ["achternaam"])]
    anonymous = "<leerling><achternaam>Dam</achternaam></leerling>"
    assert changes(answer(anonymous), answer(anonymous + anonymous)) == [("new", "leerling", None, ["achternaam"])]


NO_ANSWERS = {
    "no XML": ("x", "cannot be read as XML"),
    "a document type": ("<!DOCTYPE x><x/>", "cannot be read as XML"),
    "too large": (" " * (ANSWER.octets + 1), "larger than 16777216 bytes"),
    "another document": ("<html/>", "no answer of HaalLeerlinggegevens"),
    "an empty envelope": (f'<s:Envelope xmlns:s="{SOAP11}"><s:Body/></s:Envelope>', "no answer of Haal"),
    "a fault": (f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault/></s:Body></s:Envelope>', "no answer of Haal"),
    "geenwijzigingen": (
        f'<leerlinggegevens_antwoord xmlns="{LG}"><geenwijzigingen/></leerlinggegevens_antwoord>',
        "holds no data, but geenwijzigingen",
    ),
}


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_what_cannot_be_compared(kind: str, tmp_path: Path) -> None:
    """Any other file is refused with one sentence that names it; the exit status is 2."""
    content, text = NO_ANSWERS[kind]
    with pytest.raises(PullError, match=text):
        compare_answers(content.encode(), answer().encode())
    result = run(tmp_path, answer(), content)
    assert result.exit_code == 2
    assert "new.xml: it " in result.output
    assert text in result.output


def run(folder: Path, old: str, new: str, *options: str) -> Result:
    """Run `diff` on two answers."""
    paths = [folder / "old.xml", folder / "new.xml"]
    for path, content in zip(paths, (old, new), strict=True):
        path.write_text(content, encoding="utf-8")
    return CliRunner().invoke(main, ["diff", *map(str, paths), *options])


def test_the_command(tmp_path: Path) -> None:
    """It has a line for each record, what fields hold only when asked for, and an exit status as diff has."""
    old, new = answer(), answer(ANNA.replace("Bos", "Bos\N{RIGHT-TO-LEFT OVERRIDE}Ek") + BRAM.replace('"b"', '"c"'))
    shown = run(tmp_path, old, new)
    assert shown.output.splitlines()[:3] == ["changed leerling a: achternaam", "new leerling c", "gone leerling b"]
    assert "Dam" not in shown.output
    assert "Bos" not in shown.output
    assert shown.exit_code == 1
    values = run(tmp_path, old, new, "--values").output
    assert 'changed leerling a: achternaam "Bos" -> "Bos\\u202eEk"\n' in values
    assert 'gone leerling b: achternaam "Dam"\n' in values
    same = run(tmp_path, old, old)
    assert ("Nothing changed." in same.output, same.exit_code) == (True, 0)
    missing = CliRunner().invoke(main, ["diff", str(tmp_path / "weg.xml"), str(tmp_path / "new.xml")])
    assert ("weg.xml: it cannot be read" in missing.output, missing.exit_code) == (True, 2)


def test_the_command_for_a_program(tmp_path: Path) -> None:
    """With --json it is one line, with what fields hold only when asked for."""
    old, new = answer(), answer(ANNA.replace("Bos", "Ek") + BRAM)
    (record,) = json.loads(run(tmp_path, old, new, "--json").output)["records"]
    named = {"change": "changed", "kind": "leerling", "key": "a", "eckid": None}
    assert record == {**named, "fields": [{"element": "achternaam"}]}
    found = json.loads(run(tmp_path, old, new, "--json", "--values").output)
    assert found["records"][0]["fields"] == [{"element": "achternaam", "old": "Bos", "new": "Ek"}]
    counted = {one["kind"]: one for one in found["counts"]}
    assert counted["leerling"] == {"kind": "leerling", "new": 0, "gone": 0, "changed": 1, "unchanged": 1}


def test_the_public_face() -> None:
    """The comparison is promised, and shows no content of a field by accident."""
    found = uwlr_adapter.compare_answers(answer().encode(), answer(ANNA).encode())
    assert (found.is_same, found.count("leerling", "gone"), found.unchanged["leerling"]) == (False, 1, 1)
    assert "Dam" not in repr(found)
