"""`school withdraw`: the records of a vestiging, or of one schooljaar, are out of the answers until they come back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.act_bench import ActBench
from support.edexml_files import eckid, make_dataset
from support.trial_school import TrialSchool

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.main import main
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie

ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", groep="g", samengestelde_groepen=("p",), vestiging="VH")
GROEPEN = [Groep("groep", "g", "De Uilen", "4"), Groep("samengestelde_groep", "p", "Plus")]
SEPTEMBER = datetime(2026, 9, 15, 10, tzinfo=UTC)
"""A moment at which the past year is answered too."""


def _import_all(made: ActBench) -> None:
    for schooljaar in ("2026-2027", "2025-2026"):
        made.take(
            make_dataset(
                [ANNA],
                groepen=GROEPEN,
                locaties=[Locatie("VH", "Hoofd")],
                leerkrachten=[Leerkracht("L", None, "Akker")],
                schooljaar=schooljaar,
            )
        )
    made.take(make_dataset([ANNA._replace(vestiging=None)], groepen=GROEPEN, brin6="21QW01"))


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return a school of two years at one vestiging, and one at another."""
    made = ActBench(tmp_path / "data", SEPTEMBER)
    made.init(_import_all)
    assert backend
    return made


def years(bench: ActBench) -> list[tuple[str, str]]:
    """Return the years of which Anna has a record."""
    found = bench.shown("21QW00", "1")["years"]
    return [(one["brin6"], one["schooljaar"]) for one in found]


def test_one_schooljaar_or_every_one(bench: ActBench) -> None:
    """What goes is shown before; the other years and vestigingen stay, and the keys. Undo brings all back exactly."""
    output = bench.undone_is_exact("school", "withdraw", "21QW00", "--schooljaar", "2025-2026")
    assert "21QW00: the records of 2025-2026 are taken out" in output
    assert "for 21QW00, schooljaar 2025-2026" in output
    assert years(bench) == [("21QW00", "2026-2027"), ("21QW01", "2026-2027")]
    bench.undone_is_exact("school", "withdraw", "21QW00")
    assert years(bench) == [("21QW01", "2026-2027")]
    assert [bench.dump()[name] == [] for name in ("locatie", "aanstelling", "inschrijving")] == [True, True, False]
    assert "has no records" in bench.refused("school", "withdraw", "21QW00", "--yes")
    assert "gegevens ingetrokken" in str(bench.dump()["journaal"])


def test_what_cannot_be_withdrawn(bench: ActBench) -> None:
    """An unknown vestiging or schooljaar, and a dry run, change nothing."""
    assert "99ZZ00 has no records" in bench.refused("school", "withdraw", "99ZZ00", "--yes")
    assert "no records of 2020-2021" in bench.refused("school", "withdraw", "21QW00", "--schooljaar", "2020-2021")
    assert bench.run("school", "withdraw", "21QW00", "--schooljaar", "2026").exit_code == 2
    before = bench.dump()
    assert "nothing changed" in bench.done("school", "withdraw", "21QW00", "--dry-run")
    assert bench.run("school", "withdraw", "21QW00", answer="n\n").exit_code == 1
    assert bench.dump() == before


@pytest.fixture
def school(tmp_path: Path) -> Iterator[TrialSchool]:
    """Yield a school that is served."""
    made = TrialSchool(tmp_path)
    yield made
    made.close()


def test_a_platform_gets_geengegevens_until_it_is_taken_back(school: TrialSchool) -> None:
    """The answer changes with the act, and is data again after undo."""

    def run(*words: str) -> Result:
        console = Console(width=200)
        context = Context(school.settings, lambda: school.moment, console, console)
        result = CliRunner().invoke(main.get_command(None, words[0]), words[1:], obj=context)  # type: ignore[arg-type]
        assert result.exit_code == 0, result.output
        return result

    assert school.fetch().outcome == "leerlinggegevens"
    school.wait(60)
    run("school", "withdraw", "21QW00", "--yes")
    assert school.fetch().outcome == "geengegevens"
    run("import", "undo", "2", "--yes")
    assert school.fetch().keys("leerling") == ["101"]
