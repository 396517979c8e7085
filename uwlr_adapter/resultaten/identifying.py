"""Which leerling a message names: one of this vestiging in that school year, by key or by ECK-iD, or nobody.

A leerling of another school, or of another vestiging, is told apart from one who does not exist by nothing. The
transaction holds the school (`schools.lock_school`), so that nobody is forgotten, joined or corrected meanwhile.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.tables import PersonKind, deelname, persoon, record_removed, source_key, withheld
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import schooljaar_of
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten, Toetsafname
from uwlr_adapter.db import bulk
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
    return frozenset({schooljaar, *(schooljaar_of(one.afnamedatum) for one in afname.resultaten)})


def known_by(connection: sa.Connection, afnemer_id: int, brin6: str, message: Leerresultaten) -> Known:
    """Return the leerlingen whom a message for a vestiging may name."""
    brincode = brincode_of(brin6)
    named = {afname.leerlingid for afname in message.toetsafnames}
    eckids = named | {afname.eckid for afname in message.toetsafnames if afname.eckid is not None}
    own = persoon.c
    by_key, by_source_key, by_eckid = dict[str, int](), dict[str, int](), dict[str, int]()
    of_school = (own.soort == PersonKind.LEERLING.value, own.brincode == brincode)
    for some in bulk.pieces(sorted(named), AT_ONCE):
        query = sa.select(own.key, own.id).where(*of_school, own.key.in_(some))
        by_key.update((row[0], row[1]) for row in connection.execute(query))
        aliases = sa.select(source_key.c.key, source_key.c.persoon_id).where(
            source_key.c.soort == PersonKind.LEERLING.value,
            source_key.c.brincode == brincode,
            source_key.c.key.in_(some),
        )
        by_source_key.update((row[0], row[1]) for row in connection.execute(aliases))
    for some in bulk.pieces(sorted(eckids), AT_ONCE):
        query = sa.select(own.eckid, own.id).where(*of_school, own.eckid.in_(some))
        by_eckid.update((row[0], row[1]) for row in connection.execute(query))
    ids = {*by_key.values(), *by_source_key.values(), *by_eckid.values()}
    return Known(
        by_key,
        by_source_key,
        by_eckid,
        _years(connection, brin6, ids),
        _eckids(connection, ids),
        _withheld(connection, afnemer_id, brin6),
    )


def _years(connection: sa.Connection, brin6: str, ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the school years in which persons are at a vestiging, or were taken out of one while it ran.

    Of who is in no year of the vestiging any more it is not known where that was: an earlier year there tells.
    """
    found: dict[int, set[str]] = defaultdict(set)
    for some in bulk.pieces(sorted(ids), AT_ONCE):
        own = sa.select(deelname.c.persoon_id, deelname.c.schooljaar)
        for id_, schooljaar in connection.execute(
            own.where(deelname.c.brin6 == brin6, deelname.c.persoon_id.in_(some))
        ):
            found[id_].add(schooljaar)
        left = sa.select(record_removed.c.persoon_id, record_removed.c.day)
        for id_, day in connection.execute(left.where(record_removed.c.persoon_id.in_(some))):
            if id_ in found:
                found[id_].add(schooljaar_of(day))
    return {id_: frozenset(years) for id_, years in found.items()}


def _eckids(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str | None]:
    found: dict[int, str | None] = {}
    for some in bulk.pieces(sorted(ids), AT_ONCE):
        query = sa.select(persoon.c.id, persoon.c.eckid).where(persoon.c.id.in_(some))
        found.update((row[0], row[1]) for row in connection.execute(query))
    return found


def _withheld(connection: sa.Connection, afnemer_id: int, brin6: str) -> frozenset[int]:
    query = (
        sa.select(withheld.c.persoon_id)
        .join(koppeling, koppeling.c.id == withheld.c.koppeling_id)
        .where(koppeling.c.afnemer_id == afnemer_id, koppeling.c.brin6 == brin6)
    )
    return frozenset(connection.scalars(query))
