"""Anything that happens to the children of a school and to their results, in an order of dice; held against the owners.

Two are made one only to be made two again: the platform goes on to mean the one child by each key.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from support.edexml_files import eckid
from support.result_bench import BRIN6, OTHER_SCHOOL, ResultBench, Sent
from support.result_look import OTHER, Administration, ResultLook
from support.result_owners import ORIGINAL, TWIN, SaidResult
from uwlr_adapter.administratie import withholding
from uwlr_adapter.administratie.importing import batches, forget, fusie, join, persons
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.result_tables import resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.jobs import purge
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.resultaten import taking_back
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.settings import Settings

SCHOOL = BRIN6[:4]
MOVED = "21QW01"
"""What the vestiging of the other school becomes by the fusie."""
RECEIVER = Settings(receiver="mijnlas")
_LAST_YEAR = 2029
_FIRST_NUMBER, _FIRST_FRESH, _CHILDREN = 100, 200, 6
_VISITORS = (TWIN, 71, 72, 73)
"""The children of the other school; some have the number of a child here."""


class ResultWalk(ResultLook):
    """A school with children, a platform that sends, an administration that is told, and the owners of all keys."""

    def __init__(self, bench: ResultBench, dice: random.Random, administration: Administration) -> None:
        super().__init__(bench, administration)
        self.dice = dice
        self.done: Counter[str] = Counter()
        self.history: list[object] = []
        self._with_eckid = {n for n in range(80) if dice.random() < 0.4} | {TWIN, ORIGINAL}
        self._present = list(range(_CHILDREN))
        self._number = {n: _FIRST_NUMBER + n for n in self._present} | {
            n: _FIRST_NUMBER + 3 + at for at, n in enumerate(_VISITORS)
        }
        self._fresh = iter(range(_CHILDREN, TWIN))
        self._free: list[int] = []
        """Numbers that nobody in the file has any more."""
        self._forgotten: set[int] = set()
        self._year, self._merged = 2026, False
        self._withheld: set[int] = set()
        self._messages: dict[int, str] = {}
        """The vestiging to which each message was sent."""
        self._again: list[tuple[str, str, Sent]] = []
        self._import_file()
        bench.import_year([self._leerling(n) for n in _VISITORS], self._schooljaar, OTHER_SCHOOL)
        self._koppeling = self._add_koppeling()
        self._learn()

    def step(self) -> None:
        """Let one thing happen, and look at all who have results."""
        acts = [
            (self._send, 40),
            (self._send_again, 4),
            (self._swap, 9),
            (self._leave, 6),
            (self._come, 8),
            (self._join, 7),
            (self._fusie, 3),
            (self._undo_import, 5),
            (self._forget, 4),
            (self._next_year, 3),
            (self._take_back, 6),
            (self._put_back, 4),
            (self._withhold, 4),
            (self._deliver, 6),
        ]
        (act,) = self.dice.choices([one for one, _ in acts], [weight for _, weight in acts])
        act()
        self._settle()
        self.check()

    @property
    def _schooljaar(self) -> str:
        return f"{self._year}-{self._year + 1}"

    def _leerling(self, n: int) -> Leerling:
        child = ORIGINAL if n == TWIN else n
        born = f"2018-{child // 28 + 1:02}-{child % 28 + 1:02}"
        own = eckid(child) if n in self._with_eckid else None
        return Leerling(
            str(self._number[n]), own, f"Bos{child}x", roepnaam=f"Bo{child}y", geboortedatum=born, groep="g1"
        )

    def _add_koppeling(self) -> int:
        at = self.bench.moment.replace(tzinfo=None)
        with self.bench.database.writing() as connection:
            made = connection.execute(
                koppeling.insert().values(
                    brin6=BRIN6,
                    entry_id="proef",
                    afnemer_id=self.bench.afnemers["Proef"],
                    status="actief",
                    code_digest="0" * 64,
                    startdatum=date(2026, 8, 1),
                    opened_at=at,
                    version=1,
                    akkoord_login="proef",
                    akkoord_naam="Proef",
                    akkoord_at=at,
                    akkoord_voorwaarden="1",
                )
            )
        (number,) = made.inserted_primary_key or (0,)
        return int(number)

    def _note(self, what: str, *more: object) -> None:
        self.done[what] += 1
        self.history.append((what, *more))

    def _learn(self) -> None:
        """Let the platform fetch: it knows each child by the key that leaves."""
        for (school, key), (_, child) in self.people().items():
            self.owners.learn(school, key, child)

    def _import_file(self) -> bool:
        self.bench.moment += timedelta(minutes=1)
        try:
            people = [self._leerling(n) for n in self._present if n not in self._forgotten]
            self.bench.import_year(people, self._schooljaar)
        except RefusedError as error:
            self._note("import refused", str(error)[:80])
            return False
        self._note("import", {n: self._number[n] for n in self._present})
        return True

    def _send(self) -> None:
        (school, key), child = self.dice.choice(sorted(self.owners.means.items()))
        if school == OTHER and self._merged:  # nothing is open there
            return
        here = [BRIN6, MOVED] if self._merged else [BRIN6]
        places = here if school == SCHOOL else [OTHER_SCHOOL]
        with_eckid = child in self._with_eckid and self.dice.random() < 0.3
        own = eckid(ORIGINAL if child == TWIN else child) if with_eckid else None
        brin6, score = self.dice.choice(places), len(self.owners.of_score) + 1
        name = f"{'r' if brin6 == BRIN6 else 's'}{self.dice.randrange(8)}"
        self.owners.of_score[score] = child
        self._deliver_one(school, brin6, Sent(key, name, score, own, afnamedatum=date(self._year, 11, 5)))

    def _send_again(self) -> None:
        if again := [one for one in self._again if one[1] == BRIN6]:
            self._deliver_one(*self.dice.choice(again))

    def _deliver_one(self, school: str, brin6: str, sent: Sent) -> None:
        child = self.owners.means[school, sent.leerlingid]
        try:
            taken = self.bench.send(sent, schooljaar=self._schooljaar, brin6=brin6)
        except RefusedError:
            self.done["message refused"] += 1
            return
        self._note("sent", child, sent.leerlingid, sent.key, sent.score, brin6, taken.added, taken.changed)
        self._messages[taken.message_id] = brin6
        self._again.append((school, brin6, sent))
        if taken.added or taken.changed:
            assert brin6 != BRIN6 or child not in self._withheld, f"{sent.key} was taken of a child who is withheld"
            said = SaidResult(child, sent.score or 0, taken.message_id)
            self.owners.take(self._result_of(taken.message_id), said)
        self.done[NotProcessedReason.WITHHELD.value] += taken.not_processed.get(NotProcessedReason.WITHHELD, 0)

    def _result_of(self, message_id: int) -> int:
        query = sa.select(resultaat_versie.c.resultaat_id).where(resultaat_versie.c.message_id == message_id)
        with self.bench.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def _swap(self) -> None:
        if len(self._present) > 2:
            one, other = self.dice.sample(self._present, 2)
            self._number[one], self._number[other] = self._number[other], self._number[one]
            self._import_file()
            self._learn()

    def _leave(self) -> None:
        if len(self._present) > 3:
            n = self.dice.choice(self._present)
            self._present.remove(n)
            self._free.append(self._number[n])
            self._import_file()
            self._learn()

    def _come(self) -> None:
        left = [n for n in range(TWIN) if n in self._number and n not in {*self._present, *self._forgotten}]
        n = self.dice.choice(left) if left and self.dice.random() < 0.5 else next(self._fresh)
        handed_on = bool(self._free) and self.dice.random() < 0.8
        number = self.dice.choice(self._free) if handed_on else self._number.get(n, _FIRST_FRESH + n)
        if number not in [self._number[one] for one in self._present]:
            self._number[n] = number
            self._present.append(n)
            if self._import_file():
                self._learn()
            else:
                self._present.remove(n)

    def _join(self) -> None:
        people = sorted(key for key in self.people().items() if key[0][0] == SCHOOL)
        if len(people) < 2:
            return
        ((_, keep), (_, one)), ((_, goes), (_, other)) = self.dice.sample(people, 2)
        try:
            with self.bench.database.writing() as connection:
                first, second = (persons.get(connection, PersonKind.LEERLING, SCHOOL, key) for key in (keep, goes))
                batch = join.join(connection, first, second, Operator("cli:p", self.bench.moment))[1]
        except RefusedError:
            return
        self._note("joined", keep, goes)
        self.owners.pairs.append((one, other))
        self._meanwhile()
        self._undo(batch)
        self.owners.pairs.clear()

    def _fusie(self) -> None:
        try:
            with self.bench.database.writing() as connection:
                operator = Operator("cli:p", self.bench.moment)
                batch = fusie.merge(connection, OTHER, SCHOOL, {OTHER_SCHOOL: MOVED}, operator).batch
        except RefusedError as error:
            self._note("fusie refused", str(error))
            return
        self._note("merged")
        self._merged = True
        self._learn()
        self._meanwhile()
        self._undo(batch)
        self._merged = False

    def _meanwhile(self) -> None:
        """Let other things happen, none of which is in the way of an undo."""
        for _ in range(self.dice.randrange(6)):
            acts = (self._send, self._send, self._send, self._take_back, self._put_back, self._deliver, self._withhold)
            self.dice.choice(acts)()
            self.check()

    def _undo(self, batch: int) -> None:
        with self.bench.database.writing() as connection:
            batches.undo(connection, batch, self.bench.moment)
        self._note("undone")

    def _undo_import(self) -> None:
        with self.bench.database.reading() as connection:
            found = [one for one in batches.find_all(connection, SCHOOL) if one.changes and one.undone_at is None]
        if len(found) > 1:
            try:
                self._undo(found[0].id)
            except RefusedError:
                return
            self.check()
            for _ in range(self.dice.randrange(4)):
                self.dice.choice((self._send, self._take_back, self._deliver))()
                self.check()
            with self.bench.database.writing() as connection:
                batches.redo(connection, found[0].id, self.bench.moment)
            self._note("redone")

    def _forget(self) -> None:
        people = sorted(self.people().items())
        if not people:
            return
        (school, key), (_, child) = self.dice.choice(people)
        if school == SCHOOL and child in self._present and len(self._present) > 2:
            with self.bench.database.writing() as connection:
                forget.forget(connection, SCHOOL, key, self.bench.moment)
            self._forgotten.add(child)
            self._present.remove(child)
            self._free.append(self._number[child])
            self._note("forgotten", key, child)

    def _next_year(self) -> None:
        if self._year < _LAST_YEAR:
            self._year += 1
            self.bench.moment = datetime(self._year, 9, 2, tzinfo=UTC)
            self._import_file()
            self._learn()
            self.bench.moment = datetime(self._year, 10, 3, tzinfo=UTC)
            by_hand = replace(JOBS["purge"], run=purge.run)
            run_now(by_hand, self.bench.database, Settings(), Lease("purge", "test"), moment=self.bench.moment)
            self._note("purged")
            told = {self.owners.of_score[score or 0] for _, _, score in self.administration.standing.values()}
            with self.bench.database.reading() as connection:
                left = set(connection.scalars(sa.select(resultaat.c.id)))
            for name in self.owners.said.keys() - left:
                said = self.owners.said.pop(name)
                gone = said[-1].child not in {child for _, child in self.people().values()}
                assert gone or said[-1].child in told or said[-1].message_id in self.owners.away, (
                    f"result {name} was erased"
                )

    def _take_back(self) -> None:
        self._set_back(away=True)

    def _put_back(self) -> None:
        self._set_back(away=False)

    def _set_back(self, *, away: bool) -> None:
        among = [one for one in self._messages if (one in self.owners.away) is not away]
        if not among:
            return
        number = self.dice.choice(among)
        try:
            done = self._set_message(number, away=away)
        except taking_back.MessageError:  # erased, with all that it said
            del self._messages[number]
            assert number not in {one.message_id for said in self.owners.said.values() for one in said}
            return
        if done:
            self._note("taken back" if away else "put back", number)
            self.owners.away ^= {number}

    def _set_message(self, number: int, *, away: bool) -> bool:
        brin6 = self._messages[number]
        with self.bench.database.writing() as connection:
            if away:
                return taking_back.take_back(connection, self.bench.moment, brin6, number, "cli:proef")
            return taking_back.undo_take_back(connection, brin6, number)

    def _withhold(self) -> None:
        people = [(id_, child) for (school, _), (id_, child) in self.people().items() if school == SCHOOL]
        if not people:
            return
        id_, child = self.dice.choice(sorted(people))
        if self.owners.pairs or child in {TWIN, ORIGINAL, *_VISITORS}:
            return
        with self.bench.database.writing() as connection:
            if child in self._withheld:
                withholding.remove(connection, self._koppeling, id_)
            else:
                withholding.add(connection, self._koppeling, id_)
        self._withheld ^= {child}
        self.done["withheld or shared"] += 1

    def _deliver(self) -> None:
        job = JOBS["results"]
        assert run_now(job, self.bench.database, RECEIVER, Lease("results", "test"), moment=self.bench.moment)
        self._note("delivered")
        self.check_told()

    def _settle(self) -> None:
        """Drop of the owners what is of children who are in the records no more."""
        known = {child for _, child in self.people().values()}
        said = {one.child for versions in self.owners.said.values() for one in versions}
        self.owners.erase(said - known)
        self._withheld &= known
