"""Measure what good callers keep while strangers do their worst: `python benchmarks/attack.py [--quick]`.

Or `make bench-attack`. Twenty hostile connections, from 127.0.0.2 to 127.0.0.21, each send one kind of request in a
closed loop; four good callers from 127.0.0.1 fetch a stored answer meanwhile. It is measured bare and through nginx
with the shipped configuration, in pairs: a round without the attack and one with it, in turn; a ratio is that of one
pair. Each attack runs some seconds before it is measured: the first refusals of a source are sent at once. The
attackers are processes of their own on the same machine: what they take of its cores counts too. All records are
invented.
"""

import argparse
import itertools
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

import world
from figures import Requirement, ratios, show_ratio
from hostile_requests import LOGIN, STATIC, XML, HostileRequest, all_requests
from load import Connection
from records import brin6s, write_edexml
from servers import BACKENDS, HERE, NGINX, Backend, free_port, listens, meanwhile, ours, stop

GOOD, HOSTILE = 4, 20
SIZE = 250
KEPT = Requirement(floor=0.5)
"""The share of their rate that good callers keep at least."""
SHIPPED = HERE.parent / "deploy" / "nginx"
ROUNDS, QUICK_ROUNDS = 5, 2
SECONDS = 2.0
BEFORE = 4.0
"""Seconds of an attack before it is measured."""


WORST = ("message: schemaLocations, stranger", "XML: unknown entities", "form: % (4 kB)", "/readyz")
"""The kinds with the dearest answers, by `hostile.py`."""


class Attack(NamedTuple):
    """Requests that are sent in turn, over so many connections from each hostile address."""

    requests: Sequence[bytes]
    connections: int = 1


def attacks(good: str) -> dict[str, Attack]:
    """Return each kind of attack; `good` is the message of a friend."""
    unknown = good.replace(world.KLANTCODE, "een-andere-klantcode")
    kinds = {one.name: raw(one) for one in all_requests(unknown)}
    return {
        "every kind in turn": Attack(list(kinds.values())),
        **{name: Attack([kinds[name]]) for name in WORST},
        "a wrong klantcode": Attack([_post(unknown)]),
        "a wrong klantcode in 64 kB": Attack([_post(unknown + " " * (64 * 1024 - len(unknown)))]),
        **{f"GET {path}": Attack([raw(HostileRequest("", method="GET", path=path))]) for path in (LOGIN, STATIC)},
        "1,500 connections, a page that is not there": Attack([raw(HostileRequest("", method="GET", path="/x"))], 75),
    }


def _post(body: str) -> bytes:
    return raw(HostileRequest("", body.encode(), (("content-type", XML),)))


def raw(request: HostileRequest) -> bytes:
    """Return a request as it goes over the wire."""
    named = dict(request.headers)
    is_chunked = named.get("transfer-encoding") == "chunked"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body) if is_chunked else request.body
    headers = {"host": "localhost", **({} if is_chunked else {"content-length": str(len(body))}), **named}
    target = f"{request.path}?{request.query}" if request.query else request.path
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def attack(port: int, sent: Attack, ended: Event) -> None:
    """Send requests over and over from each hostile address, until the event is set."""

    def loop(address: str) -> None:
        requests = itertools.cycle(sent.requests)
        while not ended.is_set():
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", port), 10, source_address=(address, 0)) as connection,
            ):
                while not ended.is_set():
                    connection.sendall(next(requests))
                    if not connection.recv(65536):
                        break

    addresses = [f"127.0.0.{2 + number}" for number in range(HOSTILE)] * sent.connections
    threads = [threading.Thread(target=loop, args=(address,), daemon=True) for address in addresses]
    for thread in threads:
        thread.start()
    ended.wait()


def good_rate(port: int, request: bytes) -> float:
    """Return the good answers a second of the good callers together; ends the program at another answer."""
    last, counts, wrong = time.monotonic() + SECONDS, [0] * GOOD, set[int]()

    def fetch(number: int) -> None:
        connection = Connection(port)
        while time.monotonic() < last:
            status = connection.ask(request).status
            if status != 200:  # noqa: PLR2004 - OK
                wrong.add(status)
            counts[number] += 1
        connection.close()

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(GOOD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"good callers were answered with {wrong}")
    return sum(counts) / SECONDS


@contextmanager
def front(server_port: int) -> Iterator[int | None]:
    """Start nginx with the shipped configuration, without TLS, and yield its port; None where it is not there."""
    program = next((path for path in NGINX if Path(path).exists()), None)
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="uwlr-attack-") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        for file in SHIPPED.iterdir():
            shutil.copy(file, folder)
        _replace(folder / "uwlr.conf", {"127.0.0.1:8080": f"127.0.0.1:{server_port}"})
        (folder / "uwlr-site.conf").write_text(f"listen 127.0.0.1:{port}; server_name localhost;\n", encoding="utf-8")
        folders = "".join(
            f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        _replace(
            folder / "nginx.conf",
            {
                "user www-data;": "daemon off;",
                "/run/nginx.pid": f"{folder}/nginx.pid",
                "/var/log/nginx/error.log": "stderr crit",
                "access_log /var/log/nginx/access.log;": "access_log off;",
                "conf.d/*.conf": "uwlr.conf",
                "http {": "http {" + folders,
            },
        )
        process = subprocess.Popen([program, "-p", name, "-e", "stderr", "-c", f"{name}/nginx.conf"])
        try:
            if not listens(port, process):
                raise SystemExit("nginx does not start")
            yield port
        finally:
            stop(process)


def _replace(file: Path, changes: dict[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in changes.items():
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def prepare(backend: Backend) -> str:
    """Make a school with a koppeling, and return the message of its platform."""
    brin6, database = next(brin6s()), world.open_database(backend)
    with tempfile.TemporaryDirectory() as folder:
        world.import_file(database, write_edexml(Path(folder) / "school.xml", brin6, SIZE))
    world.add_afnemer(database)
    world.activate(database, [brin6])
    database.close()
    return world.fetch_message(brin6)


def run(port: int, good: str, rounds: int) -> None:
    """Measure each kind of attack on a port, and print what the good callers kept."""
    request = _post(good)
    good_rate(port, request)
    for name, hostile in attacks(good).items():
        alone, beside = list[float](), list[float]()
        for _ in range(rounds):
            alone.append(good_rate(port, request))
            with meanwhile(BEFORE, attack, port, hostile):
                beside.append(good_rate(port, request))
        show_ratio(name, ratios(beside, alone), KEPT)


def main() -> None:
    """Measure bare and through nginx."""
    parser = argparse.ArgumentParser(description="Measure what good callers keep while strangers do their worst.")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    rounds = QUICK_ROUNDS if parser.parse_args().quick else ROUNDS
    print(f"{GOOD} good callers, {HOSTILE} hostile connections; the share of their rate that good callers keep")
    with BACKENDS["sqlite"]() as backend:
        good = prepare(backend)
        with ours(backend, "bare") as server, front(server.port) as through:
            print("bare")
            run(server.port, good, rounds)
            print("through nginx" if through else "nginx is not there: left out")
            if through:
                run(through, good, rounds)


if __name__ == "__main__":
    main()
