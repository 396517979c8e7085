"""The one builder of schools for tests: a database, and in it vestigingen, afnemers, koppelingen and gebruikers.

Each step goes through the service's own functions. The worlds of the tests (`world`, `trial_school`, `profile_school`,
`served_school`, `portal_school`) are made with it.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from argon2 import PasswordHasher

from support.databases import make_tables
from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import persons
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts, second_factor
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, agreeing, agreements, pausing, store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BRIN6 = "21QW00"
OTHER_BRIN6 = "21QW01"
CODE = "21QW00Ygr67BfgKl!gr8"
KLANTCODE = "een-lange-klantcode"
ACTOR = "cli:proef"
"""The actor of every act, as the journaal names it."""
SERVER_KEYS = "b=" + "0b" * 32, "a=" + "0a" * 32
_TERMS = """
[[voorwaarden]]
id = "uwlr"
versie = "uwlr-1"
tekst = "Verzonnen voor een test."
"""
_ENTRY = """
[[koppeling]]
id = "{id}"
naam = "{naam}"
type = "UWLR Leerlinggegevens"
omschrijving = "Proef"
prijs = "Geen"
voorwaarden = "uwlr"
afnemer = "Proef"
profiel = "{profiel}"
"""


def open_database(folder: Path, *brin6s: str) -> Database:
    """Open a new database with every table and these vestigingen, each with a schoolkey `key-<brin6>`."""
    database = Database(Settings(data=folder).database_url)
    make_tables(database)
    with database.writing() as connection:
        for brin6 in brin6s:
            add_vestiging(connection, brin6)
    return database


def write_catalogue(path: Path, entries: Iterable[tuple[str, str]], own_profiles: str = "") -> None:
    """Write a catalogue of koppelingen of the afnemer `Proef`; each entry is an id and a profiel.

    `own_profiles` is the text of profiles of its own.
    """
    written = (_ENTRY.format(id=id_, naam=id_.title(), profiel=profiel) for id_, profiel in entries)
    path.write_text(_TERMS + "".join(written) + own_profiles, encoding="utf-8")


def add_vestiging(connection: sa.Connection, brin6: str, naam: str | None = None) -> None:
    """Add a vestiging with the schoolkey `key-<brin6>`."""
    schools.add_vestiging(connection, brin6, naam or brin6, f"key-{brin6}")


QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Hashes with as little work as argon2 allows."""


def quick_hash(password: str) -> str:
    """Hash a password with little work."""
    return QUICK_HASHER.hash(password)


@dataclass
class SchoolBuilder:
    """Builder of a school in a database that is open; `moment` is when its steps are taken.

    A step has a transaction of its own, unless it is taken in a block of `transaction`.
    """

    database: Database
    server_keys: ServerKeys = field(default_factory=lambda: ServerKeys.parse(SERVER_KEYS))
    catalogue: Catalogue = field(default_factory=Catalogue.load)
    moment: datetime = MOMENT
    login: str = "test"
    naam: str = "Test"
    """The login and the name under which koppelingen are activated."""
    _connection: sa.Connection | None = field(default=None, init=False, repr=False)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Take all steps of the block in one transaction."""
        if self._connection is not None:
            yield self._connection
            return
        with self.database.writing() as connection:
            self._connection = connection
            try:
                yield connection
            finally:
                self._connection = None

    def add_vestigingen(self, *brin6s: str) -> None:
        """Add vestigingen, each with the schoolkey `key-<brin6>`."""
        with self.transaction() as connection:
            for brin6 in brin6s:
                add_vestiging(connection, brin6)

    def add_afnemer(self, klantnaam: str, klantcode: str | None = None) -> str:
        """Add an afnemer and return its klantcode, which is generated unless given."""
        with self.transaction() as connection:
            return afnemers.add(connection, self.server_keys, klantnaam, self.moment, klantcode, actor=ACTOR)[1]

    def activate(
        self,
        entry: str,
        brin6: str = BRIN6,
        code: str | None = CODE,
        *,
        startdatum: date | None = None,
        moment: datetime | None = None,
        toestemmingen: Collection[Toestemming] = (Toestemming.LEERLINGGEGEVENS,),
    ) -> Koppeling:
        """Activate a koppeling and return it; without a startdatum it starts on the day of the moment."""
        request = ActivationRequest(
            brin6,
            entry,
            self.login,
            self.naam,
            akkoord=Toestemming.LEERLINGGEGEVENS in toestemmingen,
            akkoord_resultaten=Toestemming.RESULTATEN in toestemmingen,
            startdatum=startdatum,
            verificatiecode=code,
        )
        with self.transaction() as connection:
            return actions.activate(
                connection, self.catalogue, self.server_keys, request, moment or self.moment, actor=ACTOR
            )

    def living(self, brin6: str, entry: str) -> Koppeling:
        """Return the koppeling of a vestiging that has not ended; there must be one."""
        with self.transaction() as connection:
            found = store.find_living(connection, brin6, entry)
        assert found is not None
        return found

    def enter_code(self, koppeling: Koppeling, code: str = CODE) -> Koppeling:
        """Enter a verificatiecode, which resumes a paused koppeling."""
        with self.transaction() as connection:
            return actions.enter_code(
                connection, self.server_keys, koppeling.id, koppeling.version, code, self.moment, actor=ACTOR
            )

    def agree(self, koppeling: Koppeling) -> Koppeling:
        """Agree again, where newer terms or more fields wait for that."""
        if not agreements.waiting(self.catalogue, koppeling):
            return koppeling
        with self.transaction() as connection:
            return agreeing.agree_again(
                connection,
                self.catalogue,
                koppeling.id,
                koppeling.version,
                login=self.login,
                naam=self.naam,
                akkoord=True,
                moment=self.moment,
                actor=ACTOR,
            )

    def give(self, koppeling: Koppeling, toestemming: Toestemming, moment: datetime | None = None) -> Koppeling:
        """Agree to a toestemming that was not given before."""
        with self.transaction() as connection:
            return agreeing.give(
                connection,
                self.catalogue,
                koppeling.id,
                koppeling.version,
                toestemming,
                login=self.login,
                naam=self.naam,
                akkoord=True,
                moment=moment or self.moment,
                actor=ACTOR,
            )

    def pause_one(self, koppeling: Koppeling, toestemming: Toestemming, moment: datetime | None = None) -> Koppeling:
        """Pause one toestemming of a koppeling."""
        with self.transaction() as connection:
            at = (koppeling.id, koppeling.version, toestemming, moment or self.moment)
            return pausing.pause(connection, *at, actor=ACTOR)

    def resume_one(self, koppeling: Koppeling, toestemming: Toestemming, moment: datetime | None = None) -> Koppeling:
        """Resume one toestemming of a koppeling."""
        with self.transaction() as connection:
            at = (koppeling.id, koppeling.version, toestemming, moment or self.moment)
            return pausing.resume(connection, *at, actor=ACTOR)

    def pause(self, koppeling: Koppeling, moment: datetime | None = None) -> Koppeling:
        """Clear the verificatiecode of a koppeling."""
        with self.transaction() as connection:
            return actions.clear_code(connection, koppeling.id, koppeling.version, moment or self.moment, actor=ACTOR)

    def withhold(self, koppeling: Koppeling, key: str, *, undo: bool = False) -> Koppeling:
        """Withhold a leerling, by its key, from a koppeling; with `undo` take that back."""
        act = actions.share_again if undo else actions.withhold
        with self.transaction() as connection:
            persoon_id = persons.get(connection, PersonKind.LEERLING, brincode_of(koppeling.brin6), key).id
            return act(connection, koppeling.id, koppeling.version, persoon_id, self.moment, actor=ACTOR)

    def end(self, koppeling: Koppeling, moment: datetime | None = None) -> Koppeling:
        """End a koppeling."""
        with self.transaction() as connection:
            return actions.end(connection, koppeling.id, koppeling.version, moment or self.moment, actor=ACTOR)

    def add_gebruikers(self, gebruikers: Iterable[NewGebruiker], password_hash: str, totp: dict[str, str]) -> None:
        """Add gebruikers with one password, set through their links; `totp` has secrets of second factors by login."""
        with self.transaction() as connection:
            for new in gebruikers:
                made = accounts.set_password(connection, self.add_gebruiker(new), password_hash, self.moment)
                if new.login in totp:
                    sealed = second_factor.seal(self.server_keys, totp[new.login])
                    accounts.set_totp(connection, made.id, sealed, 0)

    def add_gebruiker(self, new: NewGebruiker) -> str:
        """Add a gebruiker and return the token of the one-time link."""
        with self.transaction() as connection:
            return accounts.add(connection, new, self.moment)[1]
