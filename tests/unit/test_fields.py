"""The table of fields: what derives from it, and what a field of an invented version does."""

from dataclasses import replace

import pytest
from lxml import etree

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.edexml.judge import left_out_somewhere
from uwlr_adapter.administratie.sources.edexml.tree import EdexmlTree
from uwlr_adapter.administratie.tables import aanstelling, deelname, groep, locatie
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie
from uwlr_adapter.contract.fields import (
    ELEMENTS,
    FIELDS,
    SET_NAMES,
    Field,
    attribute_of,
    carried_by,
    covering_versions,
    not_carried_everywhere,
    plain_columns,
)
from uwlr_adapter.contract.versions import VERSIONS

LATER = "9.9"
SERVED = (*VERSIONS, LATER)
VOORBEELD = Field("leerling", "voorbeeldveld", "voorbeeld", "- - o", since=LATER)
TABLE = (*FIELDS, VOORBEELD)


def test_each_field_stands_once() -> None:
    """No record has two fields of one element, and every mark is one that profiles know."""
    assert len({field.path for field in FIELDS}) == len(FIELDS)
    for field in FIELDS:
        assert len(field.marks.split()) == len(SET_NAMES)
        assert set(field.marks.replace(" ", "")) <= set("-oR")
        assert field.word


@pytest.mark.parametrize(
    ("record", "kinds"),
    [("leerling", (Leerling,)), ("leerkracht", (Leerkracht,)), ("groep", (Groep,)), ("vestiging", (Locatie,))],
)
def test_the_records_hold_every_field(record: str, kinds: tuple[type]) -> None:
    """A record of an answer has an attribute for each of its fields."""
    (kind,) = kinds
    for element in ELEMENTS[record]:
        assert attribute_of(element) in kind.__annotations__


def test_the_tables_hold_every_plain_field() -> None:
    """Each field that is one text has a column in the table of its record."""
    tables = {"leerling": deelname, "leerkracht": aanstelling, "groep": groep, "vestiging": locatie}
    for record, table in tables.items():
        assert {*plain_columns(record)} <= {*table.c.keys()}


def test_the_csv_set_has_each_label() -> None:
    """A field with a label has its column in the CSV set, at the element that it becomes."""
    paths = {(column.label, column.path) for columns in COLUMNS.values() for column in columns.values()}
    for field in FIELDS:
        if field.csv:
            label = field.csv.rpartition("/")[2].rstrip("*!")
            assert (label, "rol" if field.kind == "rollen" else field.element) in paths


def test_the_place_of_a_new_column() -> None:
    """The columns of fields keep the order of UWLR, also in a file where a national number comes last."""
    labels = list(COLUMNS["leerlingen"])
    assert labels[:3] == ["Sleutel", "ECK-iD", "Achternaam"]
    assert labels[-5:] == ["Mutatiedatum", "Sofinummer", "BSN", "Onderwijsnummer", "Rijksregisternummer"]


@pytest.mark.parametrize(("marks", "expected"), [("o", "ooo"), ("R-", "R--"), ("Ro-", "Ro-"), ("-", "---")], ids=str)
def test_the_marks_per_version(marks: str, expected: str) -> None:
    """One mark holds for every version; the last of several also holds for what comes later."""
    field = Field("leerling", "x", "x", f"{marks} - o")
    assert "".join(field.mark("smalle set", column) for column in range(3)) == expected


def test_a_field_of_a_later_version() -> None:
    """It exists from its version on; that version is needed beside the usual one to carry everything."""
    assert VOORBEELD not in carried_by("2.3", TABLE, SERVED)
    assert VOORBEELD in carried_by(LATER, TABLE, SERVED)
    assert covering_versions(TABLE, SERVED) == ("2.2", LATER)
    assert not_carried_everywhere(TABLE, SERVED) == {"leerling/voorbeeldveld": list(VERSIONS)}


def test_today_every_version_carries_every_field() -> None:
    """So one schema judges an import, and no report says that a version leaves something out."""
    assert covering_versions() == ("2.2",)
    assert not_carried_everywhere() == {}
    old = replace(VOORBEELD, since=VERSIONS[0])
    assert not_carried_everywhere((*FIELDS, old)) == {}


def make_tree(*elements: str) -> EdexmlTree:
    """Return the tree of a file with one leerling per element."""
    leerlingen = "".join(f"<leerling key='{place}'>{one}</leerling>" for place, one in enumerate(elements))
    tree = EdexmlTree(etree.fromstring(f"<EDEX><leerlingen>{leerlingen}</leerlingen></EDEX>"))
    for element in tree.payload.iter(etree.Element):
        element.tag = f"{{{tree.answer.tag[1:].rpartition('}')[0]}}}{element.tag}"
    return tree


def test_an_import_says_which_version_leaves_a_field_out() -> None:
    """One line for a field, however many records have it; none for a file without it."""
    tree = make_tree("<roepnaam>Bo</roepnaam>", "<voorbeeldveld>1</voorbeeldveld>", "<voorbeeldveld>2</voorbeeldveld>")
    (problem,) = left_out_somewhere(tree, TABLE, SERVED)
    assert problem.element == "leerling/voorbeeldveld"
    assert "UWLR 2.1, 2.2, 2.3 cannot carry it" in problem.reason
    assert list(left_out_somewhere(make_tree("<roepnaam>Bo</roepnaam>"), TABLE, SERVED)) == []
    assert list(left_out_somewhere(tree)) == []
