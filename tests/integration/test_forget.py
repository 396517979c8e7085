"""`leerling forget` and `leerling allow`: somebody is gone from every place, and comes back only when allowed."""

from pathlib import Path

import pytest
from support.csv_sets import GOOD, CommandBench, change, lay_out, rows_of
from support.edexml_files import make_dataset, to_edexml

from uwlr_adapter.contract.dataset import Leerling

ANNA = ("lln-anna", "pilot/anna", "Zonneveld", "Zoë", "ZM", "2018-03-14")
"""The values of one leerling in the good set, as they are stored."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> CommandBench:
    """Return a data folder in which the good set was imported, then twice with another value of one leerling."""
    bench = CommandBench(tmp_path_factory.mktemp("school") / "data")
    bench.taken("csv", GOOD)
    folder = lay_out(tmp_path_factory.mktemp("set"), "goed")
    change(folder, "leerlingen", ("Zonneveld", "Zonneveld-Anders"))
    change(folder, "plaatsingen", ("lln-anna;21QW;00;2026-2027;s26-plus;\n", ""))
    bench.taken("csv", folder)
    change(folder, "leerlingen", ("pilot/anna", "pilot/anna-nieuw"), ("Kwikstaart", "Boerenzwaluw"))
    bench.taken("csv", folder)
    return bench


@pytest.fixture
def bench(served: CommandBench, tmp_path: Path) -> CommandBench:
    """Return a copy of that data folder."""
    return served.copy(tmp_path / "data")


def _without_anna(folder: Path) -> Path:
    """Return the good set without that leerling."""
    made = lay_out(folder, "goed")
    for naam in ("leerlingen", "inschrijvingen", "plaatsingen"):
        lines = (made / f"{naam}.csv").read_text("utf-8").splitlines(keepends=True)
        (made / f"{naam}.csv").write_text("".join(line for line in lines if "lln-anna" not in line), "utf-8")
    return made


def test_forgotten_everywhere(bench: CommandBench) -> None:
    """No table has a value of the leerling any more, those of kept imports neither; the others are all still there."""
    before = str(bench.dump())
    assert [value for value in ANNA if value not in before] == []
    result = bench.run("leerling", "forget", "21QW00", "lln-anna", "--yes")
    assert result.exit_code == 0
    assert "One leerling: 2 deelnames, and the data in 3 stored imports." in result.output
    after = str(bench.dump())
    assert [value for value in ANNA if value in after] == []
    assert [value for value in ("lln-bram", "Kwikstaart", "lln-caro", "lln-daan") if value not in after] == []
    assert "Boerenzwaluw" in after
    assert [value for value in ANNA if value in result.output] == []


def test_a_dry_run_and_a_no_forget_nobody(bench: CommandBench) -> None:
    """Both say what would be erased, and change nothing."""
    before = bench.dump()
    dry = bench.run("leerling", "forget", "21QW00", "lln-anna", "--dry-run")
    assert (dry.exit_code, "2 deelnames" in dry.output, "nothing changed" in dry.output) == (0, True, True)
    refused = bench.run("leerling", "forget", "21QW00", "lln-anna", answer="n\n")
    assert (refused.exit_code, "Erase this permanently?" in refused.output) == (1, True)
    assert bench.dump() == before


def test_who_is_not_there(bench: CommandBench) -> None:
    """An unknown key, another school, a leerkracht: one sentence, and nothing changed, not even a school."""
    before = bench.dump()
    for brin6, key in (("21QW00", "lln-niemand"), ("99ZZ00", "lln-anna"), ("21QW00", "lkr-kim")):
        for command, reason in (("forget", "no leerling of"), ("allow", "nobody who was forgotten at")):
            result = bench.run("leerling", command, brin6, key)
            assert (result.exit_code, f"{reason} {brin6[:4]}" in result.output, key in result.output) == (
                1,
                True,
                False,
            )
    assert bench.run("leerling", "forget", "21QW", "lln-anna").exit_code == 2
    assert bench.dump() == before


def test_the_next_import_stops_at_the_line(bench: CommandBench, tmp_path: Path) -> None:
    """A source that still has the person is refused at file and line; without the person it is taken."""
    bench.run("leerling", "forget", "21QW00", "lln-anna", "--yes")
    before = bench.dump()
    result = bench.run("import", "csv", GOOD)
    assert (result.exit_code, bench.dump()) == (1, before)
    (row,) = [one for one in rows_of(result.output) if one[0] == "refused"]
    assert (row[:3], row[4]) == (["refused", "leerlingen.csv", "Sleutel"], "2")
    assert "was forgotten here" in row[3]
    assert "lln-anna" not in result.output
    bench.taken("csv", _without_anna(tmp_path / "zonder"))


def test_known_again_by_eckid_and_in_another_format(bench: CommandBench, tmp_path: Path) -> None:
    """Under another key the ECK-iD tells, in EDEXML as well; somebody else with that name is nobody's business."""
    bench.run("leerling", "forget", "21QW00", "lln-anna", "--yes")
    file = tmp_path / "edex.xml"
    file.write_bytes(
        to_edexml(make_dataset([Leerling("9", eckid="https://ketenid.nl/pilot/anna-nieuw", roepnaam="Z")]))
    )
    result = bench.run("import", "edexml", file, "--accept-drop")
    assert result.exit_code == 1
    assert "was forgotten here" in result.output
    file.write_bytes(to_edexml(make_dataset([Leerling("9", achternaam="Zonneveld", roepnaam="Zoë")])))
    assert bench.run("import", "edexml", file, "--accept-drop").exit_code == 0


@pytest.mark.parametrize("key", ["lln-anna", "https://ketenid.nl/pilot/anna-nieuw"])
def test_allowed_again_with_the_same_key(bench: CommandBench, key: str) -> None:
    """After `allow`, by key or by ECK-iD, the person comes in again and leaves with the same key as before."""
    bench.run("leerling", "forget", "21QW00", "lln-anna", "--yes")
    assert bench.run("leerling", "allow", "21QW00", key).exit_code == 0
    bench.taken("csv", GOOD)
    dump = bench.dump()
    assert [row for row in dump["persoon"] if "'lln-anna', 'https://ketenid.nl/pilot/anna'" in row] != []
    assert dump["forgotten"] == []


def test_undo_restores_the_rest_and_says_so(bench: CommandBench) -> None:
    """Terugdraaien after forgetting brings back the others, and tells that somebody is not."""
    bench.run("leerling", "forget", "21QW00", "lln-anna", "--yes")
    done = bench.run("import", "undo", "3", "--yes")
    assert done.exit_code == 0
    assert "1 x forgotten since: not restored." in done.output
    dump = str(bench.dump())
    assert "Kwikstaart" in dump
    assert [value for value in ANNA if value in dump] == []
    for number in ("2", "1"):
        assert bench.run("import", "undo", number, "--yes", "--accept-drop").exit_code == 0
    assert bench.dump()["persoon"] == []
    assert bench.run("import", "csv", GOOD).exit_code == 1, "still forgotten"


def test_a_leerling_at_two_vestigingen_is_forgotten_at_both(bench: CommandBench) -> None:
    """A person belongs to the school: naming the one vestiging erases at the other too."""
    result = bench.run("leerling", "forget", "21QW01", "lln-caro", "--yes")
    assert "One leerling: 3 deelnames" in result.output
    assert "lln-caro" not in str(bench.dump())
