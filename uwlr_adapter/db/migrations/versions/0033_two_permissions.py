"""Two toestemmingen of a koppeling: leerlinggegevens go out, results come in, each with its state and its agreement.

Code of the number before goes on to work: it knows the one that every koppeling has, and refuses results. The first
koppeling of which leerlinggegevens are paused alone, or were never agreed to, refuses that code from then on.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for name, none in (("leerlinggegevens", "on, as older code has it"), ("resultaten", "never agreed to")):
        op.add_column("koppeling", sa.Column(name, sa.String(16), comment=f"state of this toestemming; none: {none}"))
        op.add_column(
            "koppeling",
            sa.Column(f"{name}_since", sa.DateTime, comment="UTC, of its last act; none: as it was activated"),
        )
        op.add_column("koppeling", sa.Column(f"{name}_by", sa.String(100), comment="the actor of that act"))
    for column in (
        sa.Column("resultaten_login", sa.String(64), comment="of the agreement to send results"),
        sa.Column("resultaten_naam", sa.String(200), comment="as typed"),
        sa.Column("resultaten_at", sa.DateTime),
        sa.Column("resultaten_voorwaarden", sa.String(40), comment="version of those terms"),
        sa.Column("resultaten_tekst", sa.String(40), comment="digest of their text"),
    ):
        op.add_column("koppeling", column)
    op.add_column(
        "earlier_akkoord",
        sa.Column("toestemming", sa.String(24), comment="what was agreed to; none: leerlinggegevens uit"),
    )
    for column in (
        sa.Column("results_at", sa.DateTime, comment="the last call that brought results and was answered"),
        sa.Column("results_refused_since", sa.DateTime, comment="the first one that was refused, since that or an act"),
        sa.Column("results_refused_at", sa.DateTime, comment="the last one that was refused, since that or an act"),
        sa.Column("results_reason", sa.String(40), comment="of that one"),
    ):
        op.add_column("koppeling_calls", column)
    op.execute("UPDATE schema_version SET number = 33")
