"""The stored answers: each is made once, judged by our XSD, kept in the database, and sent many times.

Nothing stale is ever sent, because nothing is sent that was not compared in the same request with the database:

1. What an answer says depends on the records of the school, the day, and the house that renders it (its version and
   settings); on nothing else. Every transaction that changes records raises `school.versie` (`touch_school`).
2. The gate reads `school.versie` and the stand in the statement that decides access. A stand is at hand only when it
   was made from that version or a later one, for a day from `van` until `tot`, by this house. Else it is made anew.
3. Making reads the records and their version in one snapshot, and keeps the result only while it holds the school's row
   and the version is still that one. Else the whole request begins again (`Verlopen`). What our XSD does not let pass
   is not kept: over PostgreSQL it judges while the transaction is open, and undoes it.
4. The bytes are found by the content hash in that stand, in the database as in a process: other content has another
   hash, so a process that kept an answer from before an import cannot find it any more.

So whoever asks after an import, a pause or midnight gets what holds then, whichever process does the work. A request
that overlaps a change is answered as of before it or as of after it, never with a part of each.

Bytes do not outlive their records: `touch_school` erases them in the transaction of the change.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import NamedTuple
from weakref import WeakValueDictionary

import sqlalchemy as sa

from uwlr_adapter import __version__
from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.selection import Selectie
from uwlr_adapter.administratie.tables import stand_inhoud
from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import GEEN_GEGEVENS, Standsleutel
from uwlr_adapter.answers.memory import Geheugen
from uwlr_adapter.clock import AMSTERDAM, day_of, from_utc
from uwlr_adapter.contract import answer, gzip_stream, rendered
from uwlr_adapter.contract.answer import Vorm
from uwlr_adapter.contract.dataset import Dataset, School
from uwlr_adapter.contract.rendered import Weergave, Wijzer
from uwlr_adapter.db.blocking import before_waiting
from uwlr_adapter.db.database import Opslag, ask, put
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.statements import Gesteld, Invoer, Vraag
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.access import Erbij

OCTETS = 64 * 1024 * 1024
"""What a process keeps at hand: some six hundred schools of the usual size. More only saves a look at the database."""
_SLEUTEL = Standsleutel._fields
_ASIDE = ThreadPoolExecutor(4, "uwlr-aside")
"""Threads of this process, in which an answer is judged and compressed: both work outside the interpreter, so that the
rest goes on meanwhile."""


class Verlopen(UwlrAdapterError):
    """The records changed, or an answer went away, while a request was at work: it begins again."""


class InvalidAnswerError(UwlrAdapterError):
    """An answer of our own does not keep to our own schema; the text holds a path and a rule, no value."""


@dataclass(frozen=True, slots=True)
class Inhoud:
    """The rendered records of an answer, the school that they are of (without days), and the records compressed."""

    school: School
    weergave: Weergave
    part: bytes

    @property
    def octets(self) -> int:
        """What it takes in memory, about: an index entry takes more than its text."""
        wijzer = self.weergave.wijzer
        return len(self.weergave.records) + len(self.part) + (0 if wijzer is None else 100 * len(wijzer.grenzen))


class Stand(NamedTuple):
    """What an answer says, and since when; its records too when they were made just now."""

    inhoud_hash: str
    gewijzigd: datetime
    leerlingen: int
    onvolledig: int
    inhoud: Inhoud | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there are no data."""
        return self.inhoud_hash == GEEN_GEGEVENS


@dataclass(frozen=True, slots=True)
class _Gemaakt:
    """An answer that was made just now, and what ends when it has been judged, if it has not been yet."""

    inhoud_hash: str
    inhoud: Inhoud | None
    keuring: Future[None] | None


_NIETS = _Gemaakt(GEEN_GEGEVENS, None, None)
"""What there is when there are no data."""


class Voorraad:
    """The stored answers of one database, and those that this process has at hand. Safe to share between threads."""

    def __init__(self, opslag: Opslag, octets: int = OCTETS) -> None:
        self._opslag = opslag
        self._antwoorden: Geheugen[bytes] = Geheugen(octets)
        self._inhouden: Geheugen[Inhoud] = Geheugen(octets // 4)
        self._lock = threading.Lock()
        self._makers: WeakValueDictionary[Standsleutel, _Maker] = WeakValueDictionary()

    def stand(
        self,
        sleutel: Standsleutel,
        vorm: Vorm,
        gezien: Sequence[Rij],
        *,
        schoolversie: int,
        moment: datetime,
        opened: datetime,
    ) -> Stand:
        """Give how an answer stands at this moment, made anew when it is not at hand.

        `gezien` and `schoolversie` are what the gate read (ERBIJ); `opened`, since when the koppeling has been open.
        Raises Verlopen, InvalidAnswerError or DBAPIError.
        """
        dag = day_of(moment)
        found = _usable(gezien, sleutel, vorm, schoolversie, dag)
        if found is not None:
            return found
        before_waiting()
        with self._alone(sleutel) as waited:
            if waited or not any(row[: len(sleutel)] == sleutel for row in gezien):  # else it is known to be of before
                found = _usable(self._opslag.look(Gesteld(_STAND, sleutel._asdict())), sleutel, vorm, schoolversie, dag)
            return found or self._make(sleutel, vorm, moment, opened)

    def inhoud(self, sleutel: Standsleutel, gemaakt: Stand) -> Inhoud:
        """Give the records of a stand. Raises Verlopen when they are gone."""
        found = gemaakt.inhoud or self._inhouden.get(gemaakt.inhoud_hash)
        if found is None:
            found = self._load(sleutel, gemaakt)
            if found.weergave.wijzer is not None:
                self._inhouden.put(gemaakt.inhoud_hash, found, found.octets)
        return found

    def antwoord(
        self, sleutel: Standsleutel, vorm: Vorm, gemaakt: Stand, gewijzigd: datetime, *, gzip: bool = False
    ) -> bytes:
        """Give the whole answer of a stand, as of `gewijzigd`. Raises Verlopen when its records are gone."""
        key = (gemaakt.inhoud_hash, gewijzigd, gzip)
        found = self._antwoorden.get(key)
        if found is None:
            inhoud = self.inhoud(sleutel, gemaakt)
            found = assemble(vorm, inhoud, inhoud.weergave.records, gewijzigd, gzip=gzip, part=inhoud.part)
            self._antwoorden.put(key, found, len(found))
        return found

    def _load(self, sleutel: Standsleutel, gemaakt: Stand) -> Inhoud:
        rows = self._opslag.look(Gesteld(_INHOUD, {**sleutel._asdict(), "inhoud_hash": gemaakt.inhoud_hash}))
        if not rows:
            before_waiting()
            with self._opslag.writing() as connection:  # so that it is not taken for at hand again
                freshness.let_go(connection, sleutel, gemaakt.inhoud_hash)
            raise Verlopen
        schoolkey, part, wijzer = rows[0]
        return Inhoud(
            school=_school(sleutel, schoolkey),
            weergave=Weergave(
                records=gzip_stream.decompress(part),
                leerlingen=gemaakt.leerlingen,
                onvolledig=gemaakt.onvolledig,
                wijzer=None if wijzer is None else Wijzer.from_json(gzip_stream.decompress(wijzer)),
            ),
            part=bytes(part),
        )

    def _make(self, sleutel: Standsleutel, vorm: Vorm, moment: datetime, opened: datetime) -> Stand:
        """Render an answer, judge it, and keep it (rule 3); or give what another process kept just now."""
        dag = day_of(moment)
        selectie = Selectie(sleutel.brin6, sleutel.schooljaar, dag, vorm.profiel)
        standen, versies, *found = self._opslag.snapshot(
            [Gesteld(_STAND, sleutel._asdict()), schools.asked_version(sleutel.brin6[:4]), *selectie.ask()]
        )
        versie = schools.version_in(versies)
        if (usable := _usable(standen, sleutel, vorm, versie, dag)) is not None:
            return usable
        dataset = selectie.read(found, written(moment))
        if dataset is None and not standen:
            return Stand(GEEN_GEGEVENS, freshness.whole_second(moment), 0, 0)  # nothing to write: it leaves no trace
        aside = not self._opslag.is_sqlite  # whose only writer would be held while an answer is judged
        gemaakt = _NIETS if dataset is None else _render(sleutel, vorm, dataset, aside=aside)
        inhoud_hash, inhoud = gemaakt.inhoud_hash, gemaakt.inhoud
        geldig = freshness.Geldigheid(
            schoolversie=versie,
            van=dag,
            tot=selectie.next_change(found),
            vorm=_house(vorm),
            leerlingen=0 if inhoud is None else inhoud.weergave.leerlingen,
            onvolledig=0 if inhoud is None else inhoud.weergave.onvolledig,
        )
        # On the disk with the line of the journaal, before the answer leaves.
        with self._opslag.writing(later=True) as connection:
            gewijzigd = _keep(connection, sleutel, inhoud_hash, inhoud, geldig, moment, opened)
            if gemaakt.keuring is not None:
                gemaakt.keuring.result()  # else nothing is kept
        if inhoud is not None and inhoud.weergave.wijzer is not None:
            self._inhouden.put(inhoud_hash, inhoud, inhoud.octets)
        return Stand(inhoud_hash, gewijzigd, geldig.leerlingen, geldig.onvolledig, inhoud)

    @contextmanager
    def _alone(self, sleutel: Standsleutel) -> Iterator[bool]:
        """Let one thread at a time make an answer: who waited, as this tells, finds it at hand."""
        with self._lock:
            maker = self._makers.get(sleutel)
            if maker is None:
                maker = self._makers[sleutel] = _Maker()
        waited = not maker.lock.acquire(blocking=False)
        if waited:
            maker.lock.acquire()
        try:
            yield waited
        finally:
            maker.lock.release()


class _Maker:
    """What the threads that want one answer hold in turn."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def assemble(
    vorm: Vorm,
    inhoud: Inhoud,
    records: bytes,
    gewijzigd: datetime,
    *,
    gzip: bool = False,
    part: bytes | None = None,
) -> bytes:
    """Give the answer around some of the records, as of a moment; `part` is these records as they are compressed."""
    dag = day_of(gewijzigd).isoformat()
    school = replace(inhoud.school, peildatum=dag, aanmaakdatum=written(gewijzigd))
    kop, staart = answer.around(vorm, school)
    return gzip_stream.join(kop, records, staart, part) if gzip else b"".join([kop, records, staart])


def written(moment: datetime) -> str:
    """Give a moment as an answer has it: in Amsterdam, with its offset, since toolkits send a bare one back as UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")


def _usable(standen: Sequence[Rij], sleutel: Standsleutel, vorm: Vorm, schoolversie: int, dag: date) -> Stand | None:
    """Give the stand of this answer among some, when it holds now (rule 2)."""
    for row in standen:
        if row[: len(sleutel)] == sleutel:
            inhoud_hash, gewijzigd, versie, van, tot, gemaakt_als, leerlingen, onvolledig = row[len(sleutel) :]
            is_made = versie is not None and versie >= schoolversie and gemaakt_als == _house(vorm)
            if is_made and van <= dag and (tot is None or dag < tot):
                return Stand(inhoud_hash, from_utc(gewijzigd), leerlingen, onvolledig)
    return None


def _school(sleutel: Standsleutel, schoolkey: str | None) -> School:
    return School(
        schooljaar=sleutel.schooljaar,
        peildatum="",
        brincode=sleutel.brin6[:4],
        dependancecode=sleutel.brin6[4:],
        schoolkey=schoolkey,
        aanmaakdatum="",
    )


def _house(vorm: Vorm) -> str:
    """Give what decides how records are written, beside the key of a stand."""
    return f"{__version__} {'key+eckid' if vorm.key_naast_eckid else ''}".strip()


def _render(sleutel: Standsleutel, vorm: Vorm, dataset: Dataset, *, aside: bool) -> "_Gemaakt":
    """Give the records of an answer, judged; or still being judged, `aside`. Raises InvalidAnswerError."""
    made = rendered.make(vorm, dataset)
    judge = partial(_judge, vorm, dataset.school, made.records)
    keuring = _ASIDE.submit(judge) if aside else None
    part = _ASIDE.submit(gzip_stream.compress, made.records)
    inhoud_hash = answer.content_hash(vorm, dataset.school, made.records)
    if not aside:
        judge()
    return _Gemaakt(inhoud_hash, Inhoud(_school(sleutel, dataset.school.schoolkey), made, part.result()), keuring)


def _judge(vorm: Vorm, school: School, records: bytes) -> None:
    """Judge an answer by our XSD. Raises InvalidAnswerError."""
    if findings := answer.check(answer.wrap(vorm, school, records), vorm.xsdversie, eigen=True):
        raise InvalidAnswerError(f"{findings[0].pad}: {findings[0].regel}")


def _keep(
    connection: sa.Connection,
    sleutel: Standsleutel,
    inhoud_hash: str,
    inhoud: Inhoud | None,
    geldig: freshness.Geldigheid,
    moment: datetime,
    opened: datetime,
) -> datetime:
    """Keep an answer in place of the one that was there; gives since when it is so. Raises Verlopen (rule 3)."""
    held, geopend, seen = ask(
        connection,
        [
            schools.asked_version(sleutel.brin6[:4], hold=True),
            store.asked_last_opened(sleutel.brin6),
            freshness.asked(sleutel),
        ],
    )
    if schools.version_in(held) != geldig.schoolversie:
        raise Verlopen
    latest = freshness.whole_second(max(opened, store.last_opened_in(geopend) or opened))
    gewijzigd = freshness.since(seen, inhoud_hash, moment, latest)
    noted = freshness.noted(sleutel, inhoud_hash, gewijzigd, geldig)
    if inhoud is None:
        connection.execute(stand_inhoud.delete().where(*_by_key(stand_inhoud)), sleutel._asdict())
        put(connection, [noted])
        return gewijzigd
    wijzer = inhoud.weergave.wijzer
    kept = {
        **sleutel._asdict(),
        "inhoud_hash": inhoud_hash,
        "schoolkey": inhoud.school.schoolkey,
        "inhoud": inhoud.part,
        "wijzer": None if wijzer is None else gzip_stream.compress(wijzer.to_json()),
    }
    put(connection, [noted, (_BEWAARD, kept)])
    return gewijzigd


def _by_key(table: sa.Table) -> list[sa.ColumnElement[bool]]:
    return [table.c[naam] == sa.bindparam(naam, type_=sa.String) for naam in _SLEUTEL]


_KOLOMMEN = (*_SLEUTEL, "inhoud_hash", "gewijzigd", "schoolversie", "van", "tot", "vorm", "leerlingen", "onvolledig")
ERBIJ = Erbij(freshness.stand, _KOLOMMEN, op=("schooljaar", "xsdversie", "soort"))
"""What the gate looks up with access: the stand under each profile."""
_STAND = Vraag(sa.select(*(freshness.stand.c[naam] for naam in _KOLOMMEN)).where(*_by_key(freshness.stand)))
_BEWAARD = Invoer(stand_inhoud, [column.name for column in stand_inhoud.c], replaces=True)
_INHOUD = Vraag(
    sa.select(stand_inhoud.c.schoolkey, stand_inhoud.c.inhoud, stand_inhoud.c.wijzer).where(
        *_by_key(stand_inhoud), stand_inhoud.c.inhoud_hash == sa.bindparam("inhoud_hash", type_=sa.String)
    )
)
