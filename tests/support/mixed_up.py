"""A school whose sources mix up keys and ECK-iDs, with twins and namesakes, and what may be answered of it.

Each row has a number of its own in its emailadres, so that an answer shows of which row it is.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import sqlalchemy as sa

from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import MOMENT, options, select
from uwlr_adapter.administratie import tables
from uwlr_adapter.administratie.importing import importer, questions
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.importing.naming import Naming, naming_of
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

DAY = date(2026, 9, 30)
"""The last day on which both years are answered."""
Year = tuple[str, str]
BRINCODE = "21QW"
YEARS: list[Year] = [
    (f"{BRINCODE}{code}", schooljaar) for code in ("00", "01") for schooljaar in ("2025-2026", "2026-2027")
]
Source = Sequence[tuple[Year, Sequence[Leerling]]]
"""The years of a source, and the leerlingen of each."""
ACHTERNAMEN = ("Haas", "Mol", "Das")
RELATIVES = {"twins": "roepnaam", "namesakes": "geboortedatum", "of one name and day": "achternaam"}
"""Two children of whom one part differs, and which."""


@dataclass(frozen=True)
class Child:
    """A child as it is."""

    number: int
    naming: Naming
    varies: str = ""
    """The one part that sources write now so, now so; of who has a relative none."""
    other: str | None = None
    """How they write it otherwise; None: not at all."""

    def said(self, rng: Random) -> Naming:
        """Return the names and the date as a source writes them."""
        if self.varies and rng.random() < 0.3:
            return self.naming._replace(**{self.varies: self.other})
        return self.naming


class Row(NamedTuple):
    """A row of a source: the child whom it is about, and what it says."""

    number: int
    leerling: Leerling


@dataclass
class World:
    """The school, its LAS, and what was answered so far."""

    database: Database
    rng: Random
    children: list[Child] = field(default_factory=list)
    relatives: dict[int, set[int]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    """Every row that was ever in a source, by its emailadres."""
    seen: dict[Year, set[str]] = field(default_factory=lambda: {year: set() for year in YEARS})
    """The rows that are answered for a year."""
    child_of: dict[str, int] = field(default_factory=dict)
    """The child that each key was sent with."""
    eckid_of: dict[str, str | None] = field(default_factory=dict)
    """The ECK-iD in the row that was taken last of each person, by the key that is sent."""
    contradicts: bool = True
    """Whether the years of one source may say different things about one child."""
    counter: int = 0
    figures: Counter[str] = field(default_factory=Counter)

    def enrol(self) -> None:
        """Add a child; half of them are nearly the same as one who is there already, or may get such a one later."""
        number = len(self.children) + 1
        alone = [one for one in self.children if not one.varies and one.number not in self.relatives]
        if alone and self.rng.random() < 0.6:
            other = self.rng.choice(alone)
            part = self.rng.choice(list(RELATIVES.values()))
            values = {"roepnaam": f"Kind{number}", "achternaam": f"{other.naming.achternaam}je"}
            values["geboortedatum"] = self._day(2000)
            self.children.append(Child(number, other.naming._replace(**{part: values[part]})))
            self.relatives |= {number: {other.number}, other.number: {number}}
            return
        naming = Naming(f"Kind{number}", self.rng.choice(ACHTERNAMEN), self._day(0))
        varies = self.rng.choice(("", "", *Naming._fields))
        otherwise = self._day(5000) if varies == "geboortedatum" else f"Anders{number}"
        is_absent = bool(varies) and self.rng.random() < 0.5
        if is_absent:  # then the others are nobody else's
            naming = naming._replace(achternaam=f"Haas{number}")
        self.children.append(Child(number, naming, varies, None if is_absent else otherwise))

    def _day(self, offset: int) -> str:
        return (date(2014, 1, 1) - timedelta(offset - len(self.children))).isoformat()

    def step(self) -> None:
        """Import a source of one or more years with everything that goes wrong with keys; answer questions rightly."""
        known = len(self.children)
        for _ in range(self.rng.randint(0, 3)):
            self.enrol()
        present = [one for one in self.children if one.number > known or self.rng.random() < 0.8]
        years = self.rng.sample(YEARS, self.rng.choice((1, 1, 1, 2, 4)))
        rows = self.spoiled(present)
        source = [(year, self.said(rows)) for year in years]
        if self.contradicts and len(source) > 1 and self.rng.random() < 0.3:  # the last year says other things
            source[-1] = (source[-1][0], self.said(self.spoiled(present)))
        unmatched = self.rng.choice([*[Unmatched.ASK] * 6, Unmatched.NEW, Unmatched.BY_NAME])
        self.take_in(source, unmatched)
        self.figures += Counter(imports=1, rows=sum(len(said) for _, said in source))
        self.check()
        for _ in range(self.rng.choice((0, 0, 1, 3))):
            self.answer()
            self.check()

    def take_in(self, source: Source, unmatched: Unmatched) -> None:
        """Import a source."""
        held = take_in(self.database, source, unmatched)
        self.figures["held rows"] += held

    def said(self, rows: list[Row]) -> list[Leerling]:
        """Return what a file says, in another order each time, with the number of each row."""
        found = []
        for row in self.rng.sample(rows, len(rows)):
            emailadres = f"{len(self.rows)}@school.example"
            self.rows[emailadres] = row._replace(leerling=row.leerling._replace(emailadres=emailadres))
            found.append(self.rows[emailadres].leerling)
        return found

    def spoiled(self, present: list[Child]) -> list[Row]:
        """Return the rows of these children, of some of whom something is wrong."""
        rows = [Row(one.number, self._right(one)) for one in present]
        mistakes = [self.permute_keys, self.permute_eckids, self.rename, self.lose, self.double]
        for spoil in (*self.rng.sample(mistakes, 2), self.take):
            if rows and self.rng.random() < 0.5:
                spoil(rows)
        self.spare(rows)
        return rows

    def _right(self, child: Child) -> Leerling:
        roepnaam, achternaam, geboortedatum = child.said(self.rng)
        return Leerling(
            f"k{child.number}",
            eckid(child.number) if child.number % 4 else None,
            roepnaam=roepnaam,
            achternaam=achternaam,
            geboortedatum=geboortedatum,
        )

    def _change(self, rows: list[Row], place: int, **values: str | None) -> None:
        leerling = rows[place].leerling._replace(**values)  # type: ignore[arg-type] # by name
        rows[place] = rows[place]._replace(leerling=leerling)

    def permute_keys(self, rows: list[Row]) -> None:
        """Give some children each other's keys."""
        self._permute(rows, "key")

    def permute_eckids(self, rows: list[Row]) -> None:
        """Give some children each other's ECK-iDs."""
        self._permute(rows, "eckid")

    def _permute(self, rows: list[Row], name: str) -> None:
        chosen = self.rng.sample(range(len(rows)), min(len(rows), self.rng.randint(2, 5)))
        relatives = self.relatives.get(rows[chosen[0]].number, set())
        if self.rng.random() < 0.5:  # those who are taken for each other
            chosen = chosen[:1] + [place for place, row in enumerate(rows) if row.number in relatives]
        values = [getattr(rows[place].leerling, name) for place in chosen]
        for place, value in zip(chosen, values[1:] + values[:1], strict=True):
            self._change(rows, place, **{name: value})

    def take(self, rows: list[Row]) -> None:
        """Give a child, rather a new one, the key, the ECK-iD or both of another one.

        The other one is not in the file, or is there under a new key.
        """
        new = [place for place, row in enumerate(rows) if row.number not in self.child_of.values()]
        place = self.rng.choice(new if new and self.rng.random() < 0.7 else range(len(rows)))
        number, leerling = rows[place]
        near = sorted(self.relatives.get(number, ()))
        if not near or self.rng.random() < 0.3:
            near = [one.number for one in self.children if one.naming.achternaam == leerling.achternaam]
        other = self.rng.choice([one for one in near if one != number] or [self.children[0].number])
        taken = {"key": f"k{other}", "eckid": eckid(other)}
        for at, row in enumerate(rows):
            if row.number == other or row.leerling.key == taken["key"] or row.leerling.eckid == taken["eckid"]:
                self._change(rows, at, key=self._fresh("m"), eckid=None)
        for name in self.rng.choice((["key"], ["key"], ["eckid"], ["key", "eckid"])):
            self._change(rows, place, **{name: taken[name]})

    def rename(self, rows: list[Row]) -> None:
        """Give some children a new key, or a dummy."""
        for place in self.rng.sample(range(len(rows)), min(len(rows), 2)):
            is_dummy = rows[place].leerling.eckid is not None and self.rng.random() < 0.5
            self._change(rows, place, key=self._fresh("#" if is_dummy else "n"))

    def _fresh(self, letter: str) -> str:
        self.counter += 1
        return f"{letter}{self.counter}"

    def lose(self, rows: list[Row]) -> None:
        """Leave out some ECK-iDs."""
        for place in self.rng.sample(range(len(rows)), min(len(rows), 3)):
            if not rows[place].leerling.key.startswith("#"):
                self._change(rows, place, eckid=None)

    def double(self, rows: list[Row]) -> None:
        """Add a second row of a child, with a key of its own; at times the ECK-iD is in that one."""
        place = self.rng.randrange(len(rows))
        number, leerling = rows[place]
        takes_it = not leerling.key.startswith("#") and self.rng.random() < 0.6
        rows.append(Row(number, leerling._replace(key=self._fresh("d"), eckid=leerling.eckid if takes_it else None)))
        if takes_it:
            self._change(rows, place, eckid=None)

    def spare(self, rows: list[Row]) -> None:
        """Take away what nothing tells apart from a correction of the names of somebody who is not in the file.

        That is both identifiers of another one, or one of a relative, unless the row is what is known of its own child.
        """
        with self.database.reading() as connection:
            people = connection.execute(sa.select(tables.persoon)).all()
            by_key_of = dict(
                connection.execute(sa.select(tables.source_key.c.key, tables.source_key.c.persoon_id)).all()
            )
        child_of = {one.id: self.child_of[one.key] for one in people}
        owner_of = {one.eckid: child_of[one.id] for one in people if one.eckid}
        known = {(child_of[one.id], Naming(one.roepnaam, one.achternaam, one.geboortedatum)) for one in people}
        present = {row.number for row in rows}
        for place, (number, leerling) in enumerate(rows):
            named = {child_of.get(by_key_of.get(leerling.key, 0)), owner_of.get(leerling.eckid or "")}
            absent = named - {None, number} - present
            seems_right = len(named) == 1 or absent & self.relatives.get(number, set())
            is_nobody = leerling.key.startswith("#") and leerling.eckid is None  # that would be refused
            if is_nobody or (absent and seems_right and (number, naming_of(leerling)) not in known):
                self._change(rows, place, key=self._fresh("s"), eckid=None)
            else:
                self.figures["rows with what is somebody else's"] += bool(named - {None, number})

    def answer(self) -> None:
        """Answer one question as somebody does who knows the children."""
        found = open_questions(self.database)
        if not found:
            return
        question = self.rng.choice(found)
        self.figures["answers to questions"] += self.give(question, self.choose(question))

    def give(self, question: ImportQuestion, choice: Choice) -> bool:
        """Give an answer; return whether it was taken."""
        return give(self.database, question.id, choice)

    def choose(self, question: ImportQuestion) -> Choice:
        """Return the right answer."""
        child = self.rows[question.years[0].values["emailadres"]].number
        places = [place for place, one in enumerate(question.known) if self.child_of[one.key] == child]
        if not places or question.choices == (Choice.NEW,):
            return Choice.NEW
        return Choice.SAME if len(question.known) == 1 else (Choice.KEY, Choice.ECKID)[places[0]]

    def check(self) -> None:
        """Show that each leerling who is answered is one row, of the child of that key, with the last ECK-iD of it."""
        found: list[tuple[Year, Leerling]] = []
        for year in YEARS:
            answered = select(self.database, *year, DAY)
            found += [(year, one) for one in (() if answered is None else answered.leerlingen)]
        for year, one in sorted(found, key=lambda pair: int(str(pair[1].emailadres).split("@")[0])):
            row = self.rows[str(one.emailadres)]
            assert self.child_of.setdefault(one.key, row.number) == row.number
            assert naming_of(one) == naming_of(row.leerling)
            if one.emailadres not in self.seen[year] and row.leerling.eckid is not None:
                self._take_eckid(one.key, row.leerling.eckid)
        for year in YEARS:
            self.seen[year] = {str(one.emailadres) for its, one in found if its == year}
        for _, one in found:
            assert one.eckid == self.eckid_of.get(one.key)
        holders = {(one.eckid, self.child_of[one.key]) for _, one in found if one.eckid is not None}
        assert len(holders) == len({eckid_ for eckid_, _ in holders})
        self.figures["answered leerlingen"] += len(found)

    def _take_eckid(self, key: str, eckid_: str) -> None:
        losers = [one for one, had in self.eckid_of.items() if had == eckid_ and one != key]
        self.figures["ECK-iDs that went to somebody else"] += len(losers)
        self.eckid_of |= {**dict.fromkeys(losers), key: eckid_}


def take_in(database: Database, source: Source, unmatched: Unmatched) -> int:
    """Import a source of one or more years; return how many rows are held."""
    deliveries = [read(year, said) for year, said in source]
    done = importer.import_deliveries(database, deliveries, options(unmatched=unmatched, max_held=10**6))
    return sum(report.held for report in done.reports)


def read(year: Year, said: Sequence[Leerling]) -> Delivery:
    """Read the file of a year."""
    return edexml.read(to_edexml(make_dataset(said, brin6=year[0], schooljaar=year[1])))


def open_questions(database: Database) -> list[ImportQuestion]:
    """Return what is asked about the school."""
    with database.reading() as connection:
        return questions.of_school(connection, BRINCODE)


def give(database: Database, question_id: int, choice: Choice) -> bool:
    """Give an answer to a question; return whether it was taken."""
    with database.writing() as connection:
        try:
            questions.answer(connection, question_id, choice, MOMENT, "cli:proef")
        except questions.QuestionError:
            connection.rollback()
            return False
    return True
