"""The shipped configuration of nginx before a real server, with the ports and folders of a test."""

import getpass
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.certificates import make_certificate
from support.server import WAIT, Server, port_of_our_own, read_response, split

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx"
PATH = "/uwlr/leerlinggegevens"
PARALLEL = 20
"""Requests of one source at a time."""
FOLDERS = "client_body proxy fastcgi uwsgi scgi"
SITE = """
listen 127.0.0.1:{port} ssl;
listen 127.0.0.1:{plain};
set_real_ip_from 127.0.0.1;
real_ip_header X-Test-Source;
server_name localhost;
ssl_certificate {prefix}/cert.pem;
ssl_certificate_key {prefix}/key.pem;
"""


def find_nginx() -> str:
    """Return the program; a test without it is skipped, but not where everything is checked."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed, and this machine checks everything")
        pytest.skip("nginx is not installed")
    return found


@dataclass(frozen=True)
class FrontDoor:
    """Nginx before a server."""

    port: int
    plain: int
    """A port without TLS, for many connections at once."""
    prefix: Path
    server: Server

    def connect(
        self, version: ssl.TLSVersion | None = None, certificate: tuple[Path, Path] | None = None
    ) -> ssl.SSLSocket:
        """Open a connection over TLS, with the certificate checked; `certificate` and its key are the client's own."""
        context = ssl.create_default_context(cafile=str(self.prefix / "cert.pem"))
        if version is not None:
            context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client itself refuses old versions
            context.minimum_version = context.maximum_version = version
        if certificate is not None:
            context.load_cert_chain(*certificate)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT)
        return context.wrap_socket(plain, server_hostname="localhost")

    def connect_plainly(self) -> socket.socket:
        """Open a connection without TLS, whose source is what X-Test-Source says."""
        return socket.create_connection(("127.0.0.1", self.plain), timeout=WAIT)

    def ask(self, request: bytes, certificate: tuple[Path, Path] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Send bytes and give the response: status, headers, body."""
        with self.connect(certificate=certificate) as connection:
            connection.sendall(request)
            content = read_response(connection)
        status, headers, body = split(content)
        return status, dict(headers), body

    def post(
        self, body: bytes, *headers: str, certificate: tuple[Path, Path] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a whole message."""
        return self.ask(head(len(body), *headers) + body, certificate)


def head(length: int, *headers: str, method: str = "POST", path: str = PATH) -> bytes:
    """Return the head of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: text/xml", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "Connection: close", *headers, "", ""]).encode()


def main_file(prefix: Path) -> str:
    """Return the shipped main file, with the paths of a test and one worker; its figures stay."""
    text = (SHIPPED / "nginx.conf").read_text(encoding="utf-8")
    for shipped, own in {
        "user www-data;": f"user {getpass.getuser()}; daemon off;",
        "processes auto": "processes 1",
        "/run/nginx.pid": f"{prefix}/nginx.pid",
        "/var/log/nginx/error.log": f"{prefix}/error.log info; error_log stderr notice",
        "access_log off;": f"access_log {prefix}/access.log;",
        "conf.d/*.conf": "uwlr.conf",
        "http {": "http {" + "".join(f"{name}_temp_path {prefix}/{name};" for name in FOLDERS.split()),
    }.items():
        assert shipped in text
        text = text.replace(shipped, own)
    return text


def quicker(text: str) -> str:
    """Return a shipped file with shorter waiting times, and fewer requests of one source at a time."""
    text = text.replace("client_header_timeout 10s", "client_header_timeout 1s")
    text = text.replace("client_body_timeout 10s", "client_body_timeout 3s")
    return text.replace("uwlr_connections 100;", f"uwlr_connections {PARALLEL};")


@contextmanager
def running(
    nginx: str, prefix: Path, *upstream: int, port: int | None = None, service: str = "127.0.0.1", site: str = ""
) -> Iterator[tuple[int, int]]:
    """Run nginx with the shipped files, and yield its port with TLS and the one without.

    Only the site, the address and ports of the service (one for each machine), the waiting times and the folder of the
    logs are the test's; `site` are more lines of the site. `port` is the one with TLS, which the caller keeps; default:
    any.
    """
    make_certificate(prefix, "localhost")
    kept = port_of_our_own() if port is None else nullcontext(port)
    with kept as port, port_of_our_own() as plain:  # noqa: PLR1704 - the same one
        for file in SHIPPED.iterdir():
            servers = " ".join(f"server {service}:{one} fail_timeout=1s;" for one in upstream)
            text = file.read_text(encoding="utf-8").replace("server 127.0.0.1:8080 fail_timeout=1s;", servers)
            text = text.replace("/var/log/nginx/uwlr", f"{prefix}/uwlr")
            (prefix / file.name).write_text(quicker(text), encoding="utf-8")
        (prefix / "uwlr-site.conf").write_text(
            SITE.format(port=port, plain=plain, prefix=prefix) + site, encoding="utf-8"
        )
        (prefix / "nginx.conf").write_text(main_file(prefix), encoding="utf-8")
        command = [nginx, "-p", str(prefix), "-e", "stderr", "-c", str(prefix / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        reader = threading.Thread(target=_until_it_listens, args=(process, listening := threading.Event()))
        reader.start()
        try:
            assert listening.wait(WAIT)
            yield port, plain
        finally:
            process.terminate()
            process.wait(WAIT)
            reader.join(WAIT)


def _until_it_listens(process: subprocess.Popen[str], listening: threading.Event) -> None:
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            if "start worker process" in line:
                listening.set()
