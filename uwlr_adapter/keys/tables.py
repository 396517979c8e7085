"""The tables of the server keys: a check value of each, never a key; and which processes hold which of them."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

DIGEST = sa.String(96)
"""The type of a column that holds `keyname:hexdigest`."""
USES: tuple[tuple[str, str, str | None], ...] = (
    ("afnemer", "klantcode_digest", None),
    ("afnemer", "previous_digest", "previous_until"),
    ("koppeling", "code_digest", None),
    ("gebruiker", "totp_secret", None),
)
"""Table and column of every text that starts with the name of the server key that it needs.

The third, if any, is the column of the moment after which the text is no longer used. Names instead of tables: those
are in rooms above this one, and a command that does not need them does not load them.
"""

server_key = sa.Table(
    "server_key",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("check_value", DIGEST, nullable=False, comment="tells this key from another one; gives nothing away"),
    sa.Column("used_since", sa.DateTime, comment="since when new digests are made under it, or last were"),
    sa.Column("replaced_at", sa.DateTime, comment="when another key took that over; none: it is in use, or never was"),
    sa.Column("removed_at", sa.DateTime, comment="when it was said that nothing needs it any more"),
    sa.Column("changed_by", sa.String(100), comment="actor of the last of these changes"),
    comment="which server keys this database was used with; the keys themselves stand elsewhere",
)
key_holder = sa.Table(
    "key_holder",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True, comment="random, of one process"),
    sa.Column("machine", sa.String(64), nullable=False),
    sa.Column("process", sa.Integer, nullable=False, comment="its number on that machine"),
    sa.Column("started_at", sa.DateTime, nullable=False),
    sa.Column("seen_at", sa.DateTime, nullable=False, comment="UTC, when it last told that it lives"),
    sa.Column("holds", sa.Text, nullable=False, comment="names of its server keys, separated by commas"),
    sa.Column("uses", sa.String(16), nullable=False, comment="the key under which it makes new digests"),
    comment="the serving processes and the server keys that each holds; a process that ends removes its row",
)
