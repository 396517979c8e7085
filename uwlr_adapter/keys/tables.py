"""The table of the server keys: a check value of each, never a key."""

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
    comment="which server keys this database was used with; the keys themselves stand elsewhere",
)
