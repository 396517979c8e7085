"""A school that is sent results: leerlingen of two vestigingen and of another school, and messages in a few words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.school_builder import SchoolBuilder
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.contract.leerresultaten.records import (
    Leerresultaten,
    OsoResultaat,
    Resultaat,
    ResultatenSchool,
    Toets,
    Toetsafname,
    Toetsonderdeel,
    VocabulaireTerm,
)
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.taking import Taken, take

BRIN6, OTHER_BRIN6, OTHER_SCHOOL = "21QW00", "21QW01", "99ZZ00"
YEAR, PAST = "2026-2027", "2025-2026"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = date(2026, 11, 1)
KEYS = ("201", "202", "203", "204")
"""The leerlingen of BRIN6; each has an ECK-iD of the same number. 301 is of OTHER_BRIN6, 401 of OTHER_SCHOOL."""


def leerling(key: str) -> Leerling:
    """Return a leerling with an ECK-iD, and a name and a date of birth that nobody else has."""
    born = f"2018-{int(key) // 100:02}-{int(key) % 100 + 1:02}"
    return Leerling(key, eckid(int(key)), f"Bos{key}", roepnaam=f"Bo{key}", geboortedatum=born, groep="g1")


@dataclass(frozen=True)
class Sent:
    """One result that is sent: of whom, under which key, and what it says."""

    leerlingid: str
    key: str
    score: int | None = 7
    eckid: str | None = None
    toetscode: str = "T1"
    onderdeel: str | None = None
    afnamedatum: date = DAY
    oso: OsoResultaat | None = None
    infourl: str | None = None


def definition(code: str = "T1", naam: str = "Toets", onderdelen: Sequence[str] = ("A", "B")) -> Toets:
    """Return the definition of a toets."""
    parts = tuple(
        Toetsonderdeel(number, VocabulaireTerm(one), None, None) for number, one in enumerate(onderdelen, start=1)
    )
    return Toets(VocabulaireTerm(code), None, naam, None, None, None, (), parts)


def message(
    sent: Iterable[Sent],
    aanmaakdatum: datetime = START,
    toetsen: Iterable[Toets] = (),
    schooljaar: str = YEAR,
) -> Leerresultaten:
    """Return a message as the reader gives it; each result stands in a toetsafname of its own."""
    results = list(sent)
    own = list(toetsen) or [definition(code) for code in sorted({one.toetscode for one in results})]
    school = ResultatenSchool(schooljaar, "21QW", "00", None, aanmaakdatum, None, "2.2", None)
    return Leerresultaten(school, tuple(map(_afname, results)), tuple(own))


def _afname(one: Sent) -> Toetsafname:
    result = Resultaat(one.key, one.afnamedatum, one.toetscode, None, one.onderdeel, one.score, one.oso, one.infourl)
    return Toetsafname(one.leerlingid, one.eckid, None, (result,))


@dataclass
class ResultBench:
    """The school in a database, with the platforms `Proef` and `Ander`; `moment` is now."""

    database: Database
    moment: datetime = START
    afnemers: dict[str, int] = field(default_factory=dict)
    without_eckid: frozenset[str] = frozenset()

    def furnish(self) -> None:
        """Add the platforms and the leerlingen."""
        builder = SchoolBuilder(self.database)
        for klantnaam in ("Proef", "Ander"):
            builder.add_afnemer(klantnaam)
        with self.database.reading() as connection:
            query = sa.select(afnemer.c.klantnaam, afnemer.c.id)
            self.afnemers = {row.klantnaam: row.id for row in connection.execute(query)}
        self.bring(KEYS)
        self.bring(["301"], OTHER_BRIN6)
        self.bring(["401"], OTHER_SCHOOL)

    def bring(self, keys: Iterable[str], brin6: str = BRIN6, schooljaar: str = YEAR) -> None:
        """Import a year of a vestiging with these leerlingen."""
        people = [leerling(key)._replace(eckid=None) if key in self.without_eckid else leerling(key) for key in keys]
        self.import_year(people, schooljaar, brin6)

    def import_year(self, people: Iterable[Leerling], schooljaar: str = YEAR, brin6: str = BRIN6) -> None:
        """Import a year of a vestiging with leerlingen as they are given."""
        groepen = [Groep("groep", "g1", "3a", "3")]
        dataset = make_dataset(list(people), groepen=groepen, brin6=brin6, schooljaar=schooljaar)
        import_dataset(self.database, dataset, moment=self.moment)

    def send(
        self,
        *sent: Sent,
        at: datetime | None = None,
        brin6: str = BRIN6,
        platform: str = "Proef",
        toetsen: Iterable[Toets] = (),
        schooljaar: str = YEAR,
    ) -> Taken:
        """Take a message in a transaction of its own, a second later; `at` is its aanmaakdatum, else now."""
        self.moment += timedelta(seconds=1)
        made = message(sent, at or self.moment, toetsen, schooljaar)
        with self.database.writing() as connection:
            return take(connection, self.moment, self.afnemers[platform], brin6, made)

    def standing(self, key: str, brincode: str = "21QW") -> list[ResultVersion]:
        """Return what stands of the leerling who is sent with a key."""
        with self.database.reading() as connection:
            id_ = self.id_of(key, brincode)
            return [] if id_ is None else reading.of_leerling(connection, id_)

    def scores(self, key: str, brincode: str = "21QW") -> dict[str, int | None]:
        """Return the score by key of each result that stands of a leerling."""
        return {one.key: one.score for one in self.standing(key, brincode)}

    def id_of(self, key: str, brincode: str = "21QW") -> int | None:
        """Return the id of the leerling who is sent with a key."""
        query = sa.text("SELECT id FROM persoon WHERE soort = 'leerling' AND brincode = :brincode AND key = :key")
        with self.database.reading() as connection:
            found: int | None = connection.scalar(query, {"brincode": brincode, "key": key})
        return found

    def count(self, table: sa.Table) -> int:
        """Return the number of rows of a table."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
