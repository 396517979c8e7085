"""Every row of a CSV set is in a record or told: rows read = records + told, per file, whatever was done to the set."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from support.csv_rows import CsvRows, Records, parse, told, write
from support.csv_sets import CommandBench, CsvCase, lay_out, read_manifest
from support.las_files import CSV_STYLES, csv_set
from support.oracle import amount
from support.school_life import BRIN6S, START, SchoolLife

from uwlr_adapter.administratie.model import Delivery, ImportRefusedError
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron

PLAIN = CSV_STYLES[-1]
SETS = amount(120, 5000)
LEAST_TAKEN = 0.3
"""The share of the changed sets that must be taken, or the test says little."""
Change = Callable[[Random, CsvRows], None]


def require_sums(deliveries: list[Delivery]) -> None:
    """Each file adds up, and each row that is in no record is told once."""
    sums = deliveries[0].rows
    lines = Counter((warning.file, warning.line) for warning in told(deliveries))
    assert [place for place, number in lines.items() if number > 1] == []
    found = Counter(file for file, _ in lines)
    assert {file: one.told for file, one in sums.items() if one.told} == found


@pytest.mark.parametrize("case", [one for one in read_manifest() if one.verdict != "refused"], ids=lambda one: one.naam)
def test_the_sums_of_the_corpus_agree(case: CsvCase, tmp_path: Path) -> None:
    """Each set of the corpus that can be taken adds up, and its counts are those of the records."""
    folder = lay_out(tmp_path, case.naam)
    deliveries = list(csv_bron.CsvBron([folder]).read(str(folder)))
    require_sums(deliveries)
    used = {file: one.read - one.told for file, one in deliveries[0].rows.items()}
    assert used["groepen.csv"] == sum(len(one.groepen) for one in deliveries)
    assert used["leerlingen.csv"] == len({source.record.key for one in deliveries for source in one.leerlingen})
    assert used["plaatsingen.csv"] == sum(
        (source.record.groep is not None) + len(source.record.samengestelde_groepen)
        for one in deliveries
        for source in one.leerlingen
    )
    periods = {
        (one.school.brin6, key, period) for one in deliveries for key, found in one.periods.items() for period in found
    }
    assert used["inschrijvingen.csv"] == len(periods)


def _double(rng: Random, rows: CsvRows) -> None:
    rows.insert(rng.randint(0, len(rows)), dict(rng.choice(rows)))


def _drop(rng: Random, rows: CsvRows) -> None:
    rows.pop(rng.randrange(len(rows)))


def _change_cell(rng: Random, rows: CsvRows) -> None:
    row, label = rng.choice(rows), rng.choice(list(rows[0]))
    row[label] = rng.choice([rng.choice(rows)[label], rng.choice(rows)[label], ""])


def _double_and_change(rng: Random, rows: CsvRows) -> None:
    row = dict(rng.choice(rows))
    label = rng.choice(list(row))
    row[label] = rng.choice([rng.choice(rows)[label], ""])
    rows.insert(rng.randint(0, len(rows)), row)


def _other_year(rng: Random, rows: CsvRows) -> None:
    row = rng.choice(rows)
    if "Schooljaar" in row:
        row["Schooljaar"] = rng.choice(["2019-2020", "2025-2026", "2027-2028"])
    elif row.get("Inschrijfdatum"):
        row["Inschrijfdatum"], row["Uitschrijfdatum"] = rng.choice(
            [("2018-08-01", "2019-08-01"), ("2026-10-01", "2026-09-01"), ("2027-03-01", ""), ("", "2026-10-01")]
        )


CHANGES: tuple[Change, ...] = (_double, _drop, _change_cell, _double_and_change, _other_year)
FILES = ("leerlingen", "inschrijvingen", "plaatsingen", "plaatsingen", "leerkrachten", "groepen", "vestigingen")


def _changed_set(seed: int) -> tuple[dict[str, CsvRows], dict[str, bytes]]:
    """Return the rows of a random school with some changes, in any order, and its files."""
    rng = Random(seed)  # noqa: S311 - a seeded school is no secret
    life = SchoolLife(seed, rng.randint(3, 25))
    for _ in range(rng.randint(0, 40)):
        life.live()
    years = [(brin6, start) for brin6 in BRIN6S for start in (START - 1, START)]
    chosen = rng.sample(years, rng.randint(1, len(years)))
    files = csv_set(life, chosen, PLAIN, {brin6: f"sleutel-{brin6}" for brin6 in BRIN6S})
    rows = {name: parse(data) for name, data in files.items()}
    for _ in range(rng.randint(0, 6)):
        if found := rows[rng.choice(FILES)]:
            rng.choice(CHANGES)(rng, found)
    for found in rows.values():
        rng.shuffle(found)
    return rows, files_of(rows, files)


def files_of(rows: dict[str, CsvRows], files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with these rows, under the headers of the others."""
    return {name: write(found, parse_header(files[name])) for name, found in rows.items()}


def content_of(deliveries: list[Delivery]) -> list[object]:
    """Return what the deliveries of a set say, without the order of their records, and without lines."""
    return [
        (
            (one.school.brin6, one.school.schooljaar, one.school.schoolkey, one.school.naam),
            {source.record for kind in (one.locaties, one.groepen) for source in kind},
            {source.record for kind in (one.leerlingen, one.leerkrachten) for source in kind},
            (dict(one.periods), one.not_placed, one.not_available),
            {(entry.brin6, entry.schooljaar, entry.leerling, entry.periods) for entry in one.elsewhere},
        )
        for one in deliveries
    ]


def parse_header(data: bytes) -> list[str]:
    """Return the labels of a file without rows."""
    return data.decode().splitlines()[0].split(",")


def test_the_sums_of_changed_sets_agree() -> None:
    """Rows doubled, shuffled, dropped, moved and changed: each is in a record or told once, or the set is refused.

    In another order the same set says the same.
    """
    taken = 0
    for seed in range(SETS):
        rows, files = _changed_set(seed)
        try:
            deliveries = csv_bron.read(files)
        except ImportRefusedError:
            continue
        taken += 1
        require_sums(deliveries)
        records = Records(deliveries)
        for name, found in rows.items():
            count = deliveries[0].rows[f"{name}.csv"]
            assert count.read == len(found), (seed, name)
            assert count.read - count.told == records.used(name, found), (seed, name)
        for found in rows.values():
            Random(seed).shuffle(found)  # noqa: S311 - as above
        assert content_of(csv_bron.read(files_of(rows, files))) == content_of(deliveries), seed
    assert taken > LEAST_TAKEN * SETS


def test_the_report_says_how_many_rows_are_not_used(tmp_path: Path) -> None:
    """A file of which a row is in no record has one line with its sum, and no other file has."""
    bench = CommandBench(tmp_path / "data")
    done = bench.taken("csv", lay_out(tmp_path, "laatste-rij-is-een-totaal"))
    assert "leerlingen.csv: 5 rows, 1 of them in no record" in done.output
    assert done.output.count("in no record") == 1
