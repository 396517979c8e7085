"""`leerling` and `leerkracht` show, eckid and join: a correction by hand is shown first, and taken back exactly."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.act_bench import ActBench
from support.csv_sets import rows_of
from support.edexml_files import eckid, make_dataset
from support.imports import dump

from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol

ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", geboortedatum="2018-03-14", groep="g4", jaargroep="4")
BRAM = Leerling("2", eckid(2), "Valk", roepnaam="Bram", geboortedatum="2018-05-01", groep="g4", jaargroep="4")
CARO = Leerling("3", None, "Uil", roepnaam="Caro", geboortedatum="2018-06-02", groep="g4", jaargroep="4")
G4 = Groep("groep", "g4", "De Uilen", "4")
JUF = Leerkracht(
    "L1",
    eckid(91),
    "Akker",
    roepnaam="Juf",
    rollen=(Rol("rolomschrijving", "Zwemles"),),
    groepen=(GroepVerwijzing("groep", "g4"),),
)
SEPTEMBER = datetime(2026, 9, 15, 10, tzinfo=UTC)
"""A moment at which the past year is answered too."""


def _import_all(made: ActBench) -> None:
    made.take(make_dataset([ANNA], groepen=[G4], brin6="21QW01", schooljaar="2025-2026"))
    made.take(make_dataset([ANNA, BRAM, CARO], groepen=[G4], leerkrachten=[JUF]))


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return a folder with one school: two vestigingen, and Anna at both in two years."""
    made = ActBench(tmp_path / "data", SEPTEMBER)
    made.init(_import_all)
    assert backend
    return made


def test_show_has_every_year_key_period_and_groep(bench: ActBench) -> None:
    """Everything known of a leerling and of a leerkracht, as text and as JSON; by an alias as well."""
    bench.take(make_dataset([ANNA._replace(key="nieuw", instroomdatum="2026-09-01"), BRAM, CARO], groepen=[G4]))
    found = bench.shown("21QW00", "nieuw")
    assert (found["key"], found["source_keys"], found["eckid"]) == ("1", ["1", "nieuw"], eckid(1))
    years = found["years"]
    assert [(one["brin6"], one["schooljaar"], one["answered_today"]) for one in years] == [
        ("21QW00", "2026-2027", True),
        ("21QW01", "2025-2026", True),
    ]
    assert years[0]["periods"] == [{"van": "2026-09-01", "tot": None, "gast": False}]
    assert years[0]["groepen"] == [{"key": "g4", "soort": "groep", "naam": "De Uilen", "rollen": []}]
    assert years[0]["fields"] == {
        "achternaam": "Specht",
        "roepnaam": "Anna",
        "geboortedatum": "2018-03-14",
        "jaargroep": "4",
    }
    text = bench.done("leerling", "show", "21QW00", "1")
    assert [word for word in ("nieuw", eckid(1), "Anna", "De Uilen (g4)", "2026-09-01") if word not in text] == []


def test_show_of_a_leerkracht(bench: ActBench) -> None:
    """A leerkracht has roles and groups of a year."""
    found = bench.shown("21QW00", "L1", "leerkracht")
    (year,) = found["years"]
    assert (year["rollen"], [one["naam"] for one in year["groepen"]]) == (["rolomschrijving: Zwemles"], ["De Uilen"])
    assert "De Uilen" in bench.done("leerkracht", "show", "21QW00", "L1")


def test_who_is_not_there(bench: ActBench) -> None:
    """An unknown key, another school, another kind, a text that is no brin6: one sentence."""
    for words in (("21QW00", "99"), ("99ZZ00", "1"), ("21QW00", "L1")):
        assert "has that key" in bench.refused("leerling", "show", *words)
        assert "has that key" in bench.refused("leerling", "eckid", *words, "--none", "--yes")
    assert bench.run("leerling", "show", "21QW", "1").exit_code == 2


def test_an_eckid_is_corrected_in_every_year_and_vestiging(bench: ActBench) -> None:
    """Both answers are shown before; the same for a leerkracht. Undo gives exactly what was there."""
    output = bench.undone_is_exact("leerling", "eckid", "21QW00", "1", eckid(7))
    assert [
        line for line in ("21QW00, schooljaar 2026-2027", "21QW01, schooljaar 2025-2026") if line not in output
    ] == []
    assert ["leerling", "1", "Anna Specht", "eckid"] in rows_of(output)
    assert bench.shown("21QW00", "1")["eckid"] == eckid(7)
    bench.undone_is_exact("leerkracht", "eckid", "21QW00", "L1", "--none")
    assert bench.shown("21QW00", "L1", "leerkracht")["eckid"] is None
    bench.take(make_dataset([ANNA._replace(eckid=eckid(7)), BRAM, CARO], groepen=[G4], leerkrachten=[JUF]))


def test_two_exchange_their_eckids(bench: ActBench) -> None:
    """An ECK-iD of somebody else is refused and tells whose; --swap exchanges, also with one who has none."""
    output = bench.refused("leerling", "eckid", "21QW00", "1", eckid(2), "--yes")
    assert [word for word in ("2 (Bram Valk)", "--swap", "leerling join") if word not in output] == []
    bench.undone_is_exact("leerling", "eckid", "21QW00", "1", eckid(2), "--swap")
    assert [bench.shown("21QW00", key)["eckid"] for key in "123"] == [eckid(2), eckid(1), None]
    bench.undone_is_exact("leerling", "eckid", "21QW00", "3", eckid(2), "--swap")
    assert [bench.shown("21QW00", key)["eckid"] for key in "123"] == [None, eckid(1), eckid(2)]


@pytest.mark.parametrize(
    "new", ["1,2E+11", "https://ketenid.nl/a\ufffd", "https://ketenid.nl/a b", "\u200b", "a" * 257]
)
def test_an_eckid_is_held_to_the_rule_of_every_source(bench: ActBench, new: str) -> None:
    """What a file may not have as an ECK-iD, no command gives to somebody."""
    assert "ECK-iD" in bench.refused("leerling", "eckid", "21QW00", "1", new, "--yes")


def test_an_eckid_that_was_pasted(bench: ActBench) -> None:
    """White space and what nobody sees around it are no part of it."""
    bench.done("leerling", "eckid", "21QW00", "1", f"\u200b{eckid(7)}\u00a0", "--yes")
    assert bench.shown("21QW00", "1")["eckid"] == eckid(7)


def test_an_eckid_that_cannot_be(bench: ActBench) -> None:
    """Nothing to change, nobody to swap with, a text that is none, one of somebody who was forgotten."""
    refused = ("leerling", "eckid", "21QW00", "1")
    assert "has that ECK-iD already" in bench.refused(*refused, eckid(1), "--yes")
    assert "leave --swap out" in bench.refused(*refused, eckid(8), "--swap", "--yes")
    assert "without a space" in bench.refused(*refused, "https://ketenid.nl/a b", "--yes")
    assert "without a space" in bench.refused(*refused, "x" * 257, "--yes")
    assert "has no ECK-iD already" in bench.refused("leerling", "eckid", "21QW00", "3", "--none", "--yes")
    for words in ((), (eckid(8), "--none"), ("--none", "--swap")):
        assert bench.run(*refused, *words).exit_code == 2
    bench.done("leerling", "forget", "21QW00", "2", "--yes")
    assert "was forgotten here" in bench.refused(*refused, eckid(2), "--yes")


@pytest.mark.parametrize(
    "words", [("eckid", "21QW00", "1", eckid(7)), ("join", "21QW00", "1", "3"), ("forget", "21QW00", "1")]
)
def test_a_dry_run_and_a_no_change_nothing(bench: ActBench, words: tuple[str, ...]) -> None:
    """Both show the effect, and leave every table as it was."""
    before = bench.dump()
    dry = bench.done("leerling", *words, "--dry-run")
    assert [text for text in ("21QW00, schooljaar 2026-2027", "nothing changed") if text not in dry] == []
    assert bench.run("leerling", *words, answer="n\n").exit_code == 1
    assert bench.dump() == before


def test_one_child_under_two_keys_is_joined(bench: ActBench) -> None:
    """An import that asks names the command; after it nothing is asked, and no key is handed out again."""
    bench.take(make_dataset([CARO._replace(key="900", eckid=eckid(3), groep=None)], brin6="21QW01"))
    with_eckid = make_dataset([ANNA, BRAM, CARO._replace(eckid=eckid(3))], groepen=[G4], leerkrachten=[JUF])
    assert "`leerling join`" in bench.take(with_eckid).output
    output = bench.undone_is_exact("leerling", "join", "21QW00", "3", "900")
    assert ["then", "3", "900", eckid(3), "Caro Uil"] in rows_of(output)
    found = bench.shown("21QW01", "900")
    assert (found["key"], found["source_keys"]) == ("3", ["3", "900"])
    bench.take(with_eckid)
    bench.take(make_dataset([CARO._replace(key="900", eckid=None, groep=None)], brin6="21QW01"))
    assert len(bench.dump()["persoon"]) == 4
    assert "one and the same" in bench.refused("leerling", "join", "21QW00", "3", "900", "--yes")


def test_two_leerkrachten_who_are_one(bench: ActBench) -> None:
    """The same for a leerkracht at two vestigingen; whoever came first may be the one that goes."""
    bench.take(
        make_dataset([BRAM._replace(groep=None)], leerkrachten=[Leerkracht("L9", None, "Akker")], brin6="21QW01")
    )
    bench.undone_is_exact("leerkracht", "join", "21QW00", "L9", "L1")
    found = bench.shown("21QW00", "L1", "leerkracht")
    assert (found["key"], found["source_keys"], found["eckid"]) == ("L9", ["L1", "L9"], eckid(91))
    assert [one["brin6"] for one in found["years"]] == ["21QW00", "21QW01"]


@pytest.mark.parametrize(
    ("own", "others", "stays"),
    [
        ((None, None), (None, None), "Anna"),
        ((None, "2026-09-10"), (None, None), "Annie"),
        ((None, "2026-09-10"), (None, "2026-09-01"), "Anna"),
    ],
)
@pytest.mark.parametrize("keep", ["43", "44"])
def test_records_of_one_year(
    bench: ActBench, keep: str, own: tuple[str | None, str | None], others: tuple[str | None, str | None], stays: str
) -> None:
    """Nobody disappears from an answer by a join: of two records the one that is answered stays, else that of KEEP."""
    dates = dict(zip((keep, "44" if keep == "43" else "43"), (own, others), strict=True))
    names = {keep: "Anna", ("44" if keep == "43" else "43"): "Annie"}
    pupils = [
        ANNA._replace(
            key=key,
            eckid=None,
            roepnaam=names[key],
            instroomdatum=dates[key][0],
            uitstroomdatum=dates[key][1],
        )
        for key in ("43", "44")
    ]
    bench.take(make_dataset([*pupils, BRAM], groepen=[G4]))
    output = bench.undone_is_exact("leerling", "join", "21QW00", keep, "44" if keep == "43" else "43")
    assert "Both have a record at 21QW00, schooljaar 2026-2027" in output
    year = bench.shown("21QW00", keep)["years"][0]
    assert (year["fields"]["roepnaam"], [one["key"] for one in year["groepen"]]) == (stays, ["g4"])
    assert year["answered_today"] is (None in (own[1], others[1]))


def test_two_eckids_are_no_one(bench: ActBench) -> None:
    """Which of them is right is not for us to say; names that do not agree are a warning."""
    assert "two ECK-iDs" in bench.refused("leerling", "join", "21QW00", "1", "2", "--yes")
    output = bench.done("leerling", "join", "21QW00", "1", "3", "--dry-run")
    assert "another roepnaam and another achternaam and another geboortedatum" in output


def test_twins_are_not_joined_without_a_word(bench: ActBench) -> None:
    """A date and an achternaam agree, and still they are two."""
    bench.take(make_dataset([ANNA, ANNA._replace(key="7", eckid=None, roepnaam="Bella")], groepen=[G4]))
    assert "they have another roepnaam. Is" in bench.done("leerling", "join", "21QW00", "1", "7", "--dry-run")


def test_names_are_compared_of_who_is_in_no_year_any_more(bench: ActBench) -> None:
    """The names of the last import count, not those of a record that may be gone."""
    bench.take(make_dataset([ANNA, CARO._replace(key="900")], groepen=[G4], brin6="21QW01"))
    bench.done("school", "withdraw", "21QW01", "--schooljaar", "2026-2027", "--yes")
    assert "Warning" not in bench.done("leerling", "join", "21QW00", "3", "900", "--dry-run")


def test_a_key_of_two_persons_is_told(bench: ActBench) -> None:
    """Platforms know Caro by 3, and the source has it for Dirk: each command says so, and who is to be erased."""
    dirk = Leerling("3", eckid(8), "Mees", roepnaam="Dirk", geboortedatum="2019-01-01", groep="g4")
    bench.take(make_dataset([ANNA, BRAM, CARO._replace(eckid=eckid(3))], groepen=[G4]))
    bench.take(make_dataset([ANNA, BRAM, CARO._replace(key="33", eckid=eckid(3)), dirk], groepen=[G4]))
    told = "in the source that key is another one now: Dirk Mees"
    for words in (
        ("show", "21QW00", "3"),
        ("eckid", "21QW00", "3", eckid(5), "--dry-run"),
        ("join", "21QW00", "3", "1", "--dry-run"),
        ("forget", "21QW00", "3", "--dry-run"),
    ):
        output = bench.run("leerling", *words).output
        assert told in output or "two ECK-iDs" in output
    output = bench.done("leerling", "forget", "21QW00", "3", "--dry-run")
    assert "This is about leerling 3, Caro Uil." in output
    assert "Warning" not in bench.done("leerling", "show", "21QW00", "33")


def test_who_was_joined_twice_comes_back_exactly(bench: ActBench) -> None:
    """A child under three keys: each of them leads to it, none is sent for anybody else, and all can be taken back."""
    others = [CARO._replace(key=key, groep=None) for key in ("900", "901")]
    bench.take(make_dataset(others, brin6="21QW01"))
    before = dump(bench.open())
    bench.done("leerling", "join", "21QW00", "900", "901", "--yes")
    bench.undone_is_exact("leerling", "join", "21QW00", "3", "900")
    assert bench.shown("21QW00", "901")["source_keys"] == ["3", "900", "901"]
    dirk = Leerling("901", eckid(8), "Mees", roepnaam="Dirk", geboortedatum="2019-01-01", groep="g4")
    bench.take(make_dataset([ANNA, BRAM, CARO, dirk], groepen=[G4]))
    assert bench.shown("21QW00", "901")["key"] not in {"3", "900", "901"}
    for batch in bench.standing()[:3]:
        bench.done("import", "undo", batch, "--yes", "--accept-drop")
    assert dump(bench.open()) == before


def test_a_key_of_before_a_join_is_not_sent_for_an_answer(bench: ActBench) -> None:
    """Dirk gets Caro's former key, in a row that is a question: as somebody new he is sent with another one."""
    bench.take(make_dataset([CARO._replace(key="900", groep=None)], brin6="21QW01"))
    bench.done("leerling", "join", "21QW00", "3", "900", "--yes")
    dirk = Leerling("900", eckid(8), "Mees", roepnaam="Dirk", geboortedatum="2019-01-01", groep="g4")
    bench.take(make_dataset([ANNA, BRAM, dirk], groepen=[G4]))
    (question,) = json.loads(bench.done("import", "questions", "--json"))
    bench.done("import", "answer", str(question["id"]), "new", "--yes")
    found = bench.shown("21QW00", "900")
    assert (found["eckid"], found["key"] in {"3", "900"}) == (eckid(8), False)


def test_who_was_joined_is_forgotten_under_both_keys(bench: ActBench) -> None:
    """No table and no kept import has a value of the person any more; undo of all imports goes on to work."""
    twin = CARO._replace(key="900", eckid=eckid(3), achternaam="Uilenburg", groep=None)
    bench.take(make_dataset([twin], brin6="21QW01"))
    bench.take(make_dataset([twin._replace(roepnaam="Carolien")], brin6="21QW01"))
    bench.done("leerling", "join", "21QW00", "3", "900", "--yes")
    bench.done("leerling", "forget", "21QW00", "3", "--yes")
    everything = str(bench.dump())
    assert [
        text for text in ("Uil", "Caro", "'900'", eckid(3), "2018-06-02") if text in everything.replace("Uilen", "")
    ] == []
    for key in ("3", "900", eckid(3)):
        assert bench.run("leerling", "allow", "21QW00", key).exit_code == (0 if key == "3" else 1)
    bench.undo_all()
    assert [name for name in ("persoon", "source_key", "deelname", "joined") if bench.dump()[name]] == []


def test_acts_stand_in_the_journaal_without_a_person(bench: ActBench) -> None:
    """Each act has an entry at each vestiging that it changed, with its actor, and no name, key or ECK-iD."""
    bench.done("leerling", "eckid", "21QW00", "1", eckid(7), "--yes")
    bench.done("leerling", "join", "21QW00", "1", "3", "--yes")
    bench.done("leerling", "forget", "21QW00", "1", "--yes")
    entries = bench.dump()["journaal"]
    acts = ("ECK-iD gecorrigeerd", "personen samengevoegd", "persoon vergeten")
    assert sorted((act, brin6) for act in acts for brin6 in ("21QW00", "21QW01")) == sorted(
        (act, brin6)
        for entry in entries
        for act in acts
        for brin6 in ("21QW00", "21QW01")
        if act in entry and brin6 in entry
    )
    assert all("'cli:" in entry for entry in entries)
    assert [value for value in (eckid(7), "Anna", "Specht", "Caro") if value in str(entries)] == []


def test_what_was_not_shown_is_not_done(bench: ActBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an import changes what an act would change between its preview and the yes, the act is refused."""

    def import_meanwhile(*_: object, **__: object) -> bool:
        bench.take(make_dataset([ANNA._replace(achternaam="Spechtstra"), BRAM, CARO], groepen=[G4]))
        return True

    monkeypatch.setattr("uwlr_adapter.cli.acts.click.confirm", import_meanwhile)
    result = bench.run("leerling", "forget", "21QW00", "1")
    assert (result.exit_code, "changed meanwhile" in result.output) == (1, True)
    assert bench.shown("21QW00", "1")["key"] == "1"
