"""Schools that live beside their rules: what an operator and a school do to both, and what a vendor gets of each.

Every act is done to the service and to the rules (`year_rules`); the rules say whether it is refused. After each one
the persons and the open questions of both are compared, and each answer field by field.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from lxml import etree

from support.imports import options
from support.las_files import schooljaar
from support.profile_school import ProfileSchool, aanmaakdatum, outcome, view_of
from support.school_builder import ACTOR
from support.school_model import Model, Settings, View, YearKey
from support.year_identity import LEERLING
from support.year_life import FIRST, LAST, START, Export, Life
from support.year_rules import GENERATED, NotDoneError, Question, School
from uwlr_adapter.administratie import calendar_acts, schools
from uwlr_adapter.administratie.importing import batches, eckid, forget, fusie, importer, join, persons, questions
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.importing.withdraw import withdraw
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.koppelingen import actions, store

if TYPE_CHECKING:
    from collections.abc import Callable

VOL, SMAL = "vol", "smal"


@dataclass
class Kept:
    """A batch that changed something, with the records of its schools before and after it by the rules."""

    number: int
    before: dict[str, School]
    after: dict[str, School]
    withheld: tuple[int, int] | None = None
    """Of a join: who was withheld under the id that went, and the id that stays."""


@dataclass
class Tally:
    """What was done, for the figures in the docs."""

    done: Counter[str] = field(default_factory=Counter)

    def add(self, *what: str) -> None:
        """Count one of each."""
        self.done.update(what)


class Bench:
    """One or two schools, each with its LAS, its records by the rules, and what its vendor has."""

    def __init__(self, endpoint: ProfileSchool, brincodes: list[str], seed: int, tally: Tally) -> None:
        self.endpoint, self.seed, self.tally = endpoint, seed, tally
        self.rng = Random(f"{brincodes} {seed}")  # noqa: S311 - a seeded school is no secret
        letters = ["L", self.rng.choice("LK")]
        sizes = [(8, 16), (4, 8)]
        self.lives = [
            Life(one, seed, letter, size) for one, letter, size in zip(brincodes, letters, sizes, strict=False)
        ]
        self.schools = {one: School() for one in brincodes}
        self.calendar = Model()
        self.withheld: dict[str, set[int]] = {}
        self.standing: list[Kept] = []
        self.undone: list[Kept] = []
        self.exports: list[Export] = []
        self.last: dict[tuple[YearKey, str], str] = {}
        self.received: dict[tuple[YearKey, str], View | None] = {}
        self.told_again: set[str] = set()
        """The vestigingen whose koppeling may get again what it has: somebody was withheld, or is shared again."""
        self.generated: dict[str, str] = {}
        """The keys that the code made, by what stands for them in the rules."""
        self.day = FIRST

    # Time.

    def live(self) -> None:
        """Live through all of it."""
        self._at(FIRST - timedelta(1))
        for life in self.lives:
            for brin6 in life.brin6s if life.door == "edexml" else life.brin6s[:1]:
                export = life.edexml((brin6, START)) if life.door == "edexml" else life.csv(life.years())
                assert export is not None
                self.bring(export)
            self.endpoint.activate(*life.brin6s)
            self._set_calendar(life)
        self.base = len(self.standing)
        day = FIRST
        while day <= LAST:
            self._at(day)
            for life in self.lives:
                life.day = day
                life.live()
            for _ in range(self.rng.randint(0, 2)):
                self.act()
            for _ in range(self.rng.randint(0, 2)):
                self.ask()
            end = day.replace(month=7, day=31)
            day += timedelta(self.rng.randint(1, 12))
            if self.day < end < day or self.day < end.replace(month=8, day=1) < day:
                day = end + timedelta(self.rng.randint(0, 1))

    def _at(self, day: date) -> None:
        """Set the clock to the noon of a day."""
        self.day = day
        self.endpoint.moment = datetime(day.year, day.month, day.day, 12, tzinfo=AMSTERDAM).astimezone(UTC)

    def act(self) -> None:
        """Do one thing of an operator or a school."""
        self.endpoint.moment += timedelta(minutes=10)
        acts: list[tuple[float, Callable[[], None]]] = [
            (0.50, self.bring_new),
            (0.06, self.bring_older),
            (0.09, self.undo),
            (0.09, self.redo),
            (0.10, self.answer_question),
            (0.04, self.correct_eckid),
            (0.04, self.join),
            (0.02, self.withdraw),
            (0.02, self.forget),
            (0.04, self.withhold),
            (0.04, self.release),
            (0.04, self.merge),
        ]
        (chosen,) = self.rng.choices([act for _, act in acts], [chance for chance, _ in acts])
        chosen()
        for brincode in self.schools:
            self.compare(brincode)

    # Imports.

    def bring_new(self) -> None:
        """Import what a LAS delivers today."""
        for export in self.rng.choice(self.lives).exports():
            self.bring(export)

    def bring_older(self) -> None:
        """Import an earlier export again."""
        if self.exports:
            self.bring(self.rng.choice(self.exports), older=self.rng.random() < 0.3)

    def bring(self, export: Export, *, older: bool = False) -> None:
        """Import an export; what the rules refuse or ask changes nothing."""
        if not export.source.claims:
            return
        (brincode,) = {brin6[:4] for brin6, _ in export.source.claims}
        school = self.schools[brincode]
        reason = school.refuses(export.source)
        if not reason and not older and school.is_older(export.source):
            reason = "older"
        before = {brincode: school.copy()}
        given = options(self.endpoint.moment, older=older)
        if reason:
            self.tally.add("import refused", f"import refused: {reason}")
            with pytest.raises(ImportRefusedError) as refused:
                importer.import_deliveries(self.endpoint.database, export.deliveries, given)
            assert reason == "too many questions" or refused.value.asks == (reason == "older"), (
                brincode,
                self.day,
                reason,
            )
            return
        try:
            done = importer.import_deliveries(self.endpoint.database, export.deliveries, given)
        except ImportRefusedError as error:
            raise AssertionError((brincode, self.day, error.problems)) from None
        self.tally.add("import", f"import {'csv' if export.source.made is None else 'edexml'}")
        self.exports.append(export)
        school.take(export.source)
        self.tally.add(*("row held" for year in export.source.claims for _ in school.years[year].contested))
        self._keep(done.batch, before)

    def _keep(self, number: int, before: dict[str, School], withheld: tuple[int, int] | None = None) -> None:
        """Keep a batch that changed something; what was undone of its schools cannot be redone any more."""
        with self.endpoint.database.reading() as connection:
            changes = batches.get(connection, number).changes
        after = {brincode: self.schools[brincode].copy() for brincode in before}
        if changes:
            self.standing.append(Kept(number, before, after, withheld))
            self._end_redo(set(before))
        else:
            same = all(after[one].content() == before[one].content() for one in before)
            assert same, "a batch that changed something says that it did not"

    def _end_redo(self, brincodes: set[str]) -> None:
        """Forget what cannot be redone any more: of these schools, and what came after a fusie of one of them."""
        for one in sorted(self.undone, key=lambda one: one.number):
            if one.before.keys() & brincodes:
                brincodes |= one.before.keys()
                self.undone.remove(one)

    # Taking back.

    def undo(self) -> None:
        """Undo the newest batch, or some of the newest; the first ones of each school stay."""
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            if len(self.standing) <= self.base:
                return
            chosen = self.standing.pop()
            with self.endpoint.database.writing() as connection:
                batches.undo(connection, chosen.number, self.endpoint.moment)
            self.tally.add("undo")
            self.undone.append(chosen)
            self._restore(chosen.before)
            if chosen.withheld is not None:
                self._replace_withheld(chosen.withheld[1], chosen.withheld[0])
            self._activate_anew()

    def _restore(self, records: dict[str, School]) -> None:
        """Make the records of schools those of a copy; a leerling who is withheld stays known where that one was.

        The koppeling may be of the other school: after the undo of a fusie, in which that one was withheld.
        """
        now = {brincode: self.schools[brincode].copy() for brincode in records}
        for brincode, school in records.items():
            self.schools[brincode].become(school)
        withheld = {id_ for ids in self.withheld.values() for id_ in ids}
        for brincode, before in now.items():
            for id_ in withheld & before.people.keys():
                if all(id_ not in school.people for school in self.schools.values()):
                    self.schools[brincode].people[id_] = before.people[id_]

    def redo(self) -> None:
        """Do again what was undone last."""
        if not self.undone:
            return
        chosen = self.undone.pop()
        with self.endpoint.database.writing() as connection:
            batches.redo(connection, chosen.number, self.endpoint.moment)
        self.tally.add("redo")
        self.standing.append(chosen)
        if chosen.withheld is not None:
            self._replace_withheld(*chosen.withheld)
        self._restore(chosen.after)
        self._activate_anew()

    # By hand.

    def _operator(self) -> Operator:
        return Operator(ACTOR, self.endpoint.moment)

    def _do(
        self, what: str, brincodes: list[str], rules: "Callable[[], None]", act: "Callable[[sa.Connection], Any]"
    ) -> Any:
        """Do an act to the rules and to the service; both refuse it, or neither. Return what the service gave."""
        before = {one: self.schools[one].copy() for one in brincodes}
        try:
            rules()
        except NotDoneError:
            for one, school in before.items():
                self.schools[one].become(school)
            self.tally.add(f"{what} refused")
            with pytest.raises(RefusedError):
                self._write(brincodes, act)
            return None
        done = self._write(brincodes, act)
        self.tally.add(what)
        batch = done[1] if isinstance(done, tuple) else done.batch
        self._keep(batch, before)
        return done

    def _write(self, brincodes: list[str], act: "Callable[[sa.Connection], Any]") -> Any:
        """Do an act in a transaction that holds the schools."""
        with self.endpoint.database.writing() as connection:
            for one in sorted(brincodes):
                schools.lock_school(connection, one)
            return act(connection)

    def _school(self) -> tuple[str, School]:
        """Return a school that was not merged."""
        return self.rng.choice([(brincode, one) for brincode, one in self.schools.items() if not one.merged])

    def _sent(self, key: str) -> str:
        return self.generated.get(key, key)

    def answer_question(self) -> None:
        """Answer an open question, rightly or not."""
        brincode, school = self._school()
        open_ = school.questions()
        if not open_:
            return
        question = self.rng.choice(sorted(open_, key=repr))
        found = next(one for one in self._questions(brincode) if self._said(one) == self._named(school, question))
        choice = self.rng.choice(found.choices)
        if len(question[-1]) == 2 and choice != "new":
            assert set(found.choices) == {"key", "eckid", "new"}, (brincode, self.day, question)
        self._do(
            "answer",
            [brincode],
            lambda: school.answer_question(question, choice),
            lambda connection: questions.answer(connection, found.id, choice, self.endpoint.moment, ACTOR),
        )

    def _questions(self, brincode: str) -> list[questions.ImportQuestion]:
        with self.endpoint.database.reading() as connection:
            return questions.of_school(connection, brincode)

    @staticmethod
    def _said(one: questions.ImportQuestion) -> object:
        """Return what a question of the service is about."""
        said = one.years[0].values
        parts = tuple(str(said.get(name) or "") for name in ("roepnaam", "geboortedatum", "achternaam"))
        return one.kind.value, one.key, one.eckid, parts, tuple(known.key for known in one.known)

    def _named(self, school: School, question: Question) -> object:
        """Return what a question of the rules is about, with the keys that are sent."""
        return *question[:-1], tuple(self._sent(school.people[id_].sent) for id_ in question[-1])

    def correct_eckid(self) -> None:
        """Correct an ECK-iD by hand: to that of somebody else, to the right one, or to none."""
        brincode, school = self._school()
        people = {id_: one for id_, one in school.people.items() if one.kind == LEERLING}
        id_ = self.rng.choice(sorted(people))
        other = self.rng.choice([*sorted(filter(None, (one.eckid for one in people.values()))), None, "nieuw"])
        wanted = f"https://ketenid.nl/201703/{self.day.isoformat()}" if other == "nieuw" else other
        swap = self.rng.random() < 0.4
        sent = people[id_].sent
        self._do(
            "leerling eckid",
            [brincode],
            lambda: school.correct_eckid(id_, wanted, swap=swap),
            lambda connection: eckid.correct(
                connection, self._get(connection, brincode, sent), wanted, self._operator(), swap=swap
            ),
        )

    def _get(self, connection: sa.Connection, brincode: str, sent: str) -> persons.Person:
        return persons.get(connection, PersonKind.LEERLING, brincode, self._sent(sent))

    def join(self) -> None:
        """Join two leerlingen with one name, or any two."""
        brincode, school = self._school()
        people = {id_: one for id_, one in school.people.items() if one.kind == LEERLING}
        same = [
            (one, two)
            for one in people
            for two in people
            if one != two and people[one].said.parts == people[two].said.parts
        ]
        if not same:
            return
        keep, other = self.rng.choice(same)
        sent = people[keep].sent, people[other].sent

        def is_answered(year: YearKey, id_: int) -> bool:
            view = school.answer(self.calendar, year, self.day) or {"leerlingen": {}}
            return people[id_].sent in view["leerlingen"]

        done = self._do(
            "leerling join",
            [brincode],
            lambda: school.join(keep, other, is_answered),
            lambda connection: join.join(
                connection,
                self._get(connection, brincode, sent[0]),
                self._get(connection, brincode, sent[1]),
                self._operator(),
            ),
        )
        if done is not None and any(other in ids for ids in self.withheld.values()):
            self.standing[-1].withheld = (other, keep)
            self._replace_withheld(other, keep)

    def _replace_withheld(self, id_: int, other: int) -> None:
        for ids in self.withheld.values():
            if id_ in ids:
                ids.remove(id_)
                ids.add(other)

    def withdraw(self) -> None:
        """Take a year out."""
        brincode, school = self._school()
        if len(school.years) > 1:
            year = self.rng.choice(sorted(school.years))
            self._do(
                "school withdraw",
                [brincode],
                lambda: school.withdraw(year),
                lambda connection: withdraw(connection, year[0], schooljaar(year[1]), self._operator()),
            )

    def forget(self) -> None:
        """Forget a leerling, everywhere and in every kept batch; the LAS has nobody with one of the keys any more."""
        brincode, school = self._school()
        id_ = self.rng.choice(sorted(id_ for id_, one in school.people.items() if one.kind == LEERLING))
        one, names = school.people[id_], frozenset(map(self._sent, school.names(id_)))
        with self.endpoint.database.writing() as connection:
            forget.forget(connection, brincode, self._sent(one.sent), self.endpoint.moment)
        self.tally.add("leerling forget")
        of_schools = {brincode} | {other for other, one in self.schools.items() if one.merged}
        kept = [records for one in (*self.standing, *self.undone) for records in (one.before, one.after)]
        for records in (self.schools, *kept):
            for each in records.keys() & of_schools:
                records[each].forget(LEERLING, id_, names)
        for ids in self.withheld.values():
            ids.discard(id_)
        for life in self.lives:
            if life.brincode == brincode and self.rng.random() < 0.8:
                life.pupils = [child for child in life.pupils if not {child.key, child.eckid, child.own} & names]

    def merge(self) -> None:
        """Take the second school into the first one."""
        if len(self.schools) == 1 or any(one.merged for one in self.schools.values()):
            return
        (new, first), (old, second) = self.schools.items()
        into = {brin6: f"{new}0{at + 5}" for at, brin6 in enumerate(self.lives[1].brin6s)}

        def act(connection: sa.Connection) -> fusie.Merged:
            done = fusie.merge(connection, old, new, into, self._operator())
            for brin6 in into:
                for one in store.list_living(connection, brin6):
                    actions.end_by_merge(connection, one, self.endpoint.moment, actor=ACTOR)
            return done

        done = self._do("school merge", [old, new], lambda: first.merge(second, into), act)
        if done is not None:
            for brin6, other in into.items():
                self.withheld.pop(brin6, None)
                self.calendar.settings[other] = self.calendar.settings[brin6]
            self.lives[1].renumber(into, new_keys=self.rng.random() < 0.7)
            self.merged = into
            self._activate_anew()

    def _activate_anew(self) -> None:
        """Activate the koppelingen of the vestigingen of the second school, where a fusie or its undo brought them."""
        if len(self.lives) == 1:
            return
        is_merged = any(one.merged for one in self.schools.values())
        life = self.lives[1]
        if is_merged == (life.brincode in self.schools and life.brincode == self.lives[0].brincode):
            self._activate_missing(life)
            return
        back = {into: brin6 for brin6, into in self.merged.items()}
        life.renumber(self.merged if is_merged else back, new_keys=False)
        self._activate_missing(life)

    def _activate_missing(self, life: Life) -> None:
        with self.endpoint.database.reading() as connection:
            missing = [brin6 for brin6 in life.brin6s if store.find_living(connection, brin6, VOL) is None]
        for brin6 in missing:
            self.endpoint.activate(brin6)
            for asked in [asked for asked in self.received if asked[0][0] == brin6]:
                del self.received[asked]
                self.last.pop(asked, None)

    # What a school sets.

    def _set_calendar(self, life: Life) -> None:
        """Set some of the calendar of each vestiging, as a school does before the year begins."""
        for brin6 in life.brin6s:
            own = self.calendar.settings.setdefault(brin6, Settings())
            moment = self.endpoint.moment
            with self.endpoint.database.writing() as connection:
                if self.rng.random() < 0.5:
                    for start in (START, START + 1):
                        day = date(start, 8, self.rng.randint(15, 31))
                        own.first_school_day[start] = day
                        calendar_acts.set_first_school_day(connection, brin6, day, moment, actor=ACTOR)
                if self.rng.random() < 0.2:
                    own.takes_under_four = True
                    calendar_acts.set_under_four(connection, brin6, moment, under_four=True, actor=ACTOR)
                if self.rng.random() < 0.2:
                    own.past_until = (9, 10)
                    calendar_acts.set_past_year_until(connection, brin6, "09-10", moment, actor=ACTOR)

    def release(self) -> None:
        """Release the next year of a vestiging, or take that back."""
        start = self.lives[0].current + 1
        year = (self.rng.choice(self.lives[0].brin6s), start)
        said = self.schools[year[0][:4]].years.get(year)
        if said is None or not said.records:
            return
        is_open = self.calendar.is_answered(year, self.day)
        act = calendar_acts.take_back if is_open else calendar_acts.release
        with self.endpoint.database.writing() as connection:
            act(connection, year[0], schooljaar(start), self.endpoint.moment, actor=ACTOR)
        self.calendar.acts.setdefault(year, []).append((self.day, "take back" if is_open else "release"))
        self.tally.add("take back" if is_open else "release")

    def withhold(self) -> None:
        """Withhold a leerling from one koppeling (Niet delen), or share one again."""
        life = self.rng.choice(self.lives)
        brin6 = self.rng.choice(life.brin6s)
        ids = self.withheld.setdefault(brin6, set())
        school = self.schools[brin6[:4]]
        here = ids & school.people.keys()  # after the undo of a fusie some are of the other school
        undo = bool(here) and self.rng.random() < 0.4
        id_ = self.rng.choice(
            sorted(here) if undo else sorted(i for i, o in school.people.items() if o.kind == LEERLING)
        )
        if undo == (id_ in ids):
            builder = self.endpoint.builder
            builder.withhold(builder.living(brin6, SMAL), self._sent(school.people[id_].sent), undo=undo)
            (ids.discard if undo else ids.add)(id_)
            self.told_again.add(brin6)
            self.tally.add("weer delen" if undo else "niet delen")

    # What is compared.

    def compare(self, brincode: str) -> None:
        """Compare the persons and the open questions of a school with those of the rules."""
        school = self.schools[brincode]
        with self.endpoint.database.reading() as connection:
            found = {
                (kind.value, one.key): (frozenset(one.source_keys), one.eckid)
                for kind in PersonKind
                for one in persons.all_of(connection, kind, brincode)
            }
        wanted = {(one.kind, one.sent): (one.keys, one.eckid) for one in school.people.values()}
        for (kind, sent), own in wanted.items():
            if sent.startswith(GENERATED) and sent not in self.generated:
                resolved = {(of_kind, self._sent(key)) for of_kind, key in wanted}
                self.generated[sent] = next(
                    key
                    for (of_kind, key), said in found.items()
                    if of_kind == kind and said == own and (kind, key) not in resolved
                )
        wanted = {
            (kind, self._sent(sent)): (frozenset(map(self._sent, keys)), eckid)
            for (kind, sent), (keys, eckid) in wanted.items()
        }
        assert found == wanted, (brincode, self.day)
        asked = [
            (self._said(one), sorted((said.year.brin6, int(said.year.schooljaar[:4])) for said in one.years))
            for one in self._questions(brincode)
        ]
        open_ = [(self._named(school, question), years) for question, years in school.questions().items()]
        assert sorted(asked, key=repr) == sorted(open_, key=repr), (brincode, self.day)
        self.tally.add(*("person compared" for _ in found))

    def ask(self) -> None:
        """Fetch as a vendor that says what it has, and hold the answer to the rules."""
        self.endpoint.moment += timedelta(minutes=10)
        life = self.rng.choice(self.lives)
        year = (self.rng.choice(life.brin6s), life.current + self.rng.choice([0, 0, 0, 1, -1]))
        profiel = self.rng.choice([VOL, VOL, SMAL])
        asked = (year, profiel)
        where = (self.seed, *asked, self.day)
        withheld = self.withheld.get(year[0], set()) if profiel == SMAL else set()
        school = self.schools[year[0][:4]]
        wanted = school.answer(self.calendar, year, self.day, withheld, is_narrow=profiel == SMAL)
        if wanted is not None:
            wanted = {kind: {self._sent(key): one for key, one in all_.items()} for kind, all_ in wanted.items()}
        content = self.endpoint.fetch(year[0], schooljaar(year[1]), profiel, self.last.get(asked))
        answered, had = outcome(content), self.received.get(asked)
        self.tally.add("request", answered)
        if wanted is None:
            assert answered == "geengegevens", (where, answered)
        elif wanted == had and not (answered == "leerlinggegevens" and profiel == SMAL and year[0] in self.told_again):
            assert answered == "geenwijzigingen", (where, answered)
        else:
            assert answered == "leerlinggegevens", (where, answered)
            self._compare_fields(content, year, wanted, where)
            assert aanmaakdatum(content) > self.last.get(asked, ""), where
            self.last[asked] = aanmaakdatum(content)
        self.received[asked] = wanted

    def _compare_fields(self, content: bytes, year: YearKey, wanted: View, where: object) -> None:
        found = view_of(content)
        for kind, records in wanted.items():
            assert found[kind] == records, (where, kind)
            self.tally.add(*("field compared" for record in records.values() for _ in record))
        peildatum = max(date(year[1], 8, 1), min(self.day, date(year[1] + 1, 7, 31)))
        head = {etree.QName(one).localname: one.text for one in etree.fromstring(content)[0][0][0][0]}
        said = {
            "schooljaar": schooljaar(year[1]),
            "brincode": year[0][:4],
            "dependancecode": year[0][4:],
            "peildatum": peildatum.isoformat(),
        }
        assert said == {name: head.get(name) for name in said}, where
        self.tally.add(*("field compared" for _ in said))
