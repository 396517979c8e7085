"""The sandbox as its calls and its pages see it: accounts, schools, and what happens to them.

One lock keeps its state: a call waits while a school is made. Safe to share between threads.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.sandbox import accounts, state
from uwlr_adapter.sandbox.accounts import ACTOR, Account, SandboxRefusedError
from uwlr_adapter.sandbox.making import Maker
from uwlr_adapter.sandbox.on_call import Consequence, before
from uwlr_adapter.sandbox.sandbox_clock import SandboxClock
from uwlr_adapter.sandbox.school_file import SandboxLeerling, leerlingen
from uwlr_adapter.sandbox.situations import SandboxPlace, Start, place_of
from uwlr_adapter.sandbox.state import MadeSchool, SandboxState

NO_CONSEQUENCE = Consequence()


@dataclass(slots=True)
class World:
    """The sandbox of one data folder."""

    folder: Path
    database: Database
    server_keys: ServerKeys
    clock: SandboxClock
    maker: Maker = field(init=False)
    _state: SandboxState = field(init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _example_years: set[str] = field(default_factory=set)
    """The schooljaren for which the example school was prepared by this process."""

    def __post_init__(self) -> None:
        """Read the state."""
        self.maker = Maker(self.database, self.server_keys)
        self._state = state.read(self.folder)
        self.clock.ahead = timedelta(seconds=self._state.ahead)

    @property
    def present(self) -> SandboxState:
        """The state now."""
        return self._state

    def _keep(self, new: SandboxState) -> None:
        state.write(self.folder, new)
        self._state = new

    def _keep_school(self, place: SandboxPlace, new: MadeSchool) -> MadeSchool:
        self._keep(replace(self._state, schools={**self._state.schools, place.brin6: new}))
        return new

    def move_clock(self, moment: datetime) -> None:
        """Move the clock, for all accounts. Raises ClockRefusedError."""
        with self._lock:
            self.clock.ahead = self.clock.distance(moment)
            self._keep(replace(self._state, ahead=round(self.clock.ahead.total_seconds())))

    def take_account(self, klantnaam: str, klantcode: str | None = None) -> tuple[Account, str]:
        """Make an account with this klantnaam, and return it with its klantcode, which is generated unless given.

        One that has that klantcode already is returned as it is. Its letters are kept first: when the sandbox stops
        half-way, the same klantnaam can be taken afterwards. Raises SandboxRefusedError when all are taken or the
        klantnaam has a colon; AfnemerError for another reason.
        """
        if ":" in klantnaam:
            raise SandboxRefusedError("a klantnaam of the sandbox has no colon: HTTP Basic ends the name there")
        with self._lock:
            if klantcode and (known := self.account_of(klantnaam, klantcode)) is not None:
                return known, klantcode
            old = self._state
            begun = [one for one, naam in old.accounts.items() if naam == klantnaam]
            letters = begun[0] if begun else accounts.free_letters(old)
            self._keep(replace(old, accounts={**old.accounts, letters: klantnaam}))
            try:
                with self.database.writing() as connection:
                    made = afnemers.add(connection, self.server_keys, klantnaam, self.clock(), klantcode, actor=ACTOR)[
                        1
                    ]
            except Exception:
                self._keep(old)
                raise
        return Account(letters, klantnaam), made

    def is_account(self, klantnaam: str) -> bool:
        """Return whether an account has this klantnaam."""
        return accounts.by_klantnaam(self._state, klantnaam) is not None

    def account_of(self, klantnaam: str, klantcode: str) -> Account | None:
        """Return the account with this klantnaam and klantcode, if any."""
        account = accounts.by_klantnaam(self._state, klantnaam)
        with self.database.reading() as connection:
            is_right = accounts.is_klantcode(connection, self.server_keys, klantnaam, klantcode)
        return account if is_right else None

    def before_call(self, call: Call) -> Consequence:
        """Make what a call asks for, and do what it sets off; return what becomes of its answer.

        Only the account of a school sets anything off there, with the right klantcode.
        """
        school = call.school
        if school is None or school.brincode is None:
            return NO_CONSEQUENCE
        brin6 = school.brincode + school.dependancecode
        if brin6 in setup.BRIN6S:
            self._prepare_example()
            return NO_CONSEQUENCE
        place = place_of(brin6)
        account = None if place is None else accounts.by_letters(self._state, place.letters)
        shown = call.autorisatie
        if place is None or account is None or account.klantnaam != shown.klantnaam:
            return NO_CONSEQUENCE
        if self.account_of(shown.klantnaam, shown.klantcode) is None:
            return NO_CONSEQUENCE
        with self._lock:
            old = self._ready(account, place)
            if shown.autorisatiesleutel != place.code:
                return NO_CONSEQUENCE
            fetches = call.operation is not BRENG_LEERRESULTATEN
            new, consequence = before(old, place, schooljaar_of(day_of(self.clock())), fetches=fetches)
            if new.edits != old.edits:
                new = self._bring(place, old, new)
            self._keep_school(place, new)
        return consequence

    def _prepare_example(self) -> None:
        """Lay out the schooljaren of the example school around the clock."""
        moment = self.clock()
        schooljaar = schooljaar_of(day_of(moment))
        with self._lock:
            if schooljaar not in self._example_years:
                setup.prepare(self.database, self.server_keys, moment)
                self._example_years.add(schooljaar)
            self.maker.open_in_the_past(setup.BRIN6, setup.ENTRY_ID, moment)

    def _ready(self, account: Account, place: SandboxPlace) -> MadeSchool:
        """Return the state of a school, which is made first, or laid out for the day of the clock."""
        moment, old = self.clock(), self._state.schools.get(place.brin6)
        if old is None:
            return self._keep_school(place, self.maker.make(account, place, moment))
        if place.situation.start is not Start.NOT_STARTED:
            self.maker.open_in_the_past(place.brin6, place.situation.entry, moment)
        new = self.maker.lay_out(place, old, moment)
        return old if new is old else self._keep_school(place, new)

    def _bring(self, place: SandboxPlace, old: MadeSchool, new: MadeSchool) -> MadeSchool:
        """Import what was done to the leerlingen of a school, and return its state.

        It is kept first that no schooljaar is fresh: when the sandbox stops half-way, the old state is imported again.
        """
        self._keep_school(place, replace(old, fresh=()))
        return self.maker.bring(place, new, self.clock())

    def school(self, account: Account, brin6: str) -> tuple[SandboxPlace, MadeSchool, list[SandboxLeerling]]:
        """Return a school of an account, its state, and its leerlingen now. Raises SandboxRefusedError."""
        place = place_of(brin6)
        if place is None or place.letters != account.letters:
            raise SandboxRefusedError("this account has no school with that brin6")
        with self._lock:
            present = self._ready(account, place)
        return place, present, leerlingen(place, schooljaar_of(day_of(self.clock())), present.edits)

    def act(
        self, account: Account, brin6: str, act: "SchoolAct", values: Mapping[str, str], version: int | None = None
    ) -> str:
        """Do an act on a school of an account, and return what was done, in a sentence.

        `version` is that of the school as it was seen; None: any. Raises SandboxRefusedError, or another RefusedError.
        """
        with self._lock:
            place, old, _ = self.school(account, brin6)
            if version is not None and version != old.version:
                raise SandboxRefusedError("this school changed since that page was shown: look at it, and do it again")
            new, told = act(self, account, place, old, values)
            if new.edits != old.edits:
                if len(new.edits) > state.MAX_EDITS:
                    raise SandboxRefusedError(f"a school takes {state.MAX_EDITS} acts on its leerlingen: reset it")
                new = self._bring(place, old, new)
            self._keep_school(place, replace(new, version=old.version + 1))
        return told


SchoolAct = Callable[[World, Account, SandboxPlace, MadeSchool, Mapping[str, str]], tuple[MadeSchool, str]]
"""An act on a school: returns its state afterwards, and what was done, in a sentence."""
