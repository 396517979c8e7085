"""The settings of a service: frozen, each with its default, its reason and its environment name."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MAX_DROP = 0.2
"""A fifth: more than a school loses in a bad month, less than a source that was cut off."""


class Part(StrEnum):
    """A part of the service that a process shows or does not."""

    SOAP = "soap"
    PORTAL = "portal"
    METRICS = "metrics"


class Settings(BaseSettings):
    """What an operator may choose. Every field is also `UWLR_` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="UWLR_", frozen=True, extra="ignore")

    data: Path = Path("uwlr-data")
    """UWLR_DATA: the folder of the embedded database and its key file. Relative, so that a trial leaves no trace."""

    database: SecretStr | None = None
    """UWLR_DATABASE: an SQLAlchemy URL, which may hold a password. Default: SQLite in the data folder, which needs no
    installation."""

    keys: SecretStr | None = None
    """UWLR_KEYS: server keys as `name=hex`, newest first, separated by commas. Default: the key file."""

    keys_file: Path | None = None
    """UWLR_KEYS_FILE: a file with the same, one key a line, readable by its owner only. Default: `keys` in data."""

    catalogus: Path | None = None
    """UWLR_CATALOGUS: a catalogue of koppelingen of one's own. Default: the shipped one, with the three of ESIS."""

    max_drop: float = Field(default=MAX_DROP, ge=0, le=1)
    """UWLR_MAX_DROP: the share of the answered leerlingen or groepen that may go in one import without a question."""

    host: str = "127.0.0.1"
    """UWLR_HOST: the address to listen on. Loopback: TLS and limits on slow bodies are nginx's work."""

    port: int = Field(default=8080, ge=1, le=65535)
    """UWLR_PORT: the port to listen on."""

    public_url: str | None = None
    """UWLR_PUBLIC_URL: what vendors call, written in the WSDL. Default: the address listened on."""

    workers: int = Field(default=1, ge=1, le=64)
    """UWLR_WORKERS: worker processes, one for each core. More than one needs PostgreSQL: SQLite has one writer."""

    threads: int = Field(default=16, ge=1, le=256)
    """UWLR_THREADS: threads in each worker for what cannot be answered at once: rendering, pages of the portal."""

    parts: Annotated[frozenset[Part], NoDecode] = frozenset(Part)
    """UWLR_PARTS: what this process shows. All: a process of its own for a part is a choice for many machines."""

    strict: bool = False
    """UWLR_STRICT: repair no request at all. Off: real clients deviate in known ways, and schools depend on them."""

    key_naast_eckid: bool = False
    """UWLR_KEY_NAAST_ECKID: in 2.3, send a leerling's key beside the ECK-iD, for the time of a transition."""

    @field_validator("parts", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        """Read `soap,metrics` as its words."""
        return [word.strip() for word in given.split(",")] if isinstance(given, str) else given

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the records."""
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
        """The scheme, host and port that vendors call, without a slash at the end."""
        return (self.public_url or self.listen_url).rstrip("/")


def forget_key_variables() -> None:
    """Remove the server keys from the environment, so that no child process or error page can show them."""
    os.environ.pop("UWLR_KEYS", None)
