"""The settings of a service: frozen, each with its default, its reason and its environment name."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may choose. Every field is also `UWLR_` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="UWLR_", frozen=True, extra="ignore")

    data: Path = Path("uwlr-data")
    """UWLR_DATA: the folder of the embedded database and its key file. Relative, so that a trial leaves no trace."""

    database: str | None = None
    """UWLR_DATABASE: an SQLAlchemy URL. Default: SQLite in the data folder, which needs no installation."""

    keys: SecretStr | None = None
    """UWLR_KEYS: server keys as `name=hex`, newest first, separated by commas. Default: the key file."""

    keys_file: Path | None = None
    """UWLR_KEYS_FILE: a file with the same, one key a line, readable by its owner only. Default: `keys` in data."""

    catalogus: Path | None = None
    """UWLR_CATALOGUS: a catalogue of koppelingen of one's own. Default: the shipped one, with the three of ESIS."""

    host: str = "127.0.0.1"
    """UWLR_HOST: the address to listen on. Loopback: TLS and limits on slow bodies are nginx's work."""

    port: int = Field(default=8080, ge=1, le=65535)
    """UWLR_PORT: the port to listen on."""

    public_url: str | None = None
    """UWLR_PUBLIC_URL: what vendors call, written in the WSDL. Default: the address listened on."""

    parts: Annotated[frozenset[Literal["soap", "portal", "metrics"]], NoDecode] = frozenset(
        ("soap", "portal", "metrics")
    )
    """UWLR_PARTS: what this process shows, separated by commas. Default: all; apart, schools and vendors need not
    reach the same process."""

    threads: int = Field(default=4, ge=1, le=256)
    """UWLR_THREADS: requests answered at once by the one worker process of SQLite. More than cores wait in turn."""

    strict: bool = False
    """UWLR_STRICT: repair no request at all. Off: real clients deviate in known ways, and schools depend on them."""

    key_naast_eckid: bool = False
    """UWLR_KEY_NAAST_ECKID: in 2.3, send a leerling's key beside the ECK-iD, for the time of a transition."""

    @field_validator("parts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read the parts as they stand in an environment variable."""
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the records."""
        return self.database or f"sqlite:///{self.data.absolute() / 'uwlr.sqlite3'}"

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
