"""The settings of a service: frozen; each names its environment variable, its default and the reason for it."""

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MAX_DROP = 0.2
"""A share, 0 to 1. A fifth is more than a school loses in a bad month, and less than a truncated source lacks."""

MAX_HELD = 3
"""Persons: a class of twins and a correction or two; more at once is not an accident of single rows."""
MAX_HELD_SHARE = 0.02
"""A share, 0 to 1. Five of a school of 250; of another administration with the same keys nearly all are."""


_SIMILAR = 0.75
"""The share of its letters, 0 to 1, by which a misspelt name is told the one that is meant."""
PREFIX = "UWLR_"
NO_SETTINGS = frozenset({"UWLR_KLANTCODE", "UWLR_AUTORISATIESLEUTEL", "UWLR_VERIFICATIECODE"})
"""Names in the environment that a command reads by itself: secrets of one call or act."""
OF_TESTS = frozenset({"UWLR_LONG", "UWLR_RECORD", "UWLR_STANDARD", "UWLR_TEST_NODE", "UWLR_TEST_POSTGRES"})
"""Names that the tests of this project read, whose commands inherit them; they change nothing of a service."""


class Part(StrEnum):
    """A part of the service, which a process serves or does not."""

    SOAP = "soap"
    PORTAL = "portal"
    METRICS = "metrics"


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
    """UWLR_KEYS: server keys as `name=hex`, newest first, comma-separated. Default: those of the key file."""

    keys_file: Path | None = None
    """UWLR_KEYS_FILE: a file of server keys, one `name=hex` a line, newest first, readable by its owner only. Default:
    `keys` in the data folder."""

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

    @field_validator("parts", "trusted_proxies", mode="before")
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
    return [f"{name} is no setting{_nearest(name.upper(), sorted(known))}" for name in wrong]


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _nearest(name: str, known: Sequence[str]) -> str:
    found = get_close_matches(name, known, 1, _SIMILAR)
    return f": {found[0]} is meant?" if found else " (docs/reference/settings.md has them all)"


def forget_key_variables() -> None:
    """Remove UWLR_KEYS from the environment, so that no child process or error page can show the server keys."""
    os.environ.pop("UWLR_KEYS", None)
