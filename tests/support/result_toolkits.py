"""Toolkits that bring results: a process of a stack that is told messages line by line (programs/README.md)."""

import functools
import os
import select
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, NamedTuple

from support.served_school import CODE, ServedSchool
from support.server import Server
from support.stacks import Stack
from support.toolkits import WAIT, node_environment
from uwlr_adapter.clock import now

CONFIRMED = ["bevestigd"]


class SentResult(NamedTuple):
    """A result as a program is told it, its score as text; `oso` is the count of what was right, with its interval."""

    key: str
    toetscode: str
    score: str = ""
    onderdeel: str = ""
    oso: tuple[str, str, str, str] | None = None


@functools.cache
def _begin() -> datetime:
    """Return a whole second of two days ago, the same one in all of a run: no clock takes it for one to come."""
    return now().replace(microsecond=0) - timedelta(days=2)


def moment(hours: int) -> datetime:
    """Return the moment of a message, so many hours after the first one."""
    return _begin() + timedelta(hours=hours)


def message(schooljaar: str, made: datetime, afnames: dict[str, list[SentResult]], toetsen: list[str]) -> str:
    """Return the lines of a message: results by leerlingid, of today, and the lines of the definitions."""
    lines = [f"school\t{schooljaar}\t21QW\t00\t{made.isoformat()}\t2.2"]
    for leerlingid, results in afnames.items():
        lines.append(f"afname\t{leerlingid}")
        for one in results:
            lines.append("\t".join(("resultaat", one.key, day().isoformat(), one.toetscode, one.onderdeel, one.score)))
            if one.oso is not None:
                lines += ["\t".join(("oso", *one.oso)), "referentie\tDLE\tgroep-4\t13", "referentie\tNIV\tgroep-4\tB é"]
    return "".join(f"{line}\n" for line in [*lines, *toetsen])


def day() -> date:
    """Return the afnamedatum of every result."""
    return moment(0).date()


class Sender:
    """A running program of a stack, which brings one message after another."""

    def __init__(self, command: list[str], served: ServedSchool, server: Server, said: IO[bytes]) -> None:
        """Start the program; what it says on standard error goes to `said`."""
        told = {
            "ENDPOINT": server.endpoint.replace("leerlinggegevens", "leerresultaten"),
            "KLANTNAAM": "Snappet",
            "KLANTCODE": served.klantcodes["Snappet"],
            "SLEUTEL": CODE,
        }
        self._said = said
        self._process = subprocess.Popen(
            command,
            env=os.environ | node_environment() | told,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )

    def tell(self, message: str) -> None:
        """Write a message, or a part of one, to the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(message.encode())
        self._process.stdin.flush()

    def outcome(self) -> list[str]:
        """Return the fields of the next line that the program prints; empty fields behind are left out."""
        assert self._process.stdout is not None
        waiting, _, _ = select.select([self._process.stdout], [], [], WAIT)
        line = self._process.stdout.readline().decode() if waiting else ""
        assert line, self._complaint()
        return line.rstrip("\n").rstrip("\t").split("\t")

    def bring(self, message: str) -> list[str]:
        """Bring a message, and return its outcome."""
        self.tell(f"{message}breng\n")
        return self.outcome()

    def close(self) -> None:
        """End the program, which must end well."""
        rest, _ = self._process.communicate(timeout=WAIT)
        assert (self._process.returncode, rest) == (0, b""), self._complaint()

    def _complaint(self) -> str:
        self._said.seek(0)
        return self._said.read()[-2000:].decode(errors="replace")


@contextmanager
def sending(stack: Stack, programs: Path, served: ServedSchool, server: Server) -> Iterator[Sender]:
    """Yield a running program of a stack, and end it."""
    wsdl = f"{server.endpoint.replace('leerlinggegevens', 'leerresultaten')}?wsdl"
    with tempfile.TemporaryFile() as said:
        sender = Sender(stack.command(programs, wsdl), served, server, said)
        try:
            yield sender
        finally:
            sender.close()
