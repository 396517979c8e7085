"""The files with which the service is installed: a unit of systemd, its settings, nginx, alerts and a container.

They stand in `deploy/` of the project, work as they are there, and travel inside the wheel. A deployment writes its own
values over those that are shipped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from uwlr_adapter.db.database import is_supported
from uwlr_adapter.errors import RefusedError

USER = "uwlr"
DATA = Path("/var/lib/uwlr-adapter")
LISTEN = "127.0.0.1:8080"
PROGRAM = Path("/opt/uwlr-adapter/bin/uwlr-adapter")
PUBLIC_URL = "https://uwlr.example.nl"
"""The values in the files as they are shipped."""

ENVIRONMENT, UNIT, COMMAND = "uwlr-adapter.env", "uwlr-adapter.service", "uwlr"
SITE, UPSTREAM = "nginx/uwlr-site.conf", "nginx/uwlr.conf"
_STATE = "StateDirectory=uwlr-adapter\nStateDirectoryMode=0700\n"
_PACKAGE = Path(__file__).parents[1]
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PATH = re.compile(r"/[A-Za-z0-9._/@+-]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_UNREACHABLE = ("/home", "/root", "/run", "/tmp", "/var/tmp", "/proc", "/sys", "/dev")  # noqa: S108 - refused
"""Folders that the unit keeps from the service (ProtectHome, PrivateTmp), or that are gone after a boot."""


class DeploymentError(RefusedError):
    """A value of a deployment cannot be used; the text says why, and holds no password."""


class Replacement(NamedTuple):
    """A text of a shipped file, and what stands there in a deployment."""

    file: str
    shipped: str
    own: str


class DeployFile(NamedTuple):
    """A file of a deployment: its path below the folder, content and mode."""

    path: str
    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """The values of one installation. `listen` is `address:port`; `proxies` are those on other machines."""

    public_url: str = PUBLIC_URL
    user: str = USER
    data: Path = DATA
    database: str | None = None
    listen: str = LISTEN
    program: Path = PROGRAM
    proxies: Sequence[str] = ()

    def check(self) -> None:
        """Refuse values that would make files that do not work. Raises DeploymentError."""
        self._public_address()
        if not _USER.fullmatch(self.user) or self.user == "root":
            raise DeploymentError("a user is a name of a system user, such as uwlr, and not root")
        for path in (self.data, self.program):
            if not _PATH.fullmatch(str(path)):
                raise DeploymentError(f"{path}: give a whole path, from /, without spaces and quotes")
        if any(self.data.is_relative_to(folder) for folder in _UNREACHABLE):
            raise DeploymentError(f"{self.data}: the unit keeps this folder from the service; take one below /var/lib")
        host, _ = self._listen_address()
        if not ip_address(host).is_loopback and not self.proxies:
            raise DeploymentError("a service on another address than loopback is reached by a proxy: name it (--proxy)")
        for proxy in self.proxies:
            try:
                ip_address(proxy.partition("/")[0])
            except ValueError:
                raise DeploymentError("a proxy is an address or a network, such as 10.0.0.5 or 10.0.0.0/24") from None
        self._check_database()

    def replacements(self) -> Iterator[Replacement]:
        """Yield what differs from the shipped files. The values must have been checked."""
        host, port = self._listen_address()
        name, public_port = self._public_address()
        yield Replacement(ENVIRONMENT, f"UWLR_DATA={DATA}\n", f"UWLR_DATA={self.data}\n")
        yield Replacement(ENVIRONMENT, f"UWLR_PUBLIC_URL={PUBLIC_URL}\n", f"UWLR_PUBLIC_URL={self.public_url}\n")
        yield Replacement(ENVIRONMENT, "UWLR_HOST=127.0.0.1\nUWLR_PORT=8080\n", f"UWLR_HOST={host}\nUWLR_PORT={port}\n")
        if self.proxies:
            own = ",".join(["127.0.0.1", "::1", *self.proxies])
            yield Replacement(ENVIRONMENT, "UWLR_TRUSTED_PROXIES=127.0.0.1,::1\n", f"UWLR_TRUSTED_PROXIES={own}\n")
        if self.database is not None:
            shipped = "# UWLR_DATABASE='postgresql://uwlr@db/uwlr'\n"
            yield Replacement(ENVIRONMENT, shipped, f"UWLR_DATABASE='{self.database}'\n")
        yield Replacement(UNIT, f"User={USER}\nGroup={USER}\n", f"User={self.user}\nGroup={self.user}\n")
        yield Replacement(UNIT, f"WorkingDirectory={DATA}\n", f"WorkingDirectory={self.data}\n")
        yield Replacement(UNIT, f"ExecStart={PROGRAM} ", f"ExecStart={self.program} ")
        yield Replacement(UNIT, _STATE, self._state())
        yield Replacement(COMMAND, f"-u {USER} -- {PROGRAM} ", f"-u {self.user} -- {self.program} ")
        yield Replacement(SITE, "server_name uwlr.example.nl;", f"server_name {name};")
        yield Replacement(
            SITE,
            "listen 443 ssl;\nlisten [::]:443 ssl;\n",
            f"listen {public_port} ssl;\nlisten [::]:{public_port} ssl;\n",
        )
        address = f"[{host}]" if ":" in host else host
        yield Replacement(UPSTREAM, f"server {LISTEN} ", f"server {address}:{port} ")

    def _public_address(self) -> tuple[str, int]:
        try:
            parts = urlsplit(self.public_url)
            port = parts.port or 443
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme != "https" or not _HOST.fullmatch(parts.hostname or "") or parts.path.strip("/") or parts.query:
            raise DeploymentError("a public URL is https with a host name and no path: https://uwlr.example.nl")
        return str(parts.hostname), port

    def _listen_address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        try:
            is_good = not ip_address(host).is_unspecified and 1 <= int(port) <= 65535  # noqa: PLR2004 - a port
        except ValueError:
            is_good = False
        if not is_good:
            raise DeploymentError("the service listens on an address and a port, such as 127.0.0.1:8080")
        return host, int(port)

    def _state(self) -> str:
        if self.data.parent == DATA.parent:
            return _STATE.replace(DATA.name, self.data.name)
        return f"ReadWritePaths={self.data}\n"

    def _check_database(self) -> None:
        if self.database is None:
            return
        if not is_supported(self.database):
            raise DeploymentError("a database is a URL such as postgresql://uwlr@db/uwlr")
        if not self.database.isprintable() or "'" in self.database:
            raise DeploymentError("write a quote or another sign in the URL of the database as %27, %20 and so on")


def files(deployment: Deployment) -> list[DeployFile]:
    """Return every file of a deployment, by path. Raises DeploymentError."""
    deployment.check()
    replacements = list(deployment.replacements())
    folder = _folder()
    made = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        for one in replacements:
            if one.file == name:
                content = content.replace(one.shipped.encode(), one.own.encode())
        made.append(DeployFile(name, content, _mode(name)))
    return made


def _mode(name: str) -> int:
    """Return the mode of a file: the settings may hold a password, and a command can be run."""
    return {ENVIRONMENT: 0o600, COMMAND: 0o755}.get(name, 0o644)


def _folder() -> Path:
    """Return the folder of the shipped files: inside an installed wheel, or at the top of a checkout."""
    for folder in (_PACKAGE / "deploy", _PACKAGE.parent / "deploy"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("uwlr-adapter is installed without deploy")
