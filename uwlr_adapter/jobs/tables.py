"""The tables of the jobs: each with its lease and its last run, and the counts of what was erased. Moments are UTC."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

job = sa.Table(
    "job",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
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
    sa.Column("asked_at", sa.DateTime, comment="when somebody asked to run it; none: that is done"),
    sa.Column("asked_by", sa.String(100), comment="the last who asked, as in the journaal"),
    comment="periodic work: one row is one job, and its lease",
)
erased = sa.Table(
    "erased",
    metadata,
    sa.Column("day", sa.Date, primary_key=True, comment="in Amsterdam"),
    sa.Column("what", sa.String(40), primary_key=True),
    sa.Column("occurrences", sa.Integer, nullable=False),
    comment="how much was erased because its term passed: no name, no key",
)
