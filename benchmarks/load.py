"""The load: many requests over connections that are kept alive, and how they were answered.

`wrk` when it is there. Otherwise, and for a server that is too slow for `wrk` (it forgets what is under way when its
time is up), a client of our own in threads: a fixed number of requests, each of which is waited for.
"""

import json
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
WRK = shutil.which("wrk")
SCRIPT = Path(__file__).parent / "verzoek.lua"
FEWEST = 2 * CONNECTIONS
"""How many requests a slow server is asked at least."""
WAIT = 120
SOURCES = 5_000
"""Addresses that refused requests come from, so many that none is slowed down within a run."""


@dataclass(frozen=True)
class Question:
    """A question: bodies in turn, to a path; without a body it is a GET. `status` is that of a good answer.

    What is refused comes from SOURCES sources in turn, as a proxy tells them: those of one source are slowed down.
    """

    path: str
    bodies: tuple[str, ...] = ()
    gzip: bool = False
    status: int = 200

    @property
    def sources(self) -> list[str]:
        """The addresses that a proxy tells, in turn; none for a question that is answered."""
        if self.status < 400:  # noqa: PLR2004 - as HTTP has it
            return []
        return [f"198.18.{number // 250}.{1 + number % 250}" for number in range(SOURCES)]

    def raw(self) -> list[bytes]:
        """Return the requests as they go over the wire."""
        headers = ["Host: localhost", *(["Accept-Encoding: gzip"] if self.gzip else [])]
        if not self.bodies:
            return ["\r\n".join([f"GET {self.path} HTTP/1.1", *headers, "", ""]).encode()]
        headers += ["Content-Type: text/xml; charset=utf-8"]
        found = []
        for told in [[f"X-Forwarded-For: {one}"] for one in self.sources] or [[]]:
            own = [*headers, *told]
            for body in self.bodies:
                content = body.encode()
                lines = [f"POST {self.path} HTTP/1.1", *own, f"Content-Length: {len(content)}", "", ""]
                found.append("\r\n".join(lines).encode() + content)
        return found


@dataclass(frozen=True)
class Answer:
    """One answer: its status, whether it is gzipped, and its body."""

    status: int
    gzipped: bool
    body: bytes


@dataclass(frozen=True)
class Measurement:
    """One measurement: requests answered in so many seconds, latencies in milliseconds, and answers that were wrong."""

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class Connection:
    """One connection that is kept alive, as fast as Python goes; made again when the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Send a request and read its answer. Raises OSError when there is none."""
        fresh = self._socket is None
        try:
            return self._ask(request)
        except OSError:
            self.close()
            if fresh:
                raise
        return self._ask(request)  # the server closed a connection that was idle

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), WAIT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        content = bytearray()
        while (end := content.find(b"\r\n\r\n")) < 0:
            content += self._receive()
        head = bytes(content[:end]).lower()
        length = _length(head)
        del content[: end + 4]
        while len(content) < length:
            content += self._receive()
        if b"\r\nconnection: close" in head:
            self.close()
        return Answer(int(head[9:12]), b"\r\ncontent-encoding: gzip" in head, bytes(content))

    def _receive(self) -> bytes:
        assert self._socket is not None  # noqa: S101 - connected above
        found = self._socket.recv(262_144)
        if not found:
            raise ConnectionResetError("closed in the middle of an answer")
        return found


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise ConnectionError("an answer without Content-Length")


def ask_once(port: int, question: Question) -> Answer:
    """Return the answer to the first body of a question."""
    connection = Connection(port)
    try:
        return connection.ask(question.raw()[0])
    finally:
        connection.close()


def measure(port: int, question: Question, seconds: int, count: int | None = None) -> Measurement:
    """Ask for so many seconds with 16 connections, or a number of times."""
    if count is not None or WRK is None:
        return _own(port, question, seconds, count)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(question.bodies))
        file.flush()
        command = [WRK, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", f"{WAIT}s", "-s", str(SCRIPT)]
        kind = "gzip" if question.gzip else "plain"
        arguments = [f"http://127.0.0.1:{port}{question.path}", "--", file.name, kind, *question.sources]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    found = json.loads(line.removeprefix("RESULT "))
    wrong = found["requests"] - found["status"] if question.status >= 400 else found["status"]  # noqa: PLR2004 - as wrk has it
    return Measurement(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50=found["p50"] / 1e3,
        p99=found["p99"] / 1e3,
        errors=wrong + found["broken"],
    )


def _own(port: int, question: Question, seconds: int, count: int | None) -> Measurement:
    """Ask with our own client."""
    requests, last = question.raw(), time.monotonic() + seconds
    times: list[float] = []
    wrong = 0
    lock = threading.Lock()

    def turns() -> Iterator[bytes]:
        number = 0
        while time.monotonic() < last if count is None else number < count:
            yield requests[number % len(requests)]
            number += 1

    def take(_number: int, answer: Answer, seconds: float) -> None:
        nonlocal wrong
        with lock:
            times.append(seconds)
            wrong += answer.status != question.status

    started = time.perf_counter()
    fetch_all(port, turns(), take)
    took = time.perf_counter() - started
    times.sort()
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return Measurement(len(times), took, statistics.median(times) * 1e3, p99 * 1e3, wrong)


def fetch_all(
    port: int,
    requests: Iterator[bytes],
    take: Callable[[int, Answer, float], None],
    connections: int = CONNECTIONS,
) -> None:
    """Send all requests over so many connections; `take` gets the number of each, its answer and its seconds.

    It is called from several threads. Raises the first failure.
    """
    numbered = enumerate(requests)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        connection = Connection(port)
        try:
            while not failures:
                with lock:
                    following = next(numbered, None)
                if following is None:
                    return
                started = time.perf_counter()
                answer = connection.ask(following[1])
                take(following[0], answer, time.perf_counter() - started)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
