"""The table of announced maintenance; moments are UTC."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

MAX_TEXT = 500
"""Characters of an announcement (inclusive): a few sentences."""

maintenance = sa.Table(
    "maintenance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("starts_at", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("ends_at", sa.DateTime, nullable=False, index=True, comment="UTC, exclusive"),
    sa.Column("text", sa.String(MAX_TEXT), nullable=False, comment="in Dutch, as whoever announced it wrote it"),
    sa.Column("announced_at", sa.DateTime, nullable=False),
    sa.Column("announced_by", sa.String(100), nullable=False, comment="as an actor of the journaal"),
    sa.Column("ticket", sa.String(64), unique=True, comment="of the form that made it: one form announces once"),
    sa.CheckConstraint("starts_at < ends_at", name="in_order"),
    comment="announced maintenance; a row goes when it is withdrawn, or its term passed",
)
