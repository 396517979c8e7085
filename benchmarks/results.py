"""Results of a class beside lxml alone: `python benchmarks/results.py [--quick]`, or `make bench-results`.

30 leerlingen with 40 results each are read, judged and taken in one durable transaction, on either database: new, the
same again, and all changed. The rival is lxml alone, which parses the same bytes and validates them by our XSD. The two
are measured in turn; a ratio is of one turn. All records are invented.
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
import world
from figures import Requirement, Spread, number, ratios, show_ratio
from lxml import etree
from records import SCHOOLJAAR, write_edexml
from servers import BACKENDS, Backend, cpu_of

from uwlr_adapter.contract.leerresultaten import agreement, schema
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.names import LEERRESULTATEN
from uwlr_adapter.contract.leerresultaten.request import read_head
from uwlr_adapter.contract.names import AUTORISATIE, SOAP11
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.resultaten.taking import take
from uwlr_adapter.server.worker import GARBAGE

LEERLINGEN, EACH = 30, 40
BRIN6 = "00AA00"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
MOST = Requirement(ceiling=8.0)
ROUNDS, QUICK_ROUNDS, WARM_UP = 40, 6, 3


def class_message(number_: int, score: int, minute: int) -> bytes:
    """Return the message of a class for its toets of this number, made so many minutes after noon."""
    afnames = "".join(
        f"<toetsafname><leerlingid>L{leerling:05}</leerlingid><resultaatverwerkerid>M1</resultaatverwerkerid>"
        f"<resultaten>{''.join(_resultaat(number_, leerling, part, score) for part in range(EACH))}</resultaten>"
        "</toetsafname>"
        for leerling in range(LEERLINGEN)
    )
    parts = "".join(
        f"<toetsonderdeel><toetsonderdeelvolgnummer>{part + 1}</toetsonderdeelvolgnummer><toetsonderdeelcode>"
        f"R-{part}</toetsonderdeelcode><toetsonderdeelnaam>Opgave {part + 1}</toetsonderdeelnaam></toetsonderdeel>"
        for part in range(EACH)
    )
    created = (START + timedelta(minutes=minute)).isoformat()
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP11}"><s:Header>'
        f'<autorisatie xmlns="{AUTORISATIE}">'
        "<autorisatiesleutel>bench</autorisatiesleutel><klantcode>bench</klantcode><klantnaam>bench</klantnaam>"
        f'</autorisatie></s:Header><s:Body><leerresultaten_verzoek xmlns="{LEERRESULTATEN}"><school>'
        f"<schooljaar>{SCHOOLJAAR}</schooljaar><brincode>{BRIN6[:4]}</brincode><dependancecode>{BRIN6[4:]}</dependancecode><aanmaakdatum>"
        f"{created}</aanmaakdatum><xsdversie>2.2</xsdversie></school><toetsafnames>{afnames}</toetsafnames><toetsen>"
        f"<toets><toetscode>R</toetscode><toetsnaam>Rekenen blok 3</toetsnaam><toetsonderdelen>{parts}"
        "</toetsonderdelen></toets></toetsen></leerresultaten_verzoek></s:Body></s:Envelope>"
    ).encode()


def _resultaat(number_: int, leerling: int, part: int, score: int) -> str:
    key = f"r-{number_}-{leerling}-{part}"
    return (
        f'<resultaat key="{key}"><afnamedatum>2026-11-10</afnamedatum><toetscode>R</toetscode>'
        f"<toetsonderdeelcode>R-{part}</toetsonderdeelcode><score>{(score + part) % 11}</score></resultaat>"
    )


@dataclass(frozen=True)
class Turn:
    """Seconds of one act: on the clock, and of CPU, that of PostgreSQL included."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Rig:
    """A school in a database, and who sends to it."""

    backend: Backend
    database: Database
    afnemer_id: int

    def timed(self, act: Callable[[], object]) -> Turn:
        """Return how long an act takes."""
        before, started = self._cpu(), time.perf_counter()
        act()
        wall = time.perf_counter() - started
        return Turn(wall, self._cpu() - before)

    def _cpu(self) -> float:
        """Return the CPU so far; what PostgreSQL does is counted in hundredths of a second, and adds up over turns."""
        return time.process_time() + (cpu_of(self.backend.pid) if self.backend.pid is not None else 0.0)

    def take(self, data: bytes, moment: datetime) -> None:
        """Read, judge and take a message."""
        judged = judge(read_head(data)).leerresultaten
        agreement.check(judged)
        with self.database.writing() as connection:
            taken = take(connection, moment, self.afnemer_id, BRIN6, judged)
        if taken.not_processed:
            raise SystemExit("a leerling of the class is not known")


def by_lxml(data: bytes) -> None:
    """Parse and validate a message as lxml does."""
    (body,) = etree.fromstring(data).findall(f"{{{SOAP11}}}Body/*")
    if not schema.compiled(schema.VERZOEK_SCHEMA).validate(body):
        raise SystemExit("the message of the benchmark is not valid")


def measure(backend: Backend, folder: Path, rounds: int) -> None:
    """Print the ratios over one database."""
    database = world.open_database(backend)
    world.add_afnemer(database)
    world.import_file(database, write_edexml(folder / "school.edexml", BRIN6, 500))
    with database.reading() as connection:
        rig = Rig(backend, database, connection.scalars(sa.select(afnemer.c.id)).one())
    kinds: dict[str, list[tuple[Turn, Turn]]] = {"new": [], "the same again": [], "all changed": []}
    for turn in range(-WARM_UP, rounds):
        for turns, (data, moment) in zip(kinds.values(), _messages(turn), strict=True):
            acts = [partial(rig.take, data, moment), partial(by_lxml, data)]
            found = [rig.timed(act) for act in (acts if turn % 2 else reversed(acts))]
            if turn >= 0:
                turns.append((found[0], found[1]) if turn % 2 else (found[1], found[0]))
    for kind, turns in kinds.items():
        show(f"{backend.soort}, {kind}", turns)
    database.close()


def _messages(turn: int) -> Iterator[tuple[bytes, datetime]]:
    """Yield the messages of one turn, each with the moment at which it comes: new, the same again, changed."""
    minute = 3 * (turn + WARM_UP)
    for step, score in enumerate((1, 1, 2)):
        yield class_message(turn, score, minute + step), START + timedelta(minutes=minute + step, seconds=1)


def show(label: str, turns: list[tuple[Turn, Turn]]) -> None:
    """Print the ratio on the clock, turn by turn, and that of the CPU of all turns, which other work disturbs less."""
    own, rival = ([pair[place].wall * 1e3 for pair in turns] for place in (0, 1))
    middles = f"{number(Spread.of(own).middle)} / {number(Spread.of(rival).middle)} ms"
    show_ratio(f"{label}, on the clock: {middles}", ratios(own, rival), MOST)
    cpus = [sum(pair[place].cpu for pair in turns) / len(turns) * 1e3 for place in (0, 1)]
    middles = f"{number(cpus[0])} / {number(cpus[1])} ms"
    show_ratio(f"{label}, CPU: {middles}", Spread.of([cpus[0] / cpus[1]]), MOST)


def main() -> None:
    """Measure both databases, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds: shows that everything works")
    parser.add_argument("--database", choices=[*BACKENDS], action="append")
    chosen = parser.parse_args()
    rounds = QUICK_ROUNDS if chosen.quick else ROUNDS
    gc.freeze()  # as a worker of `serve` does
    gc.set_threshold(GARBAGE)
    size = len(class_message(0, 1, 0))
    print(f"read, judged and taken / lxml parses and validates; {size:,} bytes, {rounds} pairs in turn")
    for kind in chosen.database or BACKENDS:
        with BACKENDS[kind]() as backend:
            measure(backend, backend.data, rounds)


if __name__ == "__main__":
    main()
