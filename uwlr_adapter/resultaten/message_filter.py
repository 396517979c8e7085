"""Which messages with results are wanted."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.resultaten.standing import OWN, VERSIONS, GroepScope, in_scope
from uwlr_adapter.resultaten.tables import results_message


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """Which messages are wanted: those of one afnemer, taken from a moment (inclusive) until another (exclusive)."""

    afnemer_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    scope: GroepScope | None = None
    """Those alone that brought something of one of these leerlingen."""

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on a row."""
        own = results_message.c
        found: list[sa.ColumnElement[bool]] = []
        if self.afnemer_id is not None:
            found.append(own.afnemer_id == self.afnemer_id)
        if self.since is not None:
            found.append(own.moment >= to_utc(self.since))
        if self.until is not None:
            found.append(own.moment < to_utc(self.until))
        if self.scope is not None:
            found.append(own.id.in_(VERSIONS.where(in_scope(self.scope)).with_only_columns(OWN.message_id)))
        return found


EVERY_MESSAGE = MessageFilter()
