"""Every row of an EDEXML file is in a record or is told: the sums agree, whatever the file."""

import gzip
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from support.edexml_files import CORPUS, EdexmlCase, make_dataset, read_manifest, to_edexml

from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem, RowCount, Severity
from uwlr_adapter.administratie.sources.edexml import edexml, rows
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie

FILES = 20_000 if os.environ.get("UWLR_LONG") else 300
"""Random files."""
ODD = (
    *("", " ", "\u00a0", ".", "x" * 300, "-0001-01-01", "9999-12-31", "2026-02-30", "2026-08-01Z", "2026-08-01"),
    *("2026-07-31T22:00:00Z", "0001-01-01", "Zo\u0092", "Zo\ufffd", "C", "1", "G1", "plus", "N", "bestaat-niet"),
)
"""Texts and keys of random files; some fit somewhere."""
FIELDS = (
    *("achternaam", "voorvoegsel", "roepnaam", "geboortedatum", "jaargroep", "instroomdatum", "uitstroomdatum"),
    *("groep", "samengestelde_groepen", "vestiging", "groepen", "rol", "huisdier", "bsn", "mutatiedatum"),
)


TELLING = {
    "plaatsingen": ("leerling/groep", "leerling/samengestelde_groepen"),
    "inschrijvingen": ("leerling/instroomdatum", "leerling/uitstroomdatum"),
    "locaties van leerlingen": ("leerling/vestiging",),
    "groepen van leerkrachten": ("leerkracht/groepen",),
}
"""The elements at which a warning tells a row of each kind that can be left out of a file that is taken."""


def count(data: bytes) -> Counter[str]:
    """Count the rows of a file, with loops of its own over the elements as they stand."""
    found: Counter[str] = Counter()
    for section in etree.fromstring(data):
        for record in section:
            found[str(section.tag)] += 1
            if section.tag not in {"leerlingen", "leerkrachten"}:
                continue
            dated = False
            for field in record:
                match (record.tag, field.tag):
                    case ("leerling", "groep"):
                        found["plaatsingen"] += 1
                    case ("leerling", "samengestelde_groepen"):
                        found["plaatsingen"] += sum(one.tag == "samengestelde_groep" for one in field)
                    case ("leerling", "vestiging"):
                        found["locaties van leerlingen"] += 1
                    case ("leerkracht", "groepen"):
                        references = [one for one in field if one.tag in {"groep", "samengestelde_groep"}]
                        found["groepen van leerkrachten"] += len(references)
                    case ("leerling", "instroomdatum" | "uitstroomdatum"):
                        dated = dated or bool((field.text or "").strip())
            found["inschrijvingen"] += dated
    found["locaties"] = found.pop("vestigingen", 0)
    del found["school"]
    return found


def check(delivery: Delivery, data: bytes) -> None:
    """Hold the sums of a delivery against its file: read is what is there, and read - told is in the records."""
    assert {kind: sums.read for kind, sums in delivery.rows.items() if sums.read} == dict(+count(data))
    assert rows.unexplained(delivery) == {}
    records = rows.records(delivery)
    assert {kind: sums.read - sums.told for kind, sums in delivery.rows.items()} == records
    for kind, sums in delivery.rows.items():
        assert sums.told <= sum(rows_told(warning, TELLING.get(kind, ())) for warning in delivery.warnings), kind


def rows_told(warning: Problem, elements: tuple[str, ...]) -> int:
    """Return how many rows a warning at a line tells at most, when it is about one of these elements."""
    is_there = warning.severity is Severity.WARNING and warning.line > 0 and "left out" in warning.reason
    if not is_there or not any(warning.element == one or warning.element.startswith(f"{one}/") for one in elements):
        return 0
    found = re.search(r"\((\d+) references\)", warning.reason)
    return int(found[1]) if found else 1


@pytest.mark.parametrize("case", [one for one in read_manifest() if one.verdict == "taken"], ids=lambda one: one.naam)
def test_the_sums_of_the_corpus_agree(case: EdexmlCase) -> None:
    """Each file of the corpus that is taken has every row in a record, or told."""
    delivery = edexml.read(case.data)
    assert rows.unexplained(delivery) == {}
    assert delivery.rows["leerlingen"] == RowCount(2)


def test_the_sums_of_the_published_example_agree() -> None:
    """The published EDEXML 2.1 example too."""
    folder = os.environ.get("UWLR_STANDARD")
    if not folder:
        pytest.skip("UWLR_STANDARD does not name the published files")
    data = (Path(folder) / "edexml-2.1" / "EDEXML.Voorbeeld.2.1.xml").read_bytes()
    check(edexml.read(data), data)


def test_what_is_removed_is_counted_in_its_warning() -> None:
    """A second list of groups goes as a whole, and its warning says how many groups are in it."""
    dataset = make_dataset(
        [Leerling("1", roepnaam="Bo", samengestelde_groepen=("a",))],
        groepen=[Groep("samengestelde_groep", key, key) for key in "abc"],
    )
    more = '<samengestelde_groepen><samengestelde_groep key="b"/><samengestelde_groep key="c"/></samengestelde_groepen>'
    data = to_edexml(dataset).replace(b"</leerling>", f"{more}</leerling>".encode())
    delivery = edexml.read(data)
    assert delivery.rows["plaatsingen"] == RowCount(3, 2)
    assert [warning.reason for warning in delivery.warnings] == [
        "there twice, and UWLR has it once: left out (2 references)"
    ]
    check(delivery, data)


@pytest.mark.parametrize(
    ("leerling", "told"),
    [
        (Leerling("1", roepnaam="Bo", uitstroomdatum="9999-12-31"), 1),
        (Leerling("1", roepnaam="Bo", instroomdatum="0001-01-01", uitstroomdatum="9999-12-31"), 1),
        (Leerling("1", roepnaam="Bo", instroomdatum="2026-08-01", uitstroomdatum="9999-12-31"), 0),
        (Leerling("1", roepnaam="Bo", instroomdatum="2026-08-01Z"), 0),
    ],
)
def test_a_period_without_a_day_left_is_told(leerling: Leerling, told: int) -> None:
    """A period of which no date could be kept is in no record any more; one that kept a date is."""
    data = to_edexml(make_dataset([leerling]))
    delivery = edexml.read(data)
    assert delivery.rows["inschrijvingen"] == RowCount(1, told)
    check(delivery, data)


def test_a_row_that_gets_lost_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sums are no formality: a reader that loses a row without counting it says so itself."""
    dataset = make_dataset([Leerling("1", roepnaam="Bo", groep="a")], groepen=[Groep("groep", "a", "A", "4")])
    assert edexml.read(to_edexml(dataset)).warnings == ()
    monkeypatch.setattr(rows, "within", lambda _: Counter())
    delivery = edexml.read(to_edexml(dataset).replace(b'<groep key="a"/>', b'<groep key="a"/><groep key="a"/>'))
    assert rows.unexplained(delivery) == {"plaatsingen": 1}
    first = delivery.warnings[0]
    assert (first.element, first.reason[:14]) == ("plaatsingen", "1 in the file ")


def _file(seed: int) -> bytes:
    """Return a random file: a small school in which some elements are doubled, odd, empty or in another place."""
    chance = random.Random(seed)  # noqa: S311 - a test wants the same files each time
    school = make_dataset(
        [
            Leerling(
                str(number), roepnaam="Bo", groep="G1", samengestelde_groepen=("plus",), instroomdatum="2026-08-01"
            )
            for number in range(chance.randint(1, 4))
        ],
        groepen=[Groep("groep", "G1", "4A", "4"), Groep("samengestelde_groep", "plus", "Plus")],
        locaties=[Locatie("N", "Noord")],
        leerkrachten=[Leerkracht("M1", achternaam="Leraar", groepen=(GroepVerwijzing("groep", "G1"),))],
    )
    edex = etree.fromstring(to_edexml(school))
    for record in [*edex.iterfind("leerlingen/*"), *edex.iterfind("leerkrachten/*")]:
        for field in _odd_fields(chance):
            record.insert(chance.randint(0, len(record)), field)
        if chance.random() < 0.2 and len(record):
            record.remove(record[chance.randrange(len(record))])
    return etree.tostring(edex, encoding="utf-8", xml_declaration=True)


def _odd_fields(chance: random.Random) -> Iterator[etree._Element]:
    for name in chance.choices(FIELDS, k=chance.choice((0, 0, 1, 2))):
        field = etree.Element(name)
        if name in {"groep", "vestiging"}:
            field.set("key", chance.choice(("G1", "G1", "N", "N", "plus")))
        elif name in {"samengestelde_groepen", "groepen"}:
            for kind in chance.choices(("groep", "samengestelde_groep", "huisdier"), k=chance.randint(0, 3)):
                etree.SubElement(field, kind, key={"groep": "G1"}.get(kind, "plus"))
        else:
            field.text = chance.choice(ODD)
        yield field


def test_the_sums_of_random_files_agree() -> None:
    """No doubled, odd, empty or misplaced element makes a row vanish without a word."""
    figures: Counter[str] = Counter()
    for seed in range(FILES):
        data = _file(seed)
        try:
            delivery = edexml.read(data)
        except ImportRefusedError:
            continue
        check(delivery, data)
        rows_of = delivery.rows.values()
        figures += Counter(
            taken=1,
            rows=sum(sums.read for sums in rows_of),
            told=sum(sums.told for sums in rows_of),
            telling=any(sums.told for sums in rows_of),
        )
    print({"files": FILES, **figures})  # noqa: T201 - the figures of this test
    assert figures["taken"] > FILES / 5, "most files refused would prove little"
    assert figures["telling"] > FILES / 20


def test_a_packed_file_is_no_file_without_rows() -> None:
    """What cannot be read is refused, and never a delivery without rows."""
    with pytest.raises(ImportRefusedError):
        edexml.read(gzip.compress((CORPUS / "versie-2.1.xml").read_bytes()))
