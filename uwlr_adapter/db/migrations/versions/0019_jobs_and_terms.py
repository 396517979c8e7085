"""The jobs with their lease, the counts of what was erased, how old records are, and what the term of a leaver needs.

Code of the number before goes on to work. What it takes out of a school year meanwhile counts as gone since the end of
the last year that is left.

A database of before does not say when a person was taken out of a year. Persons without a year from the present one on
count as taken out today, unless their last year is older than the past one: nobody is erased too early.

Revision ID: 0019
Revises: 0018
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from uwlr_adapter.clock import day_of, schooljaar_of

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and a day for everybody who may have left in this school year or the one before."""
    op.create_table(
        "job",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("known_since", sa.DateTime, nullable=False, comment="UTC, as all moments here: of the database"),
        sa.Column("holder", sa.String(100), comment="the process that runs it; none: nobody"),
        sa.Column("held_until", sa.DateTime, comment="from then on another process may take it over"),
        sa.Column("started_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("outcome", sa.String(20), comment="done, failed, stopped or interrupted; of the last run"),
        sa.Column("seconds", sa.Float),
        sa.Column("handled", sa.Integer, comment="the rows that it was about"),
        sa.Column("succeeded_at", sa.DateTime, comment="when it last ended well"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0", comment="runs that failed, ever"),
        sa.PrimaryKeyConstraint("name", name="pk_job"),
        comment="periodic work: one row is one job, and its lease",
    )
    op.create_table(
        "erased",
        sa.Column("day", sa.Date, nullable=False, comment="in Amsterdam"),
        sa.Column("what", sa.String(40), nullable=False),
        sa.Column("occurrences", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("day", "what", name="pk_erased"),
        comment="how much was erased because its term passed: no name, no key",
    )
    op.create_table(
        "records_age",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("taken_at", sa.DateTime, comment="UTC, the last import that was taken; none: not known"),
        sa.Column("stale_since", sa.DateTime, comment="UTC, since when imports were not taken"),
        sa.PrimaryKeyConstraint("brin6", name="pk_records_age"),
        comment="how old the records of each vestiging are, noted by a job",
    )
    op.create_table(
        "used_key",
        sa.Column("brincode", sa.String(4), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False, comment="of this person only"),
        sa.Column("digest", sa.String(64), nullable=False, comment="of a key or the ECK-iD, with the salt"),
        sa.Column("soort", sa.String(20), nullable=False),
        sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name="fk_used_key_brincode"),
        sa.PrimaryKeyConstraint("brincode", "salt", "digest", name="pk_used_key"),
        comment="what is left of a leaver whose term passed: no other person gets that key",
    )
    op.create_table(
        "record_removed",
        sa.Column("persoon_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("day", sa.Date, nullable=False, comment="the last one on which a year of the person was taken out"),
        sa.ForeignKeyConstraint(
            ["persoon_id"], ["persoon.id"], name="fk_record_removed_persoon_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("persoon_id", name="pk_record_removed"),
        comment="when a source or an act last took a person out of a school year; a term counts from then",
    )
    _count_from_today()
    op.execute("UPDATE schema_version SET number = 19")


def _count_from_today() -> None:
    today = day_of(datetime.now(UTC))
    present = schooljaar_of(today)
    past = schooljaar_of(today.replace(year=today.year - 1, day=1))
    from_present, of_past, older = (
        " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} t WHERE t.persoon_id = persoon.id AND t.schooljaar {condition})"  # noqa: S608 - our own names
            for table in ("deelname", "aanstelling")
        )
        for condition in (">= :present", "= :past", "< :past")
    )
    statement = (
        "INSERT INTO record_removed (persoon_id, day) SELECT id, :today FROM persoon"  # noqa: S608 - our own names
        f" WHERE NOT ({from_present}) AND (({of_past}) OR NOT ({older}))"
    )
    bound = sa.text(statement).bindparams(sa.bindparam("today", today, sa.Date), present=present, past=past)
    op.get_bind().execute(bound)
