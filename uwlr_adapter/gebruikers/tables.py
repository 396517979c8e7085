"""The tables of the users of the portal. A password stands here as a hash, a link as a digest; moments are UTC."""

from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.db.metadata import BIG_ID, metadata
from uwlr_adapter.koppelingen import tables as koppelingen


class GebruikerRol(StrEnum):
    """The role of a user: in one school, on the board of several, of one afnemer, or the operator of the service.

    A lezer is stored as a schoolbeheerder who acts for nothing (`lezer_vestiging`), a leerkracht as one with groepen
    alone (`groep_access`), a user of an afnemer as one without any vestiging (`gebruiker_afnemer`): older code knows
    none of these words, and shows them nothing.
    """

    SCHOOLBEHEERDER = "schoolbeheerder"
    LEZER = "lezer"
    LEERKRACHT = "leerkracht"
    BESTUUR = "bestuur"
    OPERATOR = "operator"
    AFNEMER = "afnemer"


STORED_ROLES = (GebruikerRol.SCHOOLBEHEERDER, GebruikerRol.BESTUUR, GebruikerRol.OPERATOR)
"""The roles that the column `rol` holds: those of older code."""
SCHOOL_ROLES = (GebruikerRol.SCHOOLBEHEERDER, GebruikerRol.LEZER)
"""The roles that a school hands out itself at a vestiging as a whole."""
SCHOOL_ACCOUNTS = (*SCHOOL_ROLES, GebruikerRol.LEERKRACHT)
"""The roles of an account of a school, which may get access to another one."""

gebruiker = sa.Table(
    "gebruiker",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("login", sa.String(64), nullable=False, unique=True, comment="in small letters"),
    sa.Column("naam", sa.String(200), nullable=False),
    sa.Column("rol", sa.String(20), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("disabled_at", sa.DateTime),
    sa.Column("session_version", sa.Integer, nullable=False, comment="one more ends every session"),
    sa.Column("password_hash", sa.String(200), comment="argon2id; none: a link was handed out and not used yet"),
    sa.Column("link_digest", sa.String(64), unique=True, comment="SHA-256 of the token of the link, which is random"),
    sa.Column("link_until", sa.DateTime, comment="until when the link is good"),
    sa.Column("totp_required", sa.Boolean, nullable=False, comment="off for the user of the demo only"),
    sa.Column("totp_secret", sa.String(300), comment="encrypted under a key of a server key"),
    sa.Column("totp_step", sa.Integer, comment="the last time step used: a code is good once"),
    sa.Column("wrong_passwords", sa.Integer, nullable=False, server_default="0", comment="since the last login"),
    sa.Column("wrong_codes", sa.Integer, nullable=False, server_default="0", comment="since the last login"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1", comment="one more at each act on the user"),
    sa.Column("last_login_at", sa.DateTime),
    sa.Column("previous_login_at", sa.DateTime, comment="the login before that one"),
    sa.CheckConstraint(f"rol IN ({', '.join(repr(str(rol)) for rol in STORED_ROLES)})", name="rol"),
    sa.CheckConstraint("(link_digest IS NULL) = (link_until IS NULL)", name="link"),
)
gebruiker_vestiging = sa.Table(
    "gebruiker_vestiging",
    metadata,
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id"), primary_key=True),
    sa.Column("brin6", sa.String(6), sa.ForeignKey(administratie.vestiging.c.brin6), primary_key=True, index=True),
    comment="which vestigingen a user acts for",
)
gebruiker_oidc = sa.Table(
    "gebruiker_oidc",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), nullable=False),
    sa.Column("issuer", sa.String(255), nullable=False, comment="the provider, as it names itself"),
    sa.Column("subject_digest", sa.String(64), nullable=False, unique=True, comment="SHA-256 of issuer and `sub`"),
    sa.Column("since", sa.DateTime, nullable=False),
    sa.UniqueConstraint("gebruiker_id", "issuer", name="uq_gebruiker_oidc_gebruiker_id_issuer"),
    comment="the account at a provider of OpenID Connect by which a user logs in, bound by that user",
)
lezer_vestiging = sa.Table(
    "lezer_vestiging",
    metadata,
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "brin6",
        sa.String(6),
        sa.ForeignKey(administratie.vestiging.c.brin6, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    comment="which vestigingen a user reads and does not act for; older code does not see these at all",
)
groep_access = sa.Table(
    "groep_access",
    metadata,
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "brin6",
        sa.String(6),
        sa.ForeignKey(administratie.vestiging.c.brin6, ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    sa.Column("schooljaar", sa.String(9), primary_key=True),
    sa.Column("groep_key", sa.String(256), primary_key=True, comment="no foreign key: an import may take it away"),
    sa.Column("groep_naam", sa.Text, nullable=False, comment="as it was called when access was given"),
    sa.Column("until", sa.DateTime, nullable=False, index=True, comment="UTC, exclusive: the 1 August after the year"),
    sa.Column("persoon_id", sa.Integer, comment="the leerkracht of the records, if it is one; no foreign key"),
    sa.Column("given_by", sa.String(100), nullable=False, comment="as an actor of the journaal"),
    sa.Column("given_at", sa.DateTime, nullable=False, comment="UTC"),
    comment="the groepen whose results a leerkracht sees; older code does not see these at all",
)
gebruiker_afnemer = sa.Table(
    "gebruiker_afnemer",
    metadata,
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("afnemer_id", sa.Integer, sa.ForeignKey(koppelingen.afnemer.c.id), nullable=False, index=True),
    comment="which afnemer a user is of; such a user sees no vestiging, whatever stands elsewhere",
)
invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "brin6", sa.String(6), sa.ForeignKey(administratie.vestiging.c.brin6, ondelete="CASCADE"), nullable=False
    ),
    sa.Column("login", sa.String(64), nullable=False, index=True, comment="as typed; an account with it may exist"),
    sa.Column("naam", sa.String(200), nullable=False),
    sa.Column("rol", sa.String(20), nullable=False),
    sa.Column("invited_by", sa.String(64), nullable=False, comment="login of the colleague"),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("until", sa.DateTime, nullable=False, index=True, comment="until when it can be accepted"),
    sa.Column("token_digest", sa.String(64), nullable=False, unique=True, comment="SHA-256 of the token, random"),
    sa.UniqueConstraint("brin6", "login"),
    comment="colleagues who were asked to join; a row goes when it is accepted, declined or withdrawn",
)
leerkracht_invitation = sa.Table(
    "leerkracht_invitation",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "brin6", sa.String(6), sa.ForeignKey(administratie.vestiging.c.brin6, ondelete="CASCADE"), nullable=False
    ),
    sa.Column("login", sa.String(64), nullable=False, index=True, comment="as typed; an account with it may exist"),
    sa.Column("naam", sa.String(200), nullable=False),
    sa.Column("schooljaar", sa.String(9), nullable=False),
    sa.Column("groepen", sa.JSON, nullable=False, comment="[[key, naam], ...]: what accepting it gives"),
    sa.Column("persoon_id", sa.Integer, comment="as in groep_access"),
    sa.Column("invited_by", sa.String(64), nullable=False, comment="login of the colleague"),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Column("until", sa.DateTime, nullable=False, index=True, comment="until when it can be accepted"),
    sa.Column("token_digest", sa.String(64), nullable=False, unique=True, comment="SHA-256 of the token, random"),
    sa.UniqueConstraint("brin6", "login", name="uq_leerkracht_invitation_brin6_login"),
    comment="as `invitation`, of a leerkracht: older code would take one there for another role",
)
recovery_code = sa.Table(
    "recovery_code",
    metadata,
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True, comment="HMAC under the secret of the second factor"),
    comment="codes instead of the second factor; a row goes when its code is used",
)
new_browser = sa.Table(
    "new_browser",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column(
        "gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("moment", sa.DateTime, nullable=False, index=True),
    sa.Column(
        "told",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        index=True,
        comment="the user was told, or cannot be",
    ),
    comment="logins from a browser in which that user had not logged in before",
)
login_attempt = sa.Table(
    "login_attempt",
    metadata,
    sa.Column("login_digest", sa.String(96), primary_key=True, comment="whatever was typed as a login, not readable"),
    sa.Column("source", sa.String(45), primary_key=True, comment="network address; empty: all of them together"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="attempts without success"),
    sa.Column("since", sa.DateTime, comment="of the first of them; none: of older code"),
    sa.Column("last_at", sa.DateTime, nullable=False, index=True),
    comment="what slows guessing down; rows of a day ago go",
)
