"""`leerling forget` and `leerkracht forget`: a leerkracht is erased as a leerling is, and who had a person is told."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.act_bench import ActBench
from support.csv_sets import MOMENT, rows_of
from support.edexml_files import eckid, make_dataset
from support.journaal import write_entries
from support.school_builder import SchoolBuilder

from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.journaal.model import VerzoekEntry

G = Groep("groep", "g", "De Uilen", "4")
ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", groep="g")
BRAM = Leerling("2", eckid(2), "Valk", roepnaam="Bram", groep="g")
ELS = Leerkracht("1", eckid(91), "Akker", roepnaam="Els", groepen=(GroepVerwijzing("groep", "g"),))
WIM = Leerkracht("L2", eckid(92), "Beek", roepnaam="Wim")


def _import_all(made: ActBench) -> None:
    made.take(make_dataset([ANNA, BRAM], groepen=[G], leerkrachten=[WIM], brin6="21QW01"))
    made.take(make_dataset([BRAM], groepen=[G], leerkrachten=[WIM], brin6="21QW01"))
    made.take(make_dataset([ANNA, BRAM], groepen=[G], leerkrachten=[ELS, WIM]))


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return a school of which a leerling has the key of a leerkracht; Anna left the second vestiging."""
    made = ActBench(tmp_path / "data")
    made.init(_import_all)
    assert backend
    return made


def fetched(builder: SchoolBuilder, koppeling_id: int, brin6: str, outcome: str, moment: datetime) -> None:
    """Write a fetch in the journaal."""
    entry = VerzoekEntry(moment, "Haal", 1, outcome=outcome, koppeling_id=koppeling_id, brin6=brin6)
    with builder.transaction() as connection:
        write_entries(connection, entry)


def test_a_leerkracht_is_forgotten_everywhere(bench: ActBench) -> None:
    """No table has a value of hers, a leerling with the same key stays, and an import with her stops until allowed."""
    whole = make_dataset([ANNA, BRAM], groepen=[G], leerkrachten=[ELS, WIM])
    output = bench.done("leerkracht", "forget", "21QW00", "1", "--yes")
    assert "One leerkracht: 1 aanstelling, and the data in 1 stored import." in output
    assert "The answer for 21QW00, schooljaar 2026-2027: without this person." in output
    assert [text for text in ("Els", "Akker", eckid(91)) if text in str(bench.dump()) + output] == []
    assert bench.shown("21QW00", "1")["eckid"] == eckid(1)
    refused = bench.take(whole, exit_code=1).output
    assert "was forgotten here: take this leerkracht out of the source (or `leerkracht allow`)" in refused
    bench.take(make_dataset([ANNA, BRAM], groepen=[G], leerkrachten=[WIM]))
    assert bench.run("leerling", "allow", "21QW00", "1").exit_code == 1
    bench.done("leerkracht", "allow", "21QW00", "1")
    bench.take(whole)
    assert bench.shown("21QW00", "1", "leerkracht")["key"] == "1"


def test_a_leerling_and_a_leerkracht_of_one_key_are_two(bench: ActBench) -> None:
    """Forgetting the leerling does not keep the leerkracht out."""
    bench.done("leerling", "forget", "21QW00", "1", "--yes")
    bench.take(make_dataset([BRAM], groepen=[G], leerkrachten=[ELS, WIM]))
    assert bench.shown("21QW00", "1", "leerkracht")["eckid"] == eckid(91)


def test_who_had_the_person_is_listed(bench: ActBench) -> None:
    """Of fetches without a list: each koppeling, ended ones too, of a vestiging of the person, that got that kind."""
    builder = bench.builder()
    for naam in ("Snappet", "Basispoort"):
        builder.add_afnemer(naam)
    first = builder.activate("snappet", "21QW00", "21QW00-een-code-van-nu")
    second = builder.activate("snappet", "21QW01", "21QW01-een-code-van-nu")
    third = builder.activate("basispoort", "21QW00", "21QW00-een-andere-code")
    day = timedelta(1)
    fetched(builder, first.id, "21QW00", "leerlinggegevens", MOMENT - 9 * day)
    fetched(builder, first.id, "21QW00", "leerlinggegevens-leerlingen", MOMENT - 2 * day)
    fetched(builder, first.id, "21QW00", "geenwijzigingen", MOMENT)
    fetched(builder, second.id, "21QW01", "leerlinggegevens", MOMENT - 5 * day)
    builder.end(second)
    fetched(builder, third.id, "21QW00", "leerlinggegevens-leerkrachten", MOMENT - 3 * day)
    fetched(builder, third.id, "21QW00", "Client.AutorisatieOngeldig", MOMENT - 3 * day)

    def told(noun: str, key: str) -> list[list[str]]:
        return rows_of(bench.done(noun, "forget", "21QW00", key, "--dry-run"))

    assert told("leerling", "1") == [
        ["Snappet", "snappet", "21QW00", "actief", "2026-11-16", "2026-11-23", "not known"],
        ["Snappet", "snappet", "21QW01", "beëindigd", "2026-11-20", "2026-11-20", "not known"],
    ]
    assert told("leerkracht", "1") == [
        ["Basispoort", "basispoort", "21QW00", "actief", "2026-11-22", "2026-11-22", "not known"],
        ["Snappet", "snappet", "21QW00", "actief", "2026-11-16", "2026-11-16", "not known"],
    ]


def test_nobody_had_the_person(bench: ActBench) -> None:
    """Without a fetch there is nobody to tell."""
    assert "No koppeling fetched this person" in bench.done("leerling", "forget", "21QW00", "2", "--dry-run")
