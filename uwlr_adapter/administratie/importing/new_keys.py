"""Keys that changed: persons go from a year while others with the same name and birth date come. Pure."""

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableRow
from uwlr_adapter.administratie.importing.naming import Pair, day_of_birth, fold, fold_achternaam, given_name

_ENOUGH = 2
"""Of roepnaam, achternaam and geboortedatum so many must be known: one alone is common to many."""


def same_persons(table: sa.Table, gone: Iterable[TableRow], came: Iterable[TableRow]) -> list[tuple[int, int]]:
    """Return the pairs of ids of persons who go and who come under the same name and birth date.

    The rows are of `deelname` or `aanstelling`. Names are compared as for identity (`naming`); each
    person is in one pair at most.
    """
    columns = table.columns.keys()
    persoon_id = columns.index("persoon_id")
    waiting: defaultdict[Pair, list[int]] = defaultdict(list)
    for row in gone:
        if identity := _identity(columns, row):
            waiting[identity].append(row[persoon_id])
    if not waiting:
        return []
    pairs = []
    for row in came:
        identity = _identity(columns, row)
        if identity and waiting.get(identity):
            pairs.append((waiting[identity].pop(0), row[persoon_id]))
    return pairs


def _identity(columns: list[str], row: TableRow) -> Pair | None:
    """Return what says who somebody is, None when too little is known."""
    values = dict(zip(columns, row, strict=True))
    roepnaam = given_name(values["roepnaam"], values["voornamen"], values["voorletters_1"])
    found = fold(roepnaam), fold_achternaam(values["achternaam"]), day_of_birth(values.get("geboortedatum"))
    return found if sum(map(bool, found)) >= _ENOUGH else None
