"""The SQLAlchemy metadata that every table of the package registers with."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the package; the names of constraints are fixed, so that migrations can name them on each database."""

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""The type of a 64-bit id that the database hands out: SQLite numbers rows itself only in an INTEGER PRIMARY KEY."""
