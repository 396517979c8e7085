"""Which leerling a message names: one of this vestiging in that school year, by key or by ECK-iD, or nobody.

A leerling of another school, or of another vestiging, is told apart from one who does not exist by nothing. The
transaction holds the school (`schools.lock_school`), so that nobody is forgotten, joined or corrected meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.forgotten import forgotten_of
from uwlr_adapter.administratie.importing.used_keys import used_keys_of
from uwlr_adapter.administratie.tables import (
    PersonKind,
    deelname,
    persoon,
    record_removed,
    source_key,
    vestiging,
    withheld,
)
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import schooljaar_of
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten, Toetsafname
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.listed import Listed, as_list
from uwlr_adapter.db.statements import Query, Row, SelectStatement
from uwlr_adapter.koppelingen.tables import koppeling


class NotProcessedReason(StrEnum):
    """Why the results of a leerlingid were not taken."""

    UNKNOWN = "unknown"
    """No leerling of this vestiging has it in that school year."""
    TWO_PEOPLE = "two-people"
    """The leerlingid and the ECK-iD beside it are of two people."""
    WITHHELD = "withheld"
    """The leerling is withheld from the koppeling (Niet delen)."""


@dataclass(frozen=True, slots=True)
class Known:
    """The persons of a school whom a message may name, and who of them may be taken for one of the vestiging."""

    by_key: Mapping[str, int]
    by_source_key: Mapping[str, int]
    by_eckid: Mapping[str, int]
    years: Mapping[int, frozenset[str]]
    """The school years in which each of them is, or was, at the vestiging."""
    eckids: Mapping[int, str | None]
    withheld: frozenset[int]

    def find(self, afname: Toetsafname, schooljaar: str) -> int | NotProcessedReason:
        """Return the id of the leerling, or why the results are not taken. Pure."""
        named = self._named(afname.leerlingid)
        if afname.eckid is not None:
            by_eckid = self.by_eckid.get(afname.eckid)
            if named is not None and by_eckid != named and (by_eckid is not None or self.eckids[named] is not None):
                return NotProcessedReason.TWO_PEOPLE
            named = by_eckid if named is None else named
        if named is None or self.years.get(named, frozenset()).isdisjoint(_years_of(afname, schooljaar)):
            return NotProcessedReason.UNKNOWN
        return NotProcessedReason.WITHHELD if named in self.withheld else named

    def _named(self, leerlingid: str) -> int | None:
        for names in (self.by_key, self.by_source_key, self.by_eckid):
            if (found := names.get(leerlingid)) is not None:
                return found
        return None


def _years_of(afname: Toetsafname, schooljaar: str) -> frozenset[str]:
    """Return the school year of the message and those in which the work was done: July's is sent in August."""
    days = {one.afnamedatum for one in afname.resultaten}
    return frozenset({schooljaar, *map(schooljaar_of, days)})


_OWN = persoon.c
_OF_SCHOOL = (_OWN.soort == PersonKind.LEERLING.value, _OWN.brincode == sa.bindparam("brincode", type_=sa.String()))
_ALIAS = source_key.c
_BY_KEY = SelectStatement(sa.select(_OWN.key, _OWN.id).where(*_OF_SCHOOL, Listed(_OWN.key, "named")))
_BY_SOURCE_KEY = SelectStatement(
    sa.select(_ALIAS.key, _ALIAS.persoon_id).where(
        _ALIAS.soort == PersonKind.LEERLING.value,
        _ALIAS.brincode == sa.bindparam("brincode", type_=sa.String()),
        Listed(_ALIAS.key, "named"),
    )
)
_BY_ECKID = SelectStatement(sa.select(_OWN.eckid, _OWN.id).where(*_OF_SCHOOL, Listed(_OWN.eckid, "named")))
_AT_VESTIGING = SelectStatement(
    sa.select(deelname.c.persoon_id, deelname.c.schooljaar).where(
        deelname.c.brin6 == sa.bindparam("brin6", type_=sa.String()), Listed(deelname.c.persoon_id, "ids")
    )
)
_ELSEWHERE = (
    sa.exists()
    .where(
        vestiging.c.brincode == sa.bindparam("brincode", type_=sa.String()),
        vestiging.c.brin6 != sa.bindparam("brin6", type_=sa.String()),
    )
    .label("elsewhere")
)
_REMOVED = SelectStatement(
    sa.select(record_removed.c.persoon_id, record_removed.c.day, _ELSEWHERE).where(
        Listed(record_removed.c.persoon_id, "ids")
    )
)
_ECKIDS = SelectStatement(sa.select(_OWN.id, _OWN.eckid).where(Listed(_OWN.id, "ids")))
_WITHHELD = SelectStatement(
    sa.select(withheld.c.persoon_id)
    .join(koppeling, koppeling.c.id == withheld.c.koppeling_id)
    .where(
        koppeling.c.afnemer_id == sa.bindparam("afnemer_id", type_=sa.Integer()),
        koppeling.c.brin6 == sa.bindparam("brin6", type_=sa.String()),
    )
)


def known_by(connection: sa.Connection, afnemer_id: int, brin6: str, message: Leerresultaten) -> Known:
    """Return the leerlingen whom a message for a vestiging may name."""
    leerlingids = {afname.leerlingid for afname in message.toetsafnames}
    eckids = leerlingids | {afname.eckid for afname in message.toetsafnames if afname.eckid is not None}
    of_school = {"brincode": brincode_of(brin6)}
    by_name = {**of_school, "named": as_list(sorted(leerlingids))}
    queries = [
        Query(_BY_KEY, by_name),
        Query(_BY_SOURCE_KEY, by_name),
        Query(_BY_ECKID, {**of_school, "named": as_list(sorted(eckids))}),
    ]
    by_key, by_source_key, by_eckid = (dict[str, int](rows) for rows in run(connection, queries))
    ids = as_list(sorted({*by_key.values(), *by_source_key.values(), *by_eckid.values()}))
    queries = [
        Query(_AT_VESTIGING, {"brin6": brin6, "ids": ids}),
        Query(_REMOVED, {**of_school, "brin6": brin6, "ids": ids}),
        Query(_ECKIDS, {"ids": ids}),
        Query(_WITHHELD, {"afnemer_id": afnemer_id, "brin6": brin6}),
    ]
    at_vestiging, removed, of_each, not_shared = run(connection, queries)
    eckid_of: dict[int, str | None] = dict(of_each)
    return Known(
        by_key,
        _without_erased(connection, brincode_of(brin6), by_key, by_source_key, eckid_of),
        by_eckid,
        _years(at_vestiging, removed),
        eckid_of,
        frozenset(row[0] for row in not_shared),
    )


def _without_erased(
    connection: sa.Connection,
    brincode: str,
    by_key: Mapping[str, int],
    by_source_key: Mapping[str, int],
    eckids: Mapping[int, str | None],
) -> Mapping[str, int]:
    """Return the keys of sources that name somebody, without those by which somebody who was erased was sent.

    A source hands a number out again, and its next owner leaves with another key: a platform that still names the
    number means the one who was erased.
    """
    aliases = by_source_key.keys() - by_key.keys()
    if not aliases:  # as nearly always: the key that leaves is that of the source
        return by_source_key
    was_used = used_keys_of(connection, brincode, PersonKind.LEERLING).is_of_another
    was_forgotten = forgotten_of(connection, brincode).knows
    erased = {key for key in aliases if was_used(key, eckids[by_source_key[key]]) or was_forgotten(key)}
    return {key: id_ for key, id_ in by_source_key.items() if key not in erased}


def _years(at_vestiging: Iterable[Row], removed: Iterable[Row]) -> dict[int, frozenset[str]]:
    """Return the school years in which persons are at a vestiging, or were taken out of one while it ran.

    Of who is in no year of the vestiging any more it is not kept where that was: an earlier year there tells, and so
    does a school without another vestiging.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for id_, schooljaar in at_vestiging:
        found[id_].add(schooljaar)
    for id_, day, has_elsewhere in removed:
        if id_ in found or not has_elsewhere:
            found[id_].add(schooljaar_of(day))
    return {id_: frozenset(years) for id_, years in found.items()}
