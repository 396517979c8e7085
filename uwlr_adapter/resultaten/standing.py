"""The query of the results that stand, and the parts that the other queries of the room are made of.

A result stands as its newest version that was not taken back, unless a newer one is of another leerling.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import joined, persoon, plaatsing
from uwlr_adapter.resultaten.tables import results_message, toets

OWN = resultaat_versie.c
"""The columns of a version."""
PERSON: sa.ColumnElement[int] = sa.func.coalesce(joined.c.persoon_id, OWN.persoon_id)
"""Whom a version is of now: of two who were joined, the one."""
KNOWN = sa.exists().where(persoon.c.id == PERSON)
"""The condition that this is somebody who is known."""
VERSIONS = (
    sa.select(resultaat_versie, PERSON.label("person"), resultaat.c.afnemer_id, resultaat.c.key, toets.c.toetscode)
    .join(resultaat, resultaat.c.id == OWN.resultaat_id)
    .join(toets, toets.c.id == OWN.toets_id)
    .join(results_message, results_message.c.id == OWN.message_id)
    .outerjoin(joined, joined.c.id == OWN.persoon_id)
)
"""Every version, with the columns that `reading.version_of` reads."""
_later, _later_message = resultaat_versie.alias("later"), results_message.alias("later_message")
_later_joined = joined.alias("later_joined")
_LATER_PERSON = sa.func.coalesce(_later_joined.c.persoon_id, _later.c.persoon_id)


@dataclass(frozen=True, slots=True)
class GroepScope:
    """A restriction to the leerlingen of some groepen of one school year, by the keys of these in the records."""

    brin6: str
    schooljaar: str
    groepen: frozenset[str]
    present: frozenset[int] | None = None
    """Those of these leerlingen who are meant, such as who take part today; None: all of them."""

    @property
    def people(self) -> sa.Select[tuple[int]]:
        """The query of the ids of these leerlingen."""
        own = plaatsing.c
        query = sa.select(own.persoon_id).where(
            own.brin6 == self.brin6, own.schooljaar == self.schooljaar, own.groep_key.in_(sorted(self.groepen))
        )
        return query if self.present is None else query.where(own.persoon_id.in_(sorted(self.present)))


@dataclass(frozen=True, slots=True)
class Supposed:
    """A message that is taken to stand, or to be taken back, whichever it is."""

    message_id: int
    stands: bool


def standing(supposed: Supposed | None = None) -> sa.Select[Any]:
    """Return the query of the versions that stand, with the columns of VERSIONS."""
    return VERSIONS.where(
        _stands(results_message, supposed),
        ~sa.exists(
            sa.select(_later.c.number)
            .join(_later_message, _later_message.c.id == _later.c.message_id)
            .outerjoin(_later_joined, _later_joined.c.id == _later.c.persoon_id)
            .where(
                _later.c.resultaat_id == OWN.resultaat_id,
                _later.c.number > OWN.number,
                sa.or_(_stands(_later_message, supposed), _LATER_PERSON != PERSON),
            )
            .correlate(resultaat_versie, joined)
        ),
    )


def _stands(message: sa.FromClause, supposed: Supposed | None) -> sa.ColumnElement[bool]:
    is_there: sa.ColumnElement[bool] = message.c.taken_back_at.is_(None)
    if supposed is None:
        return is_there
    if supposed.stands:
        return sa.or_(is_there, message.c.id == supposed.message_id)
    return sa.and_(is_there, message.c.id != supposed.message_id)


def is_of(connection: sa.Connection, persons: Collection[int]) -> sa.ColumnElement[bool]:
    """Return the condition that a version is of one of these persons, by any id that they had."""
    earlier = sa.select(joined.c.id).where(joined.c.persoon_id.in_(persons))
    return OWN.persoon_id.in_([*persons, *connection.scalars(earlier)])


def sent_to(places: Collection[str] | None) -> sa.ColumnElement[bool]:
    """Return the condition that a result was sent to one of these vestigingen; without any each is."""
    return sa.true() if places is None else resultaat.c.brin6.in_(sorted(places))


def in_scope(scope: GroepScope | None) -> sa.ColumnElement[bool]:
    """Return the condition that a version is of a leerling of a scope; without one each is."""
    return sa.true() if scope is None else PERSON.in_(scope.people)


def has_leerling(connection: sa.Connection, scope: GroepScope | None, persoon_id: int) -> bool:
    """Return whether a leerling is one of a scope; without one each is."""
    if scope is None:
        return True
    return connection.scalar(scope.people.where(plaatsing.c.persoon_id == persoon_id).limit(1)) is not None
