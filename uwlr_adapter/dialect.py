"""What SQLite and PostgreSQL each need, so that the rooms above see one kind of database."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Give an insert that can say what happens when the row is there already (`on_conflict_do_update`)."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
