"""What taking back a message changes, and what putting it back changes: counted before it is done."""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.resultaten.standing import KNOWN, OWN, PERSON, VERSIONS, Supposed, standing


@dataclass(frozen=True, slots=True)
class Consequences:
    """Counts of results, of leerlingen who are known; the same whether or not the message was taken back."""

    brought: int
    """The results of which it brought a version."""
    stands: int
    """Those that stand as it says, while it is not taken back; the others were replaced since."""
    leerlingen: int
    """Of whom these are."""
    earlier: int
    """Those of them of which an earlier version stands while it is taken back."""

    @property
    def gone(self) -> int:
        """Those of which nothing stands while it is taken back."""
        return self.stands - self.earlier

    @property
    def as_text(self) -> str:
        """The counts as a form carries them, to see whether they are still what was shown."""
        return f"{self.brought}-{self.stands}-{self.leerlingen}-{self.earlier}"


def consequences_of(connection: sa.Connection, message_id: int) -> Consequences:
    """Return what taking back a message, or putting it back, changes as things stand."""
    its = sa.and_(OWN.message_id == message_id, KNOWN)
    own = standing(Supposed(message_id, stands=True)).where(its).with_only_columns(OWN.resultaat_id, PERSON.label("of"))
    shown = own.subquery()
    stands, leerlingen = connection.execute(
        sa.select(sa.func.count(), sa.func.count(sa.distinct(shown.c.of))).select_from(shown)
    ).one()
    without = standing(Supposed(message_id, stands=False)).where(OWN.resultaat_id.in_(sa.select(shown.c.resultaat_id)))
    return Consequences(
        _count(connection, VERSIONS.where(its)), stands, leerlingen, _count(connection, without) if stands else 0
    )


def _count(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> int:
    return (
        connection.scalar(sa.select(sa.func.count()).select_from(query.with_only_columns(OWN.number).subquery())) or 0
    )
