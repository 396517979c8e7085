"""`school merge`: a school goes into another brincode with its persons, keys and records, and can come back."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.act_bench import ActBench
from support.csv_sets import rows_of
from support.edexml_files import eckid, make_dataset
from support.imports import dump
from support.school_builder import ACTOR

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.tables import import_step
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import act_to_tell, journaal
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.errors import MergedVestigingError
from uwlr_adapter.koppelingen.tables import Status

G = Groep("groep", "g", "De Uilen", "4")
ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", geboortedatum="2018-03-14", groep="g")
BRAM = Leerling("2", eckid(2), "Valk", roepnaam="Bram", geboortedatum="2018-05-01", groep="g")
CARO = Leerling("3", None, "Uil", roepnaam="Caro", geboortedatum="2018-06-02", groep="g")
DAAN = Leerling("1", eckid(4), "Meeuw", roepnaam="Daan", geboortedatum="2018-07-03", groep="g", vestiging="VH")
EVA = Leerling("77", eckid(7), "Mus", roepnaam="Eva", geboortedatum="2018-08-04", groep="g")
JUF = Leerkracht("L1", None, "Akker", roepnaam="Els", groepen=(GroepVerwijzing("groep", "g"),))
MERGE = ("school", "merge", "30AD", "21QW", "--vestiging", "30AD00=21QW02")


def _import_all(made: ActBench) -> None:
    made.take(make_dataset([ANNA, BRAM, CARO], groepen=[G], leerkrachten=[JUF], schoolkey="sk-21"))
    years = {
        "2025-2026": ([EVA._replace(roepnaam="Eef"), BRAM._replace(key="502")], []),
        "2026-2027": ([DAAN, EVA, CARO], [JUF]),
    }
    for schooljaar, (leerlingen, leerkrachten) in years.items():
        made.take(
            make_dataset(
                leerlingen,
                leerkrachten=leerkrachten,
                groepen=[G],
                locaties=[Locatie("VH", "Hoofd")],
                brin6="30AD00",
                schooljaar=schooljaar,
                schoolkey="sk-30",
            )
        )


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return two schools: Bram, Caro and a leerkracht are known at both, and Daan has Anna's key."""
    made = ActBench(tmp_path / "data")
    made.init(_import_all)
    assert backend
    return made


def test_persons_keys_and_records_move(bench: ActBench) -> None:
    """Who is known at both is one, a key that is taken is replaced, all others keep theirs; all of it said before."""
    output = bench.undone_is_exact(*MERGE)
    for text in ("30AD00 becomes 21QW02", "2 x leerling, 0 x leerkracht move", "must name 21QW"):
        assert text in output
    rows = rows_of(output)
    assert ["leerling", "502", "2", "Bram Valk"] in rows
    assert ["leerling", "3", "3", "Caro Uil"] in rows
    assert ["leerkracht", "L1", "L1", "Els Akker"] in rows
    ((key,),) = [row[2:3] for row in rows if row[:2] == ["leerling", "1"] and row[3:] == ["Daan Meeuw"]]
    new = bench.shown("21QW02", key)
    assert (len(key), new["source_keys"], new["eckid"]) == (24, [], eckid(4))
    found = [(one["brin6"], one["schooljaar"]) for one in bench.shown("21QW00", "502")["years"]]
    assert found == [("21QW00", "2026-2027"), ("21QW02", "2025-2026")]
    assert bench.shown("21QW00", "77")["key"] == "77"
    assert bench.shown("21QW00", "1")["eckid"] == eckid(1)
    assert "geengegevens" in bench.done("school", "show", "30AD00")
    assert "3 leerlingen, 1 leerkracht" in bench.done("school", "show", "21QW02")


def test_imports_know_where_the_school_went(bench: ActBench) -> None:
    """A source of the old number is refused and told the new one; one of the new number finds its persons."""
    bench.done(*MERGE, "--yes")
    old = make_dataset([EVA], groepen=[G], brin6="30AD00")
    assert "30AD was merged into 21QW: 30AD00 is 21QW02 now" in bench.take(old, exit_code=1).output
    assert (
        "30AD was merged into 21QW" in bench.take(make_dataset([EVA], groepen=[G], brin6="30AD05"), exit_code=1).output
    )
    persons = len(bench.dump()["persoon"])
    bench.take(make_dataset([EVA, BRAM._replace(key="502"), CARO], groepen=[G], leerkrachten=[JUF], brin6="21QW02"))
    assert len(bench.dump()["persoon"]) == persons
    bench.take(make_dataset([EVA], groepen=[G], brin6="21QW02", schoolkey="sk-30"))


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_an_import_that_waited_for_a_fusie_knows_of_it(bench: ActBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It began before the fusie was done, and waits for the school: the old number does not come to life again."""
    lock_school = schools.lock_school

    def merge_meanwhile(connection: sa.Connection, brincode: str) -> bool:
        monkeypatch.setattr(schools, "lock_school", lock_school)
        bench.done(*MERGE, "--yes")
        return lock_school(connection, brincode)

    monkeypatch.setattr(schools, "lock_school", merge_meanwhile)
    refused = bench.take(make_dataset([EVA], groepen=[G], brin6="30AD00"), exit_code=1)
    assert "30AD was merged into 21QW: 30AD00 is 21QW02 now" in refused.output
    assert [row for row in bench.dump()["deelname"] if "30AD" in row] == []


def test_the_older_imports_wait_for_the_fusie(bench: ActBench) -> None:
    """What came before it can be taken back after it was taken back itself, and the newest of both schools first."""
    bench.done(*MERGE, "--yes")
    assert "30AD was merged into 21QW" in bench.refused("import", "undo", "3", "--yes")
    newest = bench.standing()[0]
    assert f"in this order: {newest}" in bench.refused("import", "undo", "1", "--yes")
    bench.undo_all()
    assert not any(dump(bench.open()).values())


def test_an_undone_fusie_is_redone_with_what_came_before_and_after_it(bench: ActBench) -> None:
    """The imports of both schools before it come first, in one step."""
    bench.done(*MERGE, "--yes")
    bench.take(make_dataset([ANNA], groepen=[G], schoolkey="sk-21"))
    before, newest = bench.dump(), bench.standing()[0]
    bench.undo_all()
    bench.done("import", "redo", "--to", newest, "--yes")
    assert bench.standing()[0] == newest
    assert [table for table, rows in bench.dump().items() if "persoon" in table and rows != before[table]] == []


def test_an_import_of_the_school_that_went_ends_an_undone_fusie(bench: ActBench) -> None:
    """It cannot be redone any more, nor what came after it, and nothing of it is kept; what came before it can be."""
    bench.done(*MERGE, "--yes")
    fusie = bench.standing()[0]
    bench.take(make_dataset([ANNA], groepen=[G], schoolkey="sk-21"))
    later = bench.standing()[0]
    bench.moment += timedelta(hours=1)
    for batch in (later, fusie, "1"):
        bench.done("import", "undo", batch, "--yes")
    bench.take(make_dataset([DAAN], groepen=[G], locaties=[Locatie("VH", "Hoofd")], brin6="30AD00", schoolkey="sk-30"))
    newest = bench.standing()[0]
    for batch in (later, fusie):
        assert f"import {newest} changed the records after it was undone" in bench.refused("import", "redo", batch)
    with bench.open().reading() as connection:
        kept = set(connection.scalars(sa.select(import_step.c.batch_id)))
    assert not kept & {int(fusie), int(later)}
    bench.done("import", "redo", "1", "--yes")


def test_who_is_forgotten_after_a_fusie_is_forgotten_at_both(bench: ActBench) -> None:
    """No kept import of either school has the person, whom neither takes in any more; who was forgotten stays so."""
    bench.done("leerling", "forget", "30AD00", "1", "--yes")
    bench.done(*MERGE, "--yes")
    again = make_dataset([DAAN._replace(vestiging=None)], groepen=[G], brin6="21QW02")
    assert "was forgotten here" in bench.take(again, exit_code=1).output
    bench.take(make_dataset([ANNA, BRAM, CARO], groepen=[G], leerkrachten=[JUF]))
    bench.done("import", "undo", bench.standing()[0], "--yes")
    bench.done("leerling", "forget", "21QW02", "77", "--yes")
    everything = str(bench.dump())
    assert [text for text in ("Mus", "Eef", "'77'", eckid(7), "Daan") if text in everything] == []
    bench.done("import", "undo", bench.standing()[0], "--yes")
    assert "was forgotten here" in bench.take(make_dataset([EVA], groepen=[G], brin6="30AD00"), exit_code=1).output
    bench.done("leerling", "allow", "21QW00", "77")
    assert "was forgotten here" not in bench.take(make_dataset([EVA], groepen=[G], brin6="30AD00")).output


def test_koppelingen_end_and_begin_anew(bench: ActBench) -> None:
    """A code of the old number opens nothing: each koppeling ends, the school is told, and its users come along."""
    builder = bench.builder()
    builder.add_afnemer("Snappet")
    koppeling = builder.activate("snappet", "30AD00", "30AD00-een-code-van-vroeger")
    with builder.transaction() as connection:
        new = NewGebruiker(
            login="directeur", naam="D. Recteur", rol=GebruikerRol.SCHOOLBEHEERDER, vestigingen=("30AD00",)
        )
        accounts.add(connection, new, bench.moment)
    output = bench.done(*MERGE, "--yes")
    assert "The koppeling snappet of 30AD00 ends; the school activates it at 21QW02" in output
    assert "These users may open 21QW02 too: directeur." in output
    with builder.transaction() as connection:
        found = store.find(connection, koppeling.id, "30AD00")
        assert found is not None
        assert (found.status, found.code_digest) == (Status.BEEINDIGD, None)
        (user,) = accounts.list_all(connection)
        assert user.vestigingen == ("21QW02", "30AD00")
        access = sa.select(journaal).where(journaal.c.act == Act.GEBRUIKER_ADDED)
        (given,) = connection.execute(access)
        assert (given.brin6, given.remarks) == ("21QW02", "login=directeur")
        assert given.id in connection.scalars(sa.select(act_to_tell.c.entry_id)).all()
    assert "beëindigd door fusie" in str(bench.dump()["journaal"])
    with pytest.raises(MergedVestigingError, match="21QW02 geworden"):
        builder.activate("snappet", "30AD00", "30AD00-een-code-van-vroeger")
    builder.activate("snappet", "21QW02", "21QW02-een-nieuwe-code-1")


def test_one_eckid_and_two_names_stop_a_fusie(bench: ActBench) -> None:
    """Neither an ECK-iD nor a key alone makes two children one; who has the ECK-iD of another is told."""
    wrong = ANNA._replace(key="9", roepnaam="Fatima", achternaam="Zwaan", geboortedatum="2017-01-01")
    bench.take(make_dataset([wrong], groepen=[G], brin6="30AD01"))
    two = (*MERGE, "--vestiging", "30AD01=21QW03", "--yes")
    output = bench.refused(*two)
    assert "correct those first" in output
    assert [row[1:] for row in rows_of(output)] == [["21QW", "1", "Anna Specht"], ["30AD", "9", "Fatima Zwaan"]]
    bench.done("leerling", "eckid", "30AD01", "9", "--none", "--yes")
    bench.done(*two)


WHOLE = {"roepnaam": "Anna", "achternaam": "Specht", "geboortedatum": "2018-03-14"}
NOT_ALIKE: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({"roepnaam": "Anna"}, {"roepnaam": "Anna"}),
    ({"roepnaam": "Anna", "achternaam": "Specht"}, {"roepnaam": "Anna", "achternaam": "Valk"}),
    ({"achternaam": "Specht", "geboortedatum": "2018-03-14"}, {"achternaam": "Specht"}),
    (WHOLE, {**WHOLE, "roepnaam": "Bella"}),
    (WHOLE, {"voorletters_1": "A.", "achternaam": "Specht"}),
)
"""What two schools know of a child under one number, when they need not be one child."""


def test_one_number_at_two_schools_is_no_person(bench: ActBench) -> None:
    """Both administrations begin with 1: unless two parts of the name agree and none differs, they are two."""
    here = [Leerling(f"8{at}", **own) for at, (own, _) in enumerate(NOT_ALIKE)]  # type: ignore[arg-type]
    come = [Leerling(f"8{at}", eckid(80 + at), **own) for at, (_, own) in enumerate(NOT_ALIKE)]  # type: ignore[arg-type]
    bench.take(make_dataset(here, groepen=[G], brin6="21QW01"))
    bench.take(make_dataset(come, groepen=[G], brin6="30AD01"))
    output = bench.done(*MERGE, "--vestiging", "30AD01=21QW03", "--yes")
    new = {one[1]: one[2] for one in rows_of(output) if one[1].startswith("8") and len(one[2]) == 24}
    assert list(new) == [one.key for one in here]
    assert [bench.shown("21QW01", one.key)["eckid"] for one in here] == [None] * len(here)
    assert [bench.shown("21QW03", new[one.key])["eckid"] for one in come] == [one.eckid for one in come]


def test_leerkrachten_of_one_number_are_no_one(bench: ActBench) -> None:
    """Another achternaam is a marriage in one administration, and somebody else in two."""
    bench.take(make_dataset([BRAM], leerkrachten=[Leerkracht("5", None, "Akker")], groepen=[G], brin6="21QW01"))
    other = Leerkracht("5", eckid(55), "Berg")
    bench.take(make_dataset([BRAM._replace(key="502")], leerkrachten=[other], groepen=[G], brin6="30AD01"))
    bench.done(*MERGE, "--vestiging", "30AD01=21QW03", "--yes")
    found = bench.shown("21QW01", "5", "leerkracht")
    assert (found["eckid"], [one["brin6"] for one in found["years"]]) == (None, ["21QW01"])


def test_twins_with_swapped_eckids_stop_a_fusie(bench: ActBench) -> None:
    """At one of the schools they are mixed up: achternaam and date agree, and the roepnaam is that of the other."""
    bella = ANNA._replace(key="5", eckid=eckid(5), roepnaam="Bella")
    bench.take(make_dataset([ANNA, bella], groepen=[G], brin6="21QW01"))
    mixed = [ANNA._replace(key="61", eckid=eckid(5)), bella._replace(key="65", eckid=eckid(1))]
    bench.take(make_dataset(mixed, groepen=[G], brin6="30AD01"))
    two = (*MERGE, "--vestiging", "30AD01=21QW03", "--yes")
    assert "2 have an ECK-iD that somebody with another name has" in bench.refused(*two)
    bench.done("leerling", "eckid", "30AD01", "61", eckid(1), "--swap", "--yes")
    bench.done(*two)
    assert [bench.shown("21QW03", key)["key"] for key in ("61", "65")] == ["1", "5"]


def test_who_is_in_no_year_any_more_is_known_by_name(bench: ActBench) -> None:
    """The year of Bram at the one school was withdrawn: he is the same one still."""
    bench.done("school", "withdraw", "30AD00", "--schooljaar", "2025-2026", "--yes")
    bench.done(*MERGE, "--yes")
    assert bench.shown("21QW00", "502")["key"] == "2"


def test_a_former_key_at_the_school_that_stays_is_not_sent_again(bench: ActBench) -> None:
    """Two of its children were one, under two keys; platforms had both."""
    bench.take(make_dataset([CARO._replace(key="77")], groepen=[G], brin6="21QW01"))
    bench.done("leerling", "join", "21QW00", "3", "77", "--yes")
    output = bench.done(*MERGE, "--yes")
    assert [one[3] for one in rows_of(output) if one[:2] == ["leerling", "77"] and len(one[2]) == 24] == ["Eva Mus"]
    assert bench.shown("21QW00", "77")["key"] == "3"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("30AD", "21QW"), "--vestiging 30AD00=21QW.."),
        (("30AD", "21QW", "--vestiging", "30AD00=21QW02", "--vestiging", "30AD07=21QW03"), "no vestiging 30AD07"),
        (("30AD", "21QW", "--vestiging", "30AD00=40AA00"), "must be one of 21QW"),
        (("30AD", "21QW", "--vestiging", "30AD00=21QW00"), "21QW00 has records of 2026-2027"),
        (("30AD", "30AD", "--vestiging", "30AD00=30AD01"), "into itself"),
        (("99ZZ", "21QW"), "no vestiging of 99ZZ"),
    ],
)
def test_what_cannot_be_merged(bench: ActBench, words: tuple[str, ...], reason: str) -> None:
    """One sentence, and nothing changed."""
    assert reason in bench.refused("school", "merge", *words, "--yes")


def test_words_that_are_no_school(bench: ActBench) -> None:
    """A form that cannot be is a mistake of the command line."""
    for words in (
        ("30ad", "21QW"),
        ("30AD", "21QW00"),
        ("30AD", "21QW", "--vestiging", "30AD00"),
        (*MERGE[2:], *MERGE[4:]),
    ):
        assert bench.run("school", "merge", *words, "--yes").exit_code == 2


def test_a_school_is_merged_once_and_on(bench: ActBench) -> None:
    """A school that went away cannot go again, nor take another in; the one that has it now can go on."""
    bench.done(*MERGE, "--yes")
    assert "was merged into 21QW already" in bench.refused(*MERGE, "--yes")
    into = ("school", "merge", "21QW", "30AD", "--vestiging", "21QW00=30AD00", "--vestiging", "21QW02=30AD02")
    assert "was merged into 21QW already" in bench.refused(*into, "--yes")
    on = ("school", "merge", "21QW", "40AA", "--vestiging", "21QW00=40AA00", "--vestiging", "21QW02=40AA02")
    bench.undone_is_exact(*on)
    bench.done("leerling", "forget", "40AA00", "77", "--yes")
    assert [text for text in ("Mus", eckid(7)) if text in str(bench.dump())] == []


def test_a_dry_run_of_a_fusie_changes_nothing(bench: ActBench) -> None:
    """It shows the effect on both schools, whose answers of a whole school are counted."""
    before = bench.dump()
    output = bench.done(*MERGE, "--dry-run")
    assert [
        text for text in ("for 30AD00, schooljaar 2026-2027", "for 21QW02, schooljaar 2026-2027") if text not in output
    ] == []
    assert bench.run(*MERGE, answer="n\n").exit_code == 1
    assert bench.dump() == before


def test_nothing_waits_for_a_vestiging_that_was(bench: ActBench) -> None:
    """An import that was not taken would be waited for without an end: the old number is not imported any more."""
    old = make_dataset([EVA], groepen=[G], brin6="30AD00", aanmaakdatum="2020-01-01T00:00:00")
    bench.take(old, exit_code=3)
    assert "an answer: --older" in bench.done("import", "list")
    bench.done(*MERGE, "--yes")
    assert "Not taken" not in bench.done("import", "list")
    bench.take(old, exit_code=1)
    assert "Not taken" not in bench.done("import", "list")


def test_a_fusie_stands_in_the_journaal_of_both(bench: ActBench) -> None:
    """The old and the new vestiging have an entry, without a person."""
    bench.done(*MERGE, "--yes")
    entries = [entry for entry in bench.dump()["journaal"] if "school samengevoegd" in entry]
    assert sorted(brin6 for brin6 in ("30AD00", "21QW02") for entry in entries if brin6 in entry) == [
        "21QW02",
        "30AD00",
    ]
    assert ACTOR.partition(":")[0] in entries[0]


def test_what_was_set_about_a_vestiging_goes_with_it(bench: ActBench) -> None:
    """Its first school day and the moment of its source are those of the new vestiging; undo brings them back."""
    bench.done("school", "set", "30AD00", "--first-school-day", "2026-08-24", "--yes")
    (before,) = bench.dump()["vestiging_year"]
    bench.undone_is_exact(*MERGE)
    (after,) = bench.dump()["vestiging_year"]
    assert after == before.replace("30AD00", "21QW02") != before
