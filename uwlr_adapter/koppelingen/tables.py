"""The tables of the gate. A secret stands here as a digest only; moments are UTC."""

from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.keys.tables import DIGEST as _DIGEST


class Status(StrEnum):
    """The status of a koppeling; without a record it is available."""

    ACTIEF = "actief"
    GEPAUZEERD = "gepauzeerd"
    BEEINDIGD = "beëindigd"


SHOWN_DIGITS = 8
"""Characters at the end of the digest of a code by which it is known again: enough to tell two codes apart."""


def shown_code(digest: str) -> str:
    """Return what is kept of the digest of a code that gave access, to know it again."""
    return digest[-SHOWN_DIGITS:]


afnemer = sa.Table(
    "afnemer",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("klantnaam", sa.String(64), nullable=False, unique=True, comment="exact"),
    sa.Column("klantcode_digest", _DIGEST, nullable=False),
    sa.Column(
        "previous_digest",
        _DIGEST,
        comment="the klantcode before the last rotation",
    ),
    sa.Column("previous_until", sa.DateTime, comment="until when the previous klantcode is still good"),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("disabled_at", sa.DateTime),
    sa.Column("enabled_at", sa.DateTime, comment="since when it may call again, after it was disabled"),
    sa.Column("strict", sa.Boolean, nullable=False, server_default=sa.false(), comment="no repairs of its requests"),
    sa.Column("rotated_at", sa.DateTime, comment="when its klantcode was replaced last; none: never, or by older code"),
    sa.Column(
        "certificates", sa.Text, comment="JSON, of the client certificates of which it must show one; none: no need"
    ),
    sa.CheckConstraint("(previous_digest IS NULL) = (previous_until IS NULL)", name="previous"),
)
koppeling = sa.Table(
    "koppeling",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("brin6", sa.String(6), sa.ForeignKey(administratie.vestiging.c.brin6), nullable=False),
    sa.Column("entry_id", sa.String(40), nullable=False, comment="id in the catalogue"),
    sa.Column("afnemer_id", sa.Integer, sa.ForeignKey("afnemer.id"), comment="none: no data flow"),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("startdatum", sa.Date, nullable=False, comment="first day on which it is open"),
    sa.Column("code_digest", _DIGEST, comment="erased at a pause and at the end"),
    sa.Column("opened_at", sa.DateTime, nullable=False, comment="last activation or resumption"),
    sa.Column("version", sa.Integer, nullable=False, comment="one more at each act, for two people at once"),
    sa.Column("akkoord_login", sa.String(64), nullable=False),
    sa.Column("akkoord_naam", sa.String(200), nullable=False, comment="as typed"),
    sa.Column("akkoord_at", sa.DateTime, nullable=False),
    sa.Column("akkoord_voorwaarden", sa.String(40), nullable=False, comment="version of the terms of use"),
    sa.Column("akkoord_tekst", sa.String(40), comment="digest of the text of the terms; none: it was not kept"),
    sa.Column(
        "akkoord_velden",
        sa.Text,
        comment="the fields agreed to, as record/element with spaces between; none: those of the profile",
    ),
    sa.Column("ended_at", sa.DateTime),
    sa.Column("profiel", sa.String(64), comment="digest of the profile of the last fetch"),
    sa.Column("profiel_since", sa.DateTime, comment="since when; a change of profile is a change of data"),
    sa.Column(
        "withheld", sa.Integer, comment="version of the last change of who is withheld; none: everybody is shared"
    ),
    sa.Column(
        "shown_code",
        sa.String(SHOWN_DIGITS),
        comment="end of the digest of the code with which its afnemer last had access; none: it never had",
    ),
    sa.Column("leerlinggegevens", sa.String(16), comment="state of this toestemming; none: on, as older code has it"),
    sa.Column("leerlinggegevens_since", sa.DateTime, comment="UTC, of its last act; none: as it was activated"),
    sa.Column("leerlinggegevens_by", sa.String(100), comment="the actor of that act"),
    sa.Column("resultaten", sa.String(16), comment="state of this toestemming; none: never agreed to"),
    sa.Column("resultaten_since", sa.DateTime, comment="UTC, of its last act; none: as it was activated"),
    sa.Column("resultaten_by", sa.String(100), comment="the actor of that act"),
    sa.Column("resultaten_login", sa.String(64), comment="of the agreement to send results"),
    sa.Column("resultaten_naam", sa.String(200), comment="as typed"),
    sa.Column("resultaten_at", sa.DateTime),
    sa.Column("resultaten_voorwaarden", sa.String(40), comment="version of those terms"),
    sa.Column("resultaten_tekst", sa.String(40), comment="digest of their text"),
    sa.CheckConstraint(f"status IN ({', '.join(repr(str(status)) for status in Status)})", name="status"),
    sa.CheckConstraint(f"(status = '{Status.BEEINDIGD}') = (ended_at IS NOT NULL)", name="ended_at"),
    sa.CheckConstraint(
        f"(code_digest IS NOT NULL) = (status = '{Status.ACTIEF}' AND afnemer_id IS NOT NULL)", name="code_digest"
    ),
    sa.Index(None, "afnemer_id", "brin6", "status", "ended_at", "id"),
    sa.Index(None, "brin6"),
)
LIVING = koppeling.c.status != sa.literal_column(f"'{Status.BEEINDIGD}'")
"""The condition that a koppeling lives, as a partial index has it: SQLite takes that index for a literal only."""
sa.Index(
    "uq_koppeling_living",
    koppeling.c.brin6,
    koppeling.c.entry_id,
    unique=True,
    sqlite_where=LIVING,
    postgresql_where=LIVING,
)

earlier_akkoord = sa.Table(
    "earlier_akkoord",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), nullable=False, index=True),
    sa.Column("login", sa.String(64), nullable=False),
    sa.Column("naam", sa.String(200), nullable=False, comment="as typed"),
    sa.Column("moment", sa.DateTime, nullable=False),
    sa.Column("voorwaarden", sa.String(40), nullable=False, comment="version of the terms of use"),
    sa.Column("tekst", sa.String(40), comment="as akkoord_tekst of the koppeling"),
    sa.Column("velden", sa.Text, comment="as akkoord_velden of the koppeling"),
    sa.Column("toestemming", sa.String(24), comment="what was agreed to; none: leerlinggegevens uit"),
    comment="agreements with older versions of the terms; the present one stands with the koppeling",
)
voorwaarden = sa.Table(
    "voorwaarden",
    metadata,
    sa.Column("digest", sa.String(40), primary_key=True, comment="of id, version and text"),
    sa.Column("terms_id", sa.String(40), nullable=False, comment="id in the catalogue"),
    sa.Column("versie", sa.String(40), nullable=False),
    sa.Column("tekst", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime, nullable=False, comment="UTC, since when the text is kept here"),
    sa.UniqueConstraint("terms_id", "versie"),
    comment="the texts of terms that somebody agreed to; an agreement names the digest",
)
given = sa.Table(
    "given",
    metadata,
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), primary_key=True, autoincrement=False),
    sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False, comment="place of an answer, from 0"),
    sa.Column("answer", sa.String(64), nullable=False, comment="digest of what was asked, under which profile"),
    sa.Column("gewijzigd", sa.DateTime, nullable=False, comment="UTC, of the content that was given last"),
    comment="what each koppeling was given last; a lost row only means that data are given again",
)
koppeling_calls = sa.Table(
    "koppeling_calls",
    metadata,
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), primary_key=True, autoincrement=False),
    sa.Column("afnemer_id", sa.Integer, sa.ForeignKey("afnemer.id"), nullable=False),
    sa.Column("upto", sa.DateTime, nullable=False, comment="UTC, inclusive: the journaal is read up to here"),
    sa.Column("act", sa.String(32), comment="the last act that opened or closed it, or changed its code"),
    sa.Column("acted_at", sa.DateTime),
    sa.Column("called_at", sa.DateTime, comment="the last call"),
    sa.Column("fetched_at", sa.DateTime, comment="the last call that was answered"),
    sa.Column("first_at", sa.DateTime, comment="the first one since that act"),
    sa.Column("refused_since", sa.DateTime, comment="the first refusal since the last answer or act"),
    sa.Column("refused_at", sa.DateTime, comment="the last one"),
    sa.Column("reason", sa.String(40), comment="of the last one"),
    sa.Column("full_at", sa.DateTime, comment="the last answer with leerlingen"),
    sa.Column("empty_since", sa.DateTime, comment="the first one without any after it"),
    sa.Column("empty_at", sa.DateTime, comment="the last one"),
    sa.Column("leerlingen", sa.Integer, comment="the number in the last answer that had one"),
    sa.Column("results_at", sa.DateTime, comment="the last call that brought results and was answered"),
    sa.Column("results_refused_since", sa.DateTime, comment="the first one that was refused, since that or an act"),
    sa.Column("results_refused_at", sa.DateTime, comment="the last one that was refused, since that or an act"),
    sa.Column("results_reason", sa.String(40), comment="of that one"),
    sa.Column("gaps", sa.String(2000), nullable=False, comment="long silences: their ends and lengths in seconds"),
    sa.Index(None, "afnemer_id", "fetched_at"),
    comment="what the journaal says of the calls through each living koppeling, noted by a job",
)
verdict_note = sa.Table(
    "verdict_note",
    metadata,
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False, comment="of the koppeling that was judged; of another it is void"),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("who", sa.String(20), comment="whose step is next; none: there is none"),
    sa.Column("reason", sa.String(40), comment="of a refusal, as in the journaal"),
    sa.Column("noted_at", sa.DateTime, nullable=False, comment="UTC, when it became this one"),
    comment="the verdict on each living koppeling that carries data, noted by a job",
)
verdicts_noted = sa.Table(
    "verdicts_noted",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    comment="one row: when every verdict was looked at last",
)
failure = sa.Table(
    "failure",
    metadata,
    sa.Column("period", sa.DateTime, primary_key=True, comment="UTC, its begin"),
    sa.Column("subject", sa.String(64), primary_key=True, comment="klant and its source, or a digest of a code's"),
    sa.Column("occurrences", sa.Integer, nullable=False),
    comment="wrong klantcodes and verificatiecodes of the present period, counted; past periods are removed",
)
