"""The table of what is known of each answer; its bytes stand in `answer_content`, with the records that they are of.

The two have one primary key, `AnswerKey`. The state outlives the bytes: `gewijzigd` must not change because an answer
is rendered again.
"""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

answer_state = sa.Table(
    "answer_state",
    metadata,
    sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), primary_key=True),
    sa.Column("schooljaar", sa.String(9), primary_key=True),
    sa.Column("profiel", sa.String(64), primary_key=True, comment="digest of the effective profile"),
    sa.Column("xsdversie", sa.String(8), primary_key=True),
    sa.Column("payload", sa.String(40), primary_key=True, comment="element that the operation answers with"),
    sa.Column("content_hash", sa.String(64), nullable=False, comment="without aanmaakdatum and peildatum"),
    sa.Column("gewijzigd", sa.DateTime, nullable=False, comment="UTC, whole seconds"),
    sa.Column("school_version", sa.Integer, comment="of the records that it was rendered from; none: render it again"),
    sa.Column("valid_from", sa.Date, comment="the day for which it was rendered"),
    sa.Column("valid_until", sa.Date, comment="first day on which it may differ; none: never by itself"),
    sa.Column("renderer", sa.String(40), comment="number and settings of the code that rendered it"),
    sa.Column("leerlingen", sa.Integer),
    sa.Column("incomplete", sa.Integer, comment="records that lack a field of the profile"),
    comment="since when an answer has its content, and for which records and days that holds",
)
