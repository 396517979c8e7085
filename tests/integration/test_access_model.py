"""The randomised model test: at every moment the gate grants exactly what an independently written model grants.

`Endpoint.fetch` is the only way in. It is pointed at the gate itself, for many examples, and at the whole application
from bytes to bytes, for some: there data come back, and only those that the model lets go.
"""

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from lxml import etree
from pydantic import SecretStr
from support.imports import import_delivery
from support.messages import LG, body, envelope, header, school_element
from support.oracle import amount
from support.school_builder import SERVER_KEYS, open_database
from support.world import World
from support.wsgi import call, forgiving

from uwlr_adapter.administratie.sources.edexml import edexml as reader
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.afnemers import AfnemerError
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.errors import KoppelingError
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

START = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)  # the night after it, Amsterdam leaves summer time
BRIN6S = ("21QW00", "21QW01", "03AB00")
CLIENTS = {"snappet": "Snappet", "basispoort": "Basispoort"}
NO_KLANT = "Client.OngeldigeKlantIdentificatie"
NO_ACCESS = "Client.AutorisatieOngeldig"


class Endpoint(Protocol):
    """Where a fetch goes: gives the brin6 of which data came back, or the code of the fault."""

    def fetch(self, klantnaam: str, klantcode: str, key: str, brin6: str, moment: datetime) -> str:
        """Fetch as a vendor does."""


@dataclass(frozen=True)
class GateEndpoint:
    """The gate itself as the way in."""

    world: World

    def fetch(self, klantnaam: str, klantcode: str, key: str, brin6: str, moment: datetime) -> str:
        """Fetch through the gate, from the bytes of a request on."""
        school = school_element(brin6)
        try:
            return self.world.fetch(
                key=key, school=school, klantnaam=klantnaam, klantcode=klantcode, moment=moment
            ).brin6
        except Fault as error:
            return error.code


@dataclass(frozen=True)
class ExchangeEndpoint:
    """The whole application as the way in, with the clock of the machine."""

    app: App

    def fetch(self, klantnaam: str, klantcode: str, key: str, brin6: str, moment: datetime) -> str:
        """Fetch as a vendor does; the data tell by the name of their one leerling whose they are."""
        del moment  # the application has the machine's own clock
        message = envelope(body(school=school_element(brin6)), header(key, klantcode, klantnaam))
        root = etree.fromstring(call(self.app, message).body)
        code = root.findtext(".//faultcode")
        if code is not None:
            return code.partition(":")[2]
        names = [found.text or "" for found in root.iter(f"{{{LG}}}roepnaam")]
        assert len(names) == 1
        return names[0]


def school_with_one(brin6: str) -> bytes:
    """Return an EDEXML file of a vestiging with one leerling, called after it."""
    return (
        "<EDEX><school><schooljaar>2026-2027</schooljaar>"
        f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode></school>"
        f'<leerlingen><leerling key="L{brin6}"><roepnaam>{brin6}</roepnaam></leerling></leerlingen></EDEX>'
    ).encode()


# The model: what the rules of the design say, in plain dicts and plain codes. It shares no code with the gate.


@dataclass
class ModelClient:
    """A vendor in the model: each klantcode with the moment until which it is valid."""

    codes: dict[str, datetime | None]
    enabled: bool = True


@dataclass
class ModelKoppeling:
    """A living koppeling in the model; a paused one has no code."""

    code: str | None
    first_day: date


@dataclass
class Model:
    """A model of who has access to what."""

    klanten: dict[str, ModelClient] = field(default_factory=dict)
    koppelingen: dict[tuple[str, str], ModelKoppeling] = field(default_factory=dict)

    def verdict(self, klantnaam: str, klantcode: str, key: str, brin6: str, moment: datetime) -> str:
        """Return what a fetch must lead to."""
        klant = self.klanten.get(klantnaam)
        if klant is None or not klant.enabled or klantcode not in klant.codes:
            return NO_KLANT
        until = klant.codes[klantcode]
        if until is not None and not moment < until:
            return NO_KLANT
        today = moment.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        for (where, what), koppeling in self.koppelingen.items():
            mine = where == brin6 and CLIENTS[what] == klantnaam
            if mine and koppeling.code == key and today >= koppeling.first_day:
                return brin6
        return NO_ACCESS

    def may_use(self, brin6: str, entry: str, code: str) -> bool:
        """Return whether a code keeps to the rule and is free at the vestiging."""
        others = [koppeling.code for key, koppeling in self.koppelingen.items() if key[0] == brin6 and key[1] != entry]
        return code.startswith(brin6) and 20 <= len(code) <= 50 and code not in others


class AccessMachine(RuleBasedStateMachine):
    """Acts on gate and model alike; after each act they must agree on what was asked, and on every fetch."""

    klantcodes = Bundle("klantcodes")
    brin6s = st.sampled_from(BRIN6S)
    rests = st.sampled_from(["-eerste-code-ab", "-tweede-code-ab", "-EERSTE-CODE-AB", "-kort"])
    strange = st.sampled_from(["", "", "", "21QW01", "x"])
    entry = st.sampled_from(sorted(CLIENTS))
    klanten = st.sampled_from(sorted(CLIENTS.values()))

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="uwlr-model-"))
        database = open_database(self.folder, *BRIN6S)
        self.world = World(database, Gate(Catalogue.load(), ServerKeys.parse(SERVER_KEYS)))
        self.model = Model()
        self.moment = START
        self.endpoint = self.make_endpoint()
        self.known_codes: set[str] = set()
        self.given: list[str] = []

    def make_endpoint(self) -> Endpoint:
        """Return the way in: the gate."""
        return GateEndpoint(self.world)

    @property
    def database(self) -> Database:
        """The database under test."""
        return self.world.database

    @initialize(target=klantcodes)
    def vendors(self) -> object:
        """Add both vendors."""
        given = []
        for klantnaam in CLIENTS.values():
            with self.database.writing() as connection:
                _, klantcode = afnemers.add(
                    connection, self.world.gate.server_keys, klantnaam, self.moment, actor="cli:proef"
                )
            self.model.klanten[klantnaam] = ModelClient({klantcode: None})
            given.append(klantcode)
        self.given += given
        return multiple(*given)

    @rule(brin6=brin6s, entry=entry, rest=rests, strange=strange, days=st.sampled_from([-1, 0, 0, 0, 1, 2, 366]))
    def activate(self, brin6: str, entry: str, rest: str, strange: str, days: int) -> None:
        """Activate a koppeling, perhaps with a code or a Startdatum that is refused."""
        code = (strange or brin6) + rest
        today = self.moment.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        may = (
            (brin6, entry) not in self.model.koppelingen
            and self.model.klanten[CLIENTS[entry]].enabled
            and self.model.may_use(brin6, entry, code)
            and 0 <= days <= 365
        )
        first_day = today + timedelta(days=days)
        try:
            self.world.activate(entry, brin6, code, startdatum=first_day, moment=self.moment)
        except KoppelingError:
            assert not may
        else:
            assert may
            self.known_codes.add(code)
            self.model.koppelingen[brin6, entry] = ModelKoppeling(code, first_day)

    @rule(brin6=brin6s, entry=entry, rest=rests, strange=strange)
    def enter_code(self, brin6: str, entry: str, rest: str, strange: str) -> None:
        """Change the code, or resume with the same or a new one."""
        code = (strange or brin6) + rest
        koppeling = self.model.koppelingen.get((brin6, entry))
        may = koppeling is not None and self.model.may_use(brin6, entry, code)
        with self.database.reading() as connection:
            seen = store.find_living(connection, brin6, entry)
        assert (seen is None) == (koppeling is None)
        if seen is None or koppeling is None:
            return
        try:
            with self.database.writing() as connection:
                keys = self.world.gate.server_keys
                actions.enter_code(connection, keys, seen.id, seen.version, code, self.moment, actor="cli:proef")
        except KoppelingError:
            assert not may
        else:
            assert may
            self.known_codes.add(code)
            koppeling.code = code

    @rule(brin6=brin6s, entry=entry)
    def pause(self, brin6: str, entry: str) -> None:
        """Pause: the school clears the code."""
        koppeling = self.model.koppelingen.get((brin6, entry))
        with self.database.reading() as connection:
            seen = store.find_living(connection, brin6, entry)
        assert (seen is None) == (koppeling is None)
        if seen is None or koppeling is None:
            return
        try:
            with self.database.writing() as connection:
                actions.clear_code(connection, seen.id, seen.version, self.moment, actor="cli:proef")
        except KoppelingError:
            assert koppeling.code is None
        else:
            assert koppeling.code is not None
            koppeling.code = None

    @rule(brin6=brin6s, entry=entry)
    def end(self, brin6: str, entry: str) -> None:
        """End a koppeling."""
        with self.database.reading() as connection:
            seen = store.find_living(connection, brin6, entry)
        assert (seen is None) == ((brin6, entry) not in self.model.koppelingen)
        if seen is None:
            return
        with self.database.writing() as connection:
            actions.end(connection, seen.id, seen.version, self.moment, actor="cli:proef")
        del self.model.koppelingen[brin6, entry]

    @rule(target=klantcodes, klantnaam=klanten, hours=st.sampled_from([0, 1, 48]))
    def rotate(self, klantnaam: str, hours: int) -> object:
        """Rotate a klantcode, as the operator does."""
        klant = self.model.klanten[klantnaam]
        try:
            with self.database.writing() as connection:
                keys = self.world.gate.server_keys
                _, klantcode = afnemers.rotate(
                    connection, keys, klantnaam, self.moment, timedelta(hours=hours), actor="cli:proef"
                )
        except AfnemerError:
            assert not klant.enabled
            return multiple()
        assert klant.enabled
        (current,) = [code for code, until in klant.codes.items() if until is None]
        klant.codes = {klantcode: None}
        if hours:
            klant.codes[current] = self.moment + timedelta(hours=hours)
        self.given.append(klantcode)
        return klantcode

    @rule(klantnaam=klanten, enabled=st.sampled_from([False, True, True]))
    def switch(self, klantnaam: str, enabled: bool) -> None:  # noqa: FBT001 - a parameter of the rule
        """Disable or enable a vendor, as the operator does."""
        with self.database.writing() as connection:
            if enabled:
                afnemers.enable(connection, klantnaam, self.moment, actor="cli:proef")
            else:
                afnemers.disable(connection, klantnaam, self.moment, actor="cli:proef")
        self.model.klanten[klantnaam].enabled = enabled

    @rule(minutes=st.sampled_from([1, 59, 60, 9 * 60, 24 * 60, 3 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        """Advance the clock."""
        self.moment += timedelta(minutes=minutes)

    @rule(
        klantnaam=klanten,
        klantcode=klantcodes,
        of=brin6s,
        rest=rests,
        brin6=st.sampled_from([*BRIN6S, "99ZZ00"]),
    )
    def any_fetch(self, klantnaam: str, klantcode: str, of: str, rest: str, brin6: str) -> None:
        """Fetch with any klantcode that ever was, any code and any school: it gets what the model says."""
        self._agree(klantnaam, klantcode, of + rest, brin6)

    @invariant()
    def every_fetch(self) -> None:
        """Fetch as each vendor with every code ever entered, for every school, and with every klantcode ever given."""
        for klantnaam, klant in self.model.klanten.items():
            (current,) = [code for code, until in klant.codes.items() if until is None]
            for key in self.known_codes:
                for brin6 in BRIN6S:
                    self._agree(klantnaam, current, key, brin6)
                event(self.model.verdict(klantnaam, current, key, key[:6], self.moment)[:15])
            for klantcode in self.given:
                for key in sorted(self.known_codes)[:1]:
                    self._agree(klantnaam, klantcode, key, key[:6])

    def _agree(self, klantnaam: str, klantcode: str, key: str, brin6: str) -> None:
        expected = self.model.verdict(klantnaam, klantcode, key, brin6, self.moment)
        assert self.endpoint.fetch(klantnaam, klantcode, key, brin6, self.moment) == expected

    def teardown(self) -> None:
        """Remove the database."""
        if isinstance(self.endpoint, ExchangeEndpoint):
            self.endpoint.app.close()
        self.database.close()
        shutil.rmtree(self.folder)


class ExchangeMachine(AccessMachine):
    """The same machine, with the whole application as the way in."""

    def make_endpoint(self) -> Endpoint:
        """Return the application, on the machine's database, keys and clock."""
        for brin6 in BRIN6S:
            import_delivery(self.database, reader.read(school_with_one(brin6)))
        settings = Settings(data=self.folder, keys=SecretStr(",".join(SERVER_KEYS)))
        return ExchangeEndpoint(forgiving(make_app(settings, lambda: self.moment)))


TestAccess = AccessMachine.TestCase
TestExchange = ExchangeMachine.TestCase
TestExchange.settings = settings(
    max_examples=6,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAccess.settings = settings(
    max_examples=amount(14, 100),
    stateful_step_count=40,
    deadline=None,  # a commit waits for the disk
    suppress_health_check=[HealthCheck.too_slow],
)
