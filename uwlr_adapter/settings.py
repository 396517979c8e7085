"""The settings of a service: frozen; each names its environment variable, its default and the reason for it."""

import os
import re
from collections.abc import Iterable, Sequence
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MAX_DROP = 0.2
"""A share, 0 to 1. A fifth is more than a school loses in a bad month, and less than a truncated source lacks."""

MAX_HELD = 3
"""Persons: a class of twins and a correction or two; more at once is not an accident of single rows."""
MAX_HELD_SHARE = 0.02
"""A share, 0 to 1. Five of a school of 250; of another administration with the same keys nearly all are."""

LEAVERS_ERASED_ON = "10-01"
"""1 October: the past year is answered until 30 September, and from then on nothing needs a leaver any more."""
UNDO_DAYS = 30
"""A wrong import shows within weeks, and what undoes it holds persons who may be in no record any more."""
JOURNAAL_MONTHS = 24
"""Two school years: a question about who got what comes from this year or the one before."""
REFUSALS_DAYS = 90
"""An attack is looked into within weeks, and a source is an address of somebody."""
LOGINS_MONTHS = 6
"""Somebody who comes back within half a year is enabled again; after that the school has another person."""
AGREEMENTS_YEARS = 5
"""As long as a claim from an agreement can be brought (Burgerlijk Wetboek 3, article 307)."""
MAIL_DAYS = 90
RESULTS_MONTHS = 3
"""Until the next report, so that a result that got lost in the administration can be delivered again."""
NOT_PROCESSED_DAYS = 30
"""A school asks its platform about a leerling who is not its own within weeks."""
"""A question whether a mail was sent comes within a term of school, and an address is of somebody."""
_MAILTO = re.compile(r"mailto:[A-Za-z0-9.!#$%*+/=^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_TEL = re.compile(r"tel:\+?[0-9-]{3,20}")
_MONTH_AND_DAY = re.compile(r"(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")


def _day_of_year(value: str) -> str:
    """Return a day of the year, as MM-DD, that each year has. Raises ValueError."""
    match = _MONTH_AND_DAY.fullmatch(value)
    try:
        if match is not None:
            date(2001, int(match["month"]), int(match["day"]))
            return value
    except ValueError:
        pass
    raise ValueError("must be a day that each year has, as month and day: 10-01 is 1 October")


def _link(value: str) -> str:
    """Return the address of a page that people may be sent to. Raises ValueError for any other text.

    Only https, to a host without a user name in front of it: javascript: would run in the page of a school, and a text
    such as `https://us@them` shows another place than it leads to.
    """
    if value.isprintable() and value.isascii() and not set(value) & set(" \"'<>\\`"):
        try:
            parts = urlsplit(value)
            is_safe = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        except ValueError:
            is_safe = False
        if is_safe:
            return value
    raise ValueError("must be the address of a page that begins with https://")


def _contact_link(value: str) -> str:
    """Return a page (`_link`), an e-mail address after mailto:, or a number after tel:. Raises ValueError."""
    if _MAILTO.fullmatch(value) or _TEL.fullmatch(value):
        return value
    try:
        return _link(value)
    except ValueError:
        raise ValueError("must begin with https://, or be mailto: and an address, or tel: and a number") from None


_PROVIDER_NAME = re.compile(r"[^\W_](?:[\w .,&'’()-]{0,38}[\w.)])?")
_WORDS_OF_SCOPE = re.compile(r"openid(?: [\x21\x23-\x5b\x5d-\x7e]{1,100}){0,20}")


def _issuer(value: str) -> str:
    """Return the issuer of a provider of OpenID Connect, exactly as it names itself. Raises ValueError.

    Only https, but for a trial on this machine; without query or fragment (OpenID Connect Core 1.0, section 2).
    """
    try:
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
        )
        is_whole = bool(parts.hostname) and parts.port != 0 and not set(value) & set("?#@\\\"'<> ")
    except ValueError:
        is_safe = is_whole = False
    if is_safe and is_whole and value.isascii() and value.isprintable() and len(value) <= MAX_ISSUER:
        return value
    raise ValueError("must be the https:// address by which the provider names itself")


def _provider_name(value: str) -> str:
    """Return the name of a provider as pages show it: 1 to 40 letters, digits and a little more. Raises ValueError."""
    if _PROVIDER_NAME.fullmatch(value):
        return value
    raise ValueError("must be a name of 1 to 40 letters and digits, such as Entree")


def _scope(value: str) -> str:
    """Return a scope that begins with `openid`. Raises ValueError."""
    if _WORDS_OF_SCOPE.fullmatch(value):
        return value
    raise ValueError("must be words with single spaces between them, of which the first is openid")


MAX_ISSUER = 255
"""Characters of an issuer (inclusive): the width of its column."""
_SIMILAR = 0.75
"""The share of its letters, 0 to 1, by which a misspelt name is told the one that is meant."""
PREFIX = "UWLR_"
NO_SETTINGS = frozenset({"UWLR_KLANTCODE", "UWLR_AUTORISATIESLEUTEL", "UWLR_VERIFICATIECODE"})
"""Names in the environment that a command reads by itself: secrets of one call or act."""
OF_TESTS = frozenset(
    {"UWLR_FAILING_FIGURES", "UWLR_LONG", "UWLR_RECORD", "UWLR_STANDARD", "UWLR_TEST_NODE", "UWLR_TEST_POSTGRES"}
)
"""Names that the tests of this project read, whose commands inherit them; they change nothing of a service."""


class Part(StrEnum):
    """A part of the service, which a process serves or does not."""

    SOAP = "soap"
    PORTAL = "portal"
    METRICS = "metrics"


class SmtpTls(StrEnum):
    """How the connection to the mail server is encrypted; its certificate is always verified."""

    STARTTLS = "starttls"
    TLS = "tls"
    """From the first byte on, as on port 465."""
    NONE = "none"
    """Not: for a mail server on this machine only."""


class Settings(BaseSettings):
    """The choices of an operator. Each field is read from the environment: `UWLR_` and its name in capitals.

    An empty variable counts as not set: it is what a file of variables, or a variable inside one, leaves behind.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    data: Path = Path("uwlr-data")
    """UWLR_DATA: the folder of the embedded database and its key file. Default: relative to the working directory, so
    that a trial leaves nothing elsewhere."""

    database: SecretStr | None = None
    """UWLR_DATABASE: an SQLAlchemy URL, which may hold a password. Default: SQLite in the data folder, because it needs
    no installation."""

    keys: SecretStr | None = None
    """UWLR_KEYS: server keys as `name=hex`, comma-separated. Default: those of the key file."""

    keys_file: Path | None = None
    """UWLR_KEYS_FILE: a file of server keys, one `name=hex` a line, for the service only. Default: `keys` in the data
    folder."""

    catalogus: Path | None = None
    """UWLR_CATALOGUS: an operator's own catalogue of koppelingen. Default: the shipped one, with the three of ESIS."""

    max_drop: float = Field(default=MAX_DROP, ge=0, le=1)
    """UWLR_MAX_DROP: the largest share (0 to 1, inclusive) of the answered leerlingen, groepen, leerkrachten or
    plaatsingen that one import may remove without a question."""

    max_held: int = Field(default=MAX_HELD, ge=0)
    """UWLR_MAX_HELD: the number of persons of one import (inclusive) of whom it may be uncertain who they are, so that
    they are held while the rest is imported. More of them stop the import."""

    max_held_share: float = Field(default=MAX_HELD_SHARE, ge=0, le=1)
    """UWLR_MAX_HELD_SHARE: the same as a share of the persons of the import (0 to 1, inclusive); the larger counts."""

    host: str = "127.0.0.1"
    """UWLR_HOST: the address to listen on. Default: loopback, because nginx does TLS and the limits on slow bodies."""

    port: int = Field(default=8080, ge=1, le=65535)
    """UWLR_PORT: the port to listen on."""

    public_url: str | None = None
    """UWLR_PUBLIC_URL: the URL that vendors call, written in the WSDL. Default: the address listened on."""

    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = (
        IPv4Network("127.0.0.1"),
        IPv6Network("::1"),
    )
    """UWLR_TRUSTED_PROXIES: addresses and networks, comma-separated, whose X-Forwarded-For is believed. Default: this
    machine, because nginx runs on it."""

    workers: int = Field(default=1, ge=1, le=64)
    """UWLR_WORKERS: the number of worker processes, best one per core. More than one needs PostgreSQL, because SQLite
    has a single writer."""

    threads: int = Field(default=16, ge=1, le=256)
    """UWLR_THREADS: the number of threads in each worker for work that would block the event loop: rendering and the
    pages of the portal."""

    parts: Annotated[frozenset[Part], NoDecode] = frozenset(Part)
    """UWLR_PARTS: the parts that this process serves, comma-separated. Default: all, because a separate process for a
    part helps only on several machines."""

    strict: bool = False
    """UWLR_STRICT: repair no request. Default: off, because real clients deviate in known ways and schools depend on
    them."""

    key_naast_eckid: bool = False
    """UWLR_KEY_NAAST_ECKID: in 2.3, send a leerling's key beside the ECK-iD, during a transition. Default: off."""

    leavers_erased_on: Annotated[str, AfterValidator(_day_of_year)] = LEAVERS_ERASED_ON
    """UWLR_LEAVERS_ERASED_ON: the day of the year, as MM-DD, on which those who left before it are erased."""

    undo_days: int = Field(default=UNDO_DAYS, ge=1, le=365)
    """UWLR_UNDO_DAYS: for how many days what it takes to undo or redo an import is kept."""

    journaal_months: int = Field(default=JOURNAAL_MONTHS, ge=1, le=240)
    """UWLR_JOURNAAL_MONTHS: for how many months an entry of the journaal is kept."""

    refusals_days: int = Field(default=REFUSALS_DAYS, ge=1, le=3650)
    """UWLR_REFUSALS_DAYS: for how many days the counts of refusals of unknown callers are kept, by their address."""

    logins_months: int = Field(default=LOGINS_MONTHS, ge=1, le=240)
    """UWLR_LOGINS_MONTHS: for how many months a login of the portal is kept after it was disabled."""

    agreements_years: int = Field(default=AGREEMENTS_YEARS, ge=1, le=100)
    """UWLR_AGREEMENTS_YEARS: for how many years it is kept who agreed to a koppeling, after its end."""

    mail_days: int = Field(default=MAIL_DAYS, ge=7, le=3650)
    """UWLR_MAIL_DAYS: for how many days it is kept which mail was sent to whom; its text goes as soon as it is sent."""

    results_months: int = Field(default=RESULTS_MONTHS, ge=1, le=240)
    """UWLR_RESULTS_MONTHS: for how many months a result is kept after the administration of the school had taken it."""

    not_processed_days: int = Field(default=NOT_PROCESSED_DAYS, ge=1, le=365)
    """UWLR_NOT_PROCESSED_DAYS: for how many days it is kept of which leerlingid no results were taken."""

    receiver: str | None = None
    """UWLR_RECEIVER: the installed receiver (docs/guides/receiver.md) that gets the results of platforms. Default:
    none, and they stay here."""

    receiver_options_file: Path | None = None
    """UWLR_RECEIVER_OPTIONS_FILE: a file with its options, one `name=value` a line."""

    organisation: str | None = None
    """UWLR_ORGANISATION: the name of whoever runs this service for schools, on every page of the portal and under
    mails. Default: none, and mails are signed with the name of the portal."""

    help_url: Annotated[str, AfterValidator(_link)] | None = None
    """UWLR_HELP_URL: the page with help for schools, linked on every page (https). Default: none, and no link."""

    contact_url: Annotated[str, AfterValidator(_contact_link)] | None = None
    """UWLR_CONTACT_URL: where a school asks for help: a page (https), `mailto:` or `tel:`. Default: none."""

    privacy_url: Annotated[str, AfterValidator(_link)] | None = None
    """UWLR_PRIVACY_URL: the privacy statement, linked on every page (https). Default: none."""

    smtp_host: str | None = None
    """UWLR_SMTP_HOST: the mail server that sends what schools are told. Default: none, and nothing is mailed."""

    smtp_port: int = Field(default=587, ge=1, le=65535)
    """UWLR_SMTP_PORT: its port."""

    smtp_tls: SmtpTls = SmtpTls.STARTTLS
    """UWLR_SMTP_TLS: `starttls`, `tls`, or `none` for a mail server on this machine."""

    smtp_ca_file: Path | None = None
    """UWLR_SMTP_CA_FILE: certificates (PEM) by which that of the mail server is verified. Default: those of the
    system."""

    smtp_user: str | None = None
    """UWLR_SMTP_USER: the account to log in with at the mail server. Default: none, without logging in."""

    smtp_password_file: Path | None = None
    """UWLR_SMTP_PASSWORD_FILE: a file with the password of that account."""

    mail_from: str | None = None
    """UWLR_MAIL_FROM: the address that mails are from, where what bounces arrives."""

    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    """UWLR_OIDC_ISSUER: the provider of OpenID Connect by which people may log in beside their password, as it names
    itself. Default: none, and the portal has no page for it."""

    oidc_client_id: str | None = Field(default=None, max_length=255)
    """UWLR_OIDC_CLIENT_ID: the name by which that provider knows this service."""

    oidc_client_secret_file: Path | None = None
    """UWLR_OIDC_CLIENT_SECRET_FILE: a file with the secret of this service at that provider."""

    oidc_name: Annotated[str, AfterValidator(_provider_name)] = "uw organisatie"
    """UWLR_OIDC_NAME: what pages call that provider, behind `Inloggen met`."""

    oidc_scope: Annotated[str, AfterValidator(_scope)] = "openid"
    """UWLR_OIDC_SCOPE: the scopes that are asked for, `openid` first: some providers need one for a claim."""

    oidc_vestigingen_claim: str | None = Field(default=None, max_length=200)
    """UWLR_OIDC_VESTIGINGEN_CLAIM: the claim with the brin6s or brincodes that a session by that provider is narrowed
    to. Default: none, and it acts for the vestigingen of the user."""

    oidc_acr: Annotated[tuple[str, ...], NoDecode] = ()
    """UWLR_OIDC_ACR: values of `acr`, comma-separated, that stand for a second factor. Default: none, so that the
    portal asks for its own."""

    oidc_amr: Annotated[tuple[str, ...], NoDecode] = ()
    """UWLR_OIDC_AMR: values of `amr`, comma-separated, of which one stands for a second factor. Default: none."""

    metrics_token: SecretStr | None = None
    """UWLR_METRICS_TOKEN: the token that /metrics asks for (`Authorization: Bearer`). Default: none, and the metrics
    are for this machine only."""

    metrics_token_file: Path | None = None
    """UWLR_METRICS_TOKEN_FILE: a file with that token, as a secret that is mounted in a container."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_names(cls, values: object) -> object:
        """Refuse a name in the environment that means nothing: of a misspelt one the default would be in force.

        Raises ValueError; its text names the variables and none of their values.
        """
        if wrong := unknown_names(os.environ):
            raise ValueError("; ".join(wrong))
        return values

    @model_validator(mode="after")
    def _require_whole_mail_server(self) -> Self:
        """Refuse half of a mail server: what is told would be lost without a word. Raises ValueError."""
        if self.smtp_host is None:
            return self
        if self.mail_from is None:
            raise ValueError("UWLR_SMTP_HOST needs UWLR_MAIL_FROM, the address that mails are from")
        if (self.smtp_user is None) != (self.smtp_password_file is None):
            raise ValueError("UWLR_SMTP_USER and UWLR_SMTP_PASSWORD_FILE belong together: give both or neither")
        if self.smtp_tls is SmtpTls.NONE and self.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("UWLR_SMTP_TLS=none is for a mail server on this machine: take starttls or tls")
        return self

    @model_validator(mode="after")
    def _require_whole_provider(self) -> Self:
        """Refuse half of a provider: a page would lead nowhere, or narrow nothing. Raises ValueError."""
        needed = {
            "UWLR_OIDC_ISSUER": self.oidc_issuer,
            "UWLR_OIDC_CLIENT_ID": self.oidc_client_id,
            "UWLR_OIDC_CLIENT_SECRET_FILE": self.oidc_client_secret_file,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing and (len(missing) < len(needed) or self.oidc_vestigingen_claim or self.oidc_acr or self.oidc_amr):
            raise ValueError(f"login at a provider needs {' and '.join(missing)} too")
        return self

    @field_validator("parts", "trusted_proxies", "oidc_acr", "oidc_amr", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Split `soap,metrics` into its words."""
        return [word.strip() for word in value.split(",")] if isinstance(value, str) else value

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the database."""
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{self.data.absolute() / 'uwlr.sqlite3'}"

    @property
    def listen_url(self) -> str:
        """The scheme, host and port that the service listens on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The URL that vendors call (`public_url`, else `listen_url`), without a trailing slash."""
        return (self.public_url or self.listen_url).rstrip("/")


def unknown_names(environment: Iterable[str]) -> list[str]:
    """Return a sentence for each name of an environment that looks like a setting and is none, with the nearest one."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | NO_SETTINGS
    wrong = sorted(name for name in environment if _is_ours(name) and name.upper() not in known | OF_TESTS)
    told = [(name, name.encode("utf-8", "backslashreplace").decode()) for name in wrong]  # a name is any bytes
    return [f"{text} is no setting{_nearest(name.upper(), sorted(known))}" for name, text in told]


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _nearest(name: str, known: Sequence[str]) -> str:
    found = get_close_matches(name, known, 1, _SIMILAR)
    return f": {found[0]} is meant?" if found else " (docs/reference/settings.md has them all)"


def forget_key_variables() -> None:
    """Remove UWLR_KEYS from the environment, so that no child process or error page can show the server keys."""
    os.environ.pop("UWLR_KEYS", None)
