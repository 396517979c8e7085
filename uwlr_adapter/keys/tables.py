"""The table of the server keys: a check value of each, never a key."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

DIGEST = sa.String(96)
"""The type of a column that holds `keyname:hexdigest`."""
NAMES_SERVER_KEY = {"server_key": "named"}
"""The mark (`info`) of a column whose text starts with the name of the server key that it needs.

With `until`, the name of a column of moments: after that moment the text is no longer used.
"""

server_key = sa.Table(
    "server_key",
    metadata,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("check_value", DIGEST, nullable=False, comment="tells this key from another one; gives nothing away"),
    comment="which server keys this database was used with; the keys themselves stand elsewhere",
)
