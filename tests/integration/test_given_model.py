"""Geenwijzigingen means `you have this`: a model of what each koppeling was given, against the whole application.

The model knows nothing of tables, digests and caches. It knows what a fresh render of each ask gives, and what each
koppeling was given last for it since it was opened under its profile.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from support.edexml_files import make_dataset
from support.oracle import amount
from support.school_builder import ACTOR, BRIN6
from support.trial_school import START, FetchedAnswer
from support.two_koppelingen import CODES, Ask, FreshAnswer, TwoKoppelingen, groups

from uwlr_adapter.administratie import calendar_acts
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.school import school as school_commands
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.contract.names import (
    HAAL_LEERKRACHTEN,
    HAAL_LEERLINGEN,
    HAAL_LEERLINGGEGEVENS,
    HAAL_STRUCTUUR,
    Operation,
)

if TYPE_CHECKING:
    from support.databases import PostgresServer

LAST_YEAR, THIS_YEAR, NEXT_YEAR = "2025-2026", "2026-2027", "2027-2028"
YEARS = ("", LAST_YEAR, THIS_YEAR, NEXT_YEAR)
VERSIONS = ("2.1", "2.2", "2.3")
OPERATIONS = (HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR, HAAL_LEERLINGEN, HAAL_LEERKRACHTEN)
PROFIELEN = ("smalle set", "LVS-set", "volledig")
SETS = (None, "smalle set", "LVS-set", "lvsset", "onbekend")
GROUPS = (
    groups("g1"),
    groups("g2"),
    groups("g1", "g2"),
    groups("g2", "g1"),
    groups("g1", "g1"),
    groups(None),
    groups("leeg"),
    groups("g1", soort="samengestelde_groep"),
    groups("s1", soort="samengestelde_groep"),
)
"""Sets of groups: alone, together, in another order, twice, without a key, with nobody in it."""
END = START + timedelta(days=600)
MARGIN = timedelta(minutes=5)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST_SEED = 11
"""Of the short form: these walks come by each way that we know to break what was given."""


def written(moment: datetime) -> str:
    """Write a moment as a client in UTC does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def records(schooljaar: str = THIS_YEAR, **changed: str) -> Dataset:
    """Return the records of a school year: `roepnaam` and `foto` of a leerling, `naam` of a groep, and the like.

    `vertrek` is the day on which one leerling leaves; with `leeg` nobody is there until the last day.
    """
    first = f"{schooljaar[5:]}-07-31" if changed.get("leeg") else None
    leerlingen = [
        Leerling(
            "101", roepnaam=changed.get("roepnaam", "Zoë"), groep="g1", fotourl=changed.get("foto"), instroomdatum=first
        ),
        Leerling("102", roepnaam="Bo", groep="g2", samengestelde_groepen=("s1",), instroomdatum=first),
        Leerling("103", roepnaam="Mo", groep=changed.get("groep"), instroomdatum=first),
    ]
    if vertrek := changed.get("vertrek"):
        leerlingen.append(Leerling("104", roepnaam="Jo", groep="g1", uitstroomdatum=vertrek, instroomdatum=first))
    return make_dataset(
        leerlingen,
        groepen=[
            Groep("groep", "g1", changed.get("naam", "1a"), "1"),
            Groep("groep", "g2", "2a", "2"),
            Groep("groep", "leeg", "leeg", "3"),
            Groep("samengestelde_groep", "s1", "Plus"),
        ],
        leerkrachten=[
            Leerkracht("m", achternaam=changed.get("leerkracht", "Maas"), groepen=(GroepVerwijzing("groep", "g1"),)),
            Leerkracht("n", achternaam="Nel"),
        ],
        schooljaar=schooljaar,
    )


def _import_two_years(school: TwoKoppelingen) -> None:
    for year in (THIS_YEAR, NEXT_YEAR):
        school.import_data(records(year))
    with school.database.writing() as connection:
        calendar_acts.release(connection, BRIN6, NEXT_YEAR, school.moment, actor=ACTOR)


MakeSchool = Callable[..., AbstractContextManager[TwoKoppelingen]]


@pytest.fixture
def make_school(
    backend: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> MakeSchool:
    """Return a maker of schools, each on a database of its own, with this year and the next one, released."""

    @contextmanager
    def make(profiel: str = "volledig", *, second_afnemer: bool = False) -> Iterator[TwoKoppelingen]:
        with ExitStack() as stack:
            if backend == "postgresql":
                server: PostgresServer = request.getfixturevalue("postgresql")
                monkeypatch.setenv("UWLR_DATABASE", stack.enter_context(server.database()))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=tmp_path)))
            school = TwoKoppelingen(folder, profiel, _import_two_years, second_afnemer=second_afnemer)
            stack.callback(school.close)
            yield school

    return make


@pytest.fixture
def school(make_school: MakeSchool) -> Iterator[TwoKoppelingen]:
    """Yield a school with two koppelingen of one afnemer, which fetched something before."""
    with make_school() as made:
        fetch_something(made)
        yield made


def fetch_something(school: TwoKoppelingen) -> None:
    """Fetch what no test asks again, so that the profile of each koppeling is no newer than what the tests fetch."""
    ask = Ask(HAAL_LEERKRACHTEN, groepen=groups(None))
    for entry in CODES:
        assert school.ask(entry, ask).outcome == "leerlinggegevens-leerkrachten"
    school.forget_given()


def moment_of(found: FetchedAnswer) -> datetime:
    """Return the aanmaakdatum of an answer as a moment."""
    return datetime.fromisoformat(found.aanmaakdatum)


def later(found: FetchedAnswer, **by: float) -> str:
    """Return a moment of the caller's own clock, so much later than an answer."""
    return written(moment_of(found) + timedelta(**by))


def test_an_empty_schooljaar_gets_the_new_year(school: TwoKoppelingen) -> None:
    """In August a caller that never names a year gets the new one, though another koppeling fetched that in June."""
    school.moment = datetime(2027, 6, 15, 12, tzinfo=UTC)
    assert school.ask("tweede", Ask(schooljaar=NEXT_YEAR)).outcome == "leerlinggegevens"
    school.moment = datetime(2027, 7, 20, 12, tzinfo=UTC)
    old = school.ask("proef", Ask())
    school.moment = datetime(2027, 8, 2, 12, tzinfo=UTC)
    for last in (old.aanmaakdatum, later(old, minutes=6), written(school.moment - timedelta(days=10))):
        school.forget_given()
        new = school.ask("proef", Ask(), last)
        assert new.outcome == "leerlinggegevens"
        assert new.parts[0].count(NEXT_YEAR) == 1
    assert school.ask("proef", Ask(), new.aanmaakdatum).outcome == "geenwijzigingen"
    assert school.ask("proef", Ask(schooljaar=NEXT_YEAR), new.aanmaakdatum).outcome == "geenwijzigingen"


OTHER_ASKS = [
    pytest.param(Ask(xsdversie="2.1"), Ask(xsdversie="2.2"), id="version"),
    pytest.param(Ask(gegevenssetid="smalle set"), Ask(), id="narrower set"),
    pytest.param(Ask(gegevenssetid="LVS-set"), Ask(gegevenssetid="smalle set"), id="wider set"),
    pytest.param(
        Ask(HAAL_LEERLINGEN, groepen=groups("g1")), Ask(HAAL_LEERLINGEN, groepen=groups("g2")), id="another group"
    ),
    pytest.param(
        Ask(HAAL_LEERLINGEN, groepen=groups("g1")), Ask(HAAL_LEERLINGEN, groepen=groups("g1", "g2")), id="more groups"
    ),
    pytest.param(
        Ask(HAAL_LEERLINGEN, groepen=groups("s1", soort="samengestelde_groep")),
        Ask(HAAL_LEERLINGEN, groepen=groups(None, soort="samengestelde_groep")),
        id="without a key",
    ),
    pytest.param(Ask(HAAL_STRUCTUUR), Ask(), id="operation"),
    pytest.param(Ask(schooljaar=THIS_YEAR), Ask(schooljaar=NEXT_YEAR), id="year"),
]


@pytest.mark.parametrize(("had", "asked"), OTHER_ASKS)
def test_what_was_given_for_another_ask_does_not_count(school: TwoKoppelingen, had: Ask, asked: Ask) -> None:
    """The moment of one answer is no receipt for another ask, however old that one's content is."""
    for minutes in (0, 6, 600):
        for year in (THIS_YEAR, NEXT_YEAR):
            school.import_data(records(year, naam=f"1-{minutes}", foto=f"https://school.example/{minutes}"))
        old = school.ask("tweede", asked)  # so that its content is at least as old as what this koppeling has
        school.wait(minutes * 60)
        mine = school.ask("proef", had)
        assert moment_of(mine) >= moment_of(old)
        school.wait(3600)
        for last in (mine.aanmaakdatum, later(mine, minutes=5), later(mine, minutes=50)):
            school.forget_given()
            school.ask("proef", had)
            found = school.ask("proef", asked, last)
            assert found.outcome == asked.operation.payload
            assert found.aanmaakdatum == old.aanmaakdatum
        assert school.ask("proef", asked, found.aanmaakdatum).outcome == "geenwijzigingen"
        assert school.ask("proef", had, mine.aanmaakdatum).outcome == "geenwijzigingen"


@pytest.mark.parametrize("second_afnemer", [False, True])
def test_what_another_koppeling_was_given_does_not_count(make_school: MakeSchool, *, second_afnemer: bool) -> None:
    """Each koppeling has what it fetched itself, also when both are of one afnemer."""
    with make_school(second_afnemer=second_afnemer) as school:
        fetch_something(school)
        found = school.ask("tweede", Ask())
        school.wait(3600)
        for last in (found.aanmaakdatum, later(found, minutes=6)):
            assert school.ask("proef", Ask(), last).content == found.content
            school.forget_given()


def test_a_preview_is_no_fetch(school: TwoKoppelingen) -> None:
    """The school looks at the answer by the command, which gives these very bytes; the platform has nothing by that."""
    context = Context(school.settings, lambda: school.moment)
    shown = CliRunner().invoke(school_commands, ["preview", "21QW00", "--koppeling", "proef"], obj=context)
    assert shown.exit_code == 0, shown.output
    assert school.count_given() == 0
    school.wait(3600)
    for last in (START, START + timedelta(minutes=6)):
        found = school.ask("proef", Ask(schooljaar=THIS_YEAR), written(last))
        assert found.outcome == "leerlinggegevens"
        assert shown.stdout_bytes.rstrip(b"\n") == found.content
        school.forget_given()


def test_a_preview_after_a_fetch_changes_nothing(school: TwoKoppelingen) -> None:
    """A preview takes nothing from a platform that has the data, and gives it no content that came in between."""
    found = school.ask("proef", Ask())
    school.preview("proef", Ask())
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geenwijzigingen"
    school.wait(60)
    school.import_data(records(roepnaam="Zoé"))
    new = school.preview("proef", Ask())
    school.wait(3600)
    assert school.ask("proef", Ask(), new.aanmaakdatum).outcome == "leerlinggegevens"


@pytest.mark.parametrize(
    "same",
    [
        pytest.param((Ask(), Ask(schooljaar=THIS_YEAR)), id="this year by its name"),
        pytest.param(
            (Ask(HAAL_LEERLINGEN, groepen=groups("g1", "g2")), Ask(HAAL_LEERLINGEN, groepen=groups("g2", "g1"))),
            id="the groups in another order",
        ),
    ],
)
def test_one_ask_in_two_spellings(school: TwoKoppelingen, same: tuple[Ask, Ask]) -> None:
    """The same ask in other words is the same thing to have."""
    for first, second in (same, same[::-1]):
        found = school.ask("proef", first)
        assert school.ask("proef", second, found.aanmaakdatum).outcome == "geenwijzigingen"
        school.forget_given()


def test_a_restore_only_means_data_again(school: TwoKoppelingen) -> None:
    """When it is lost what was given, each koppeling gets the same data once more."""
    found = school.ask("proef", Ask())
    school.forget_given()
    again = school.ask("proef", Ask(), found.aanmaakdatum)
    assert again.content == found.content
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geenwijzigingen"


def test_a_profile_that_comes_back_is_a_change(school: TwoKoppelingen) -> None:
    """After a fetch under another profile nothing counts that was given before, whatever was asked meanwhile."""
    asks = [Ask(), Ask(HAAL_STRUCTUUR), Ask(HAAL_LEERLINGEN, groepen=groups("g1"))]
    before = [school.ask("proef", ask) for ask in asks]
    for profiel in ("smalle set", "volledig"):
        school.wait(60)
        school.change_profiel("proef", profiel)
        school.agree("proef")
        assert school.ask("proef", Ask(HAAL_LEERKRACHTEN, groepen=groups("g1"))).outcome.endswith("leerkrachten")
    school.wait(3600)
    for ask, found, last in zip(asks, before, (None, *map(written, (START, school.moment))), strict=True):
        assert school.ask("proef", ask, last or found.aanmaakdatum).outcome == ask.operation.payload
        assert school.ask("proef", ask, written(school.moment)).outcome == "geenwijzigingen"


def test_no_data_under_another_profile_is_a_change(school: TwoKoppelingen) -> None:
    """A platform that heard of no data gets the data when they are back, also after another profile."""
    found = school.ask("proef", Ask())
    school.wait(60)
    school.change_profiel("proef", "smalle set")
    school.import_data(records(leeg="ja"))
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geengegevens"
    school.wait(60)
    school.change_profiel("proef", "volledig")
    school.agree("proef")
    school.import_data(records())
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "leerlinggegevens"


@pytest.mark.parametrize("reopen", ["pause", "end"])
def test_an_opening_forgets_what_was_given(school: TwoKoppelingen, reopen: str) -> None:
    """After a resumption or a new activation the platform has nothing, also within the second."""
    found = school.ask("proef", Ask())
    other = school.ask("tweede", Ask())
    if reopen == "pause":
        school.pause_one("proef")
        assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "Client.AutorisatieOngeldig"
        school.enter_code("proef")
    else:
        school.activate_anew("proef")
    again = school.ask("proef", Ask(), found.aanmaakdatum)
    assert again.outcome == "leerlinggegevens"
    assert school.ask("proef", Ask(), again.aanmaakdatum).outcome == "geenwijzigingen"
    assert school.ask("tweede", Ask(), other.aanmaakdatum).outcome == "geenwijzigingen"


def test_another_code_forgets_nothing(school: TwoKoppelingen) -> None:
    """Entering a code in an active koppeling is no opening: the platform still has what it was given."""
    found = school.ask("proef", Ask())
    school.enter_code("proef")
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geenwijzigingen"


def test_asks_that_share_a_place(school: TwoKoppelingen) -> None:
    """Of two asks that are remembered in one place the last one counts; the other gets data again, and never less."""
    places: dict[int, Ask] = {}
    for number in range(400):
        ask = Ask(HAAL_LEERLINGEN, groepen=(*groups("g1"), *groups(f"geen-{number}")))
        first = places.setdefault(school.slot(ask), ask)
        if first is not ask:
            break
    found = school.ask("proef", first)
    for asked in (ask, first, ask):
        again = school.ask("proef", asked, found.aanmaakdatum)
        assert again.outcome == asked.operation.payload
        assert school.ask("proef", asked, again.aanmaakdatum).outcome == "geenwijzigingen"
    assert school.count_given() == 1


def test_a_platform_that_asks_each_group(school: TwoKoppelingen) -> None:
    """Of thirty groups asked one by one at most a few share a place; nobody else hears data again."""
    asks = [Ask(HAAL_LEERLINGEN, groepen=(*groups("g1"), *groups(f"geen-{number}"))) for number in range(30)]
    moments = [school.ask("proef", ask).aanmaakdatum for ask in asks]
    unchanged = [
        school.ask("proef", ask, last).outcome == "geenwijzigingen" for ask, last in zip(asks, moments, strict=True)
    ]
    assert sum(unchanged) >= len({school.slot(ask) for ask in asks}) - (len(asks) - school.count_given())
    assert sum(unchanged) > len(asks) / 2


# The model.

T = TypeVar("T")
Entry = str
Key = tuple[str, str, str, str]


class Thing(NamedTuple):
    """A thing that can be given: the whole answer of which it is a part, and the set of groups in that part."""

    key: Key
    groepen: frozenset[tuple[str, str | None]]


@dataclass(frozen=True)
class Receipt:
    """A thing with data that a koppeling was given: its moment, and the number of the whole content."""

    moment: datetime
    serial: int


@dataclass
class Platform:
    """One koppeling in the model: the things it was given since it was opened under its profile, and the moments."""

    given: dict[Thing, Receipt] = field(default_factory=dict)
    places: dict[int, tuple[Thing, datetime]] = field(default_factory=dict)
    """The thing given last in each place, with its moment; after another thing data may come again."""
    profiel: str | None = None
    """Of the last answer with data."""
    asked: list[Ask] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    """Each aanmaakdatum that it got, whatever was forgotten since."""
    moment_of: dict[Ask, datetime] = field(default_factory=dict)
    """The last one for each ask."""
    contents: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    """The whole content that each moment stands for, by what was asked."""

    def forget(self) -> None:
        """Begin anew: nothing that was given before counts."""
        self.given.clear()
        self.places.clear()


CHANGES = {
    "gewoon": {},
    "roepnaam": {"roepnaam": "Zoé"},
    "groepsnaam": {"naam": "1b"},
    "foto": {"foto": "https://school.example/1"},
    "groep": {"groep": "g2"},
    "leerkracht": {"leerkracht": "Maès"},
    "vertrek": {"vertrek": "soon"},
    "leeg": {"leeg": "ja"},
}
"""The changes of a school year: each shows in some operations, versions or profiles only."""
FIELDS = ("schooljaar", "xsdversie", "gegevenssetid", "groepen")


class Last(NamedTuple):
    """How a caller chooses its laatstontvangengegevens."""

    of: str
    """The last one that it got for this very ask, or the other koppeling did; the last or the one before that it got
    for anything; the present; or none."""
    minutes: int
    form: str


Step = tuple[str, tuple[object, ...]]
"""One step of a walk: a method of `Walk`, and its arguments."""


class Steps:
    """Chooses the steps of a walk: mostly the same few asks, so that they meet again what happens in between."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.usual = [self._ask(*OPERATIONS) for _ in range(4)]
        self.kinds: dict[Callable[[], Step], int] = {
            self._fetch_anything: 2,
            self._fetch_the_usual: 12,
            self._fetch_again: 6,
            self._fetch_almost_the_same: 4,
            lambda: (
                "import_records",
                (self._one(THIS_YEAR, THIS_YEAR, LAST_YEAR, NEXT_YEAR), self._one(*CHANGES, "vertrek")),
            ): 2,
            lambda: ("wait", (self._one(0.25, 1, 30, 240, 300, 400, 3600),)): 4,
            lambda: ("wait", (86_400 * self._one(1, 1, 1, 2, 2, 2, 7, 60, 150),)): 2,
            lambda: ("pause_and_resume", (self._entry(),)): 1,
            lambda: ("end_and_activate", (self._entry(),)): 1,
            lambda: ("enter_the_code", (self._entry(),)): 1,
            lambda: ("change_profiel", (self._entry(), self._one(*PROFIELEN))): 2,
            lambda: ("agree", (self._entry(),)): 2,
            lambda: ("withhold", (self._entry(), self._one("101", "102", "103"))): 2,
            lambda: ("preview", (self._entry(), self._ask(HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR))): 1,
            lambda: ("restore", ()): 1,
            lambda: ("restart", ()): 1,
        }

    def choose(self, number: int) -> list[Step]:
        """Return so many steps."""
        kinds, weights = list(self.kinds), list(self.kinds.values())
        return [kind() for kind in self.random.choices(kinds, weights, k=number)]

    def _one(self, *choices: T) -> T:
        return self.random.choice(choices)

    def _entry(self) -> Entry:
        return self._one(*CODES)

    def _ask(self, *operations: Operation) -> Ask:
        operation = self._one(*operations)
        return Ask(
            operation,
            self._one("", "", THIS_YEAR, LAST_YEAR, NEXT_YEAR),
            self._one("2.1", "2.2", "2.2", "2.3"),
            self._one(*SETS),
            self._one(*GROUPS) if operation.by_groep else (),
        )

    def _last(self) -> Last:
        of = self._one("own", "own", "own", "any", "other", "before", "present", "none")
        return Last(of, self._one(0, 0, 0, 4, 5, 6, -1), self._one("offset", "utc", "local"))

    def _fetch_anything(self) -> Step:
        return "fetch", (self._entry(), self._ask(*OPERATIONS), self._last())

    def _fetch_the_usual(self) -> Step:
        return "fetch", (self._entry(), self._one(*self.usual), self._last())

    def _fetch_again(self) -> Step:
        return "fetch_again", (self._entry(), self.random.randrange(6), self._last())

    def _fetch_almost_the_same(self) -> Step:
        other, field = self._ask(*OPERATIONS), self._one(*FIELDS)
        return "fetch_almost_the_same", (self._entry(), self.random.randrange(3), self._last(), other, field)


class Walk:
    """Fetches of two koppelingen between everything that changes an answer; each is answered as the model says."""

    def __init__(self, school: TwoKoppelingen) -> None:
        self.school = school
        self.platforms = {entry: Platform() for entry in CODES}
        self.seen: dict[Key, list[bytes | None]] = {}
        """The contents of each whole answer in the order in which a reader first saw them."""
        self.trail: list[str] = []
        """The steps so far, for the report of a failure."""
        self.counts: Counter[str] = Counter()

    def go(self, steps: Iterable[Step]) -> None:
        """Take the steps."""
        for name, arguments in steps:
            self.trail.append(f"{self.school.moment:%m-%d %H:%M:%S} {name} {arguments}")
            getattr(self, name)(*arguments)

    def fetch_again(self, entry: Entry, number: int, last: Last) -> None:
        """Fetch what this koppeling fetched before."""
        if asked := self.platforms[entry].asked:
            self.fetch(entry, asked[-1 - number % len(asked)], last)

    def fetch_almost_the_same(self, entry: Entry, number: int, last: Last, other: Ask, name: str) -> None:
        """Fetch what this koppeling fetched before, but for one thing."""
        if asked := self.platforms[entry].asked:
            same = asked[-1 - number % len(asked)]
            if name != "groepen" or same.operation.by_groep == other.operation.by_groep:
                self.fetch(entry, replace(same, **{name: getattr(other, name)}), last)

    def import_records(self, schooljaar: str, change: str) -> None:
        """Deliver a school year, changed, as it was, or back to what it once was; somebody may leave in two days."""
        changed = CHANGES[change]
        if "vertrek" in changed:
            changed = {"vertrek": (self.school.moment + timedelta(days=2)).date().isoformat()}
        self.school.import_data(records(schooljaar, **changed))

    def wait(self, seconds: float) -> None:
        """Advance the clock, until the summer after next: leerlingen leave, school years begin."""
        if self.school.moment < END:
            self.school.wait(seconds)

    def pause_and_resume(self, entry: Entry) -> None:
        """Pause a koppeling, which is refused meanwhile, and resume it."""
        self.school.pause_one(entry)
        assert self.school.ask(entry, Ask()).outcome == "Client.AutorisatieOngeldig"
        self.school.enter_code(entry)
        self.platforms[entry].forget()

    def end_and_activate(self, entry: Entry) -> None:
        """End a koppeling and activate it anew."""
        self.school.activate_anew(entry)
        self.platforms[entry].forget()
        self.platforms[entry].profiel = None
        self.platforms[entry].contents.clear()  # of another koppeling, from which others may have been withheld

    def enter_the_code(self, entry: Entry) -> None:
        """Enter the code of an active koppeling again, which changes nothing."""
        self.school.enter_code(entry)

    def change_profiel(self, entry: Entry, profiel: str) -> None:
        """Change the catalogue, as the operator does, which takes longer than a few seconds."""
        self.school.wait(30)
        self.school.change_profiel(entry, profiel)

    def agree(self, entry: Entry) -> None:
        """Agree to what the profile added, if anything."""
        self.school.agree(entry)

    def withhold(self, entry: Entry, key: str) -> None:
        """Withhold a leerling from a koppeling, or share one again that is withheld."""
        self.school.withhold(entry, key)

    def preview(self, entry: Entry, ask: Ask) -> None:
        """Show the school what would be given, which gives nothing."""
        ask = replace(ask, gegevenssetid=None)
        fresh = self.school.fresh(entry, ask)
        self._see(entry, fresh)
        found = self.school.preview(entry, ask)
        if fresh.is_empty:
            assert found.outcome == "geengegevens"
        else:
            assert found.content == fresh.content(found.aanmaakdatum, found.peildatum)

    def restore(self) -> None:
        """Lose what was given."""
        self.school.forget_given()
        for platform in self.platforms.values():
            platform.forget()

    def restart(self) -> None:
        """Start the service anew: it remembers nothing that another process could not know."""
        self.school.restart()

    def _see(self, entry: Entry, fresh: FreshAnswer) -> int:
        """Notice the present content of an answer as a reader of this koppeling does; return how many there were."""
        seen = self.seen.setdefault(fresh.key, [])
        if (fresh.whole is not None or seen) and (not seen or seen[-1] != fresh.whole):
            seen.append(fresh.whole)
        platform, profiel = self.platforms[entry], self.school.named_profiel(entry).digest
        profiel += " and somebody withheld" if self.school.withheld[entry] else ""
        if not fresh.is_empty and platform.profiel != profiel:
            platform.forget()
            platform.profiel = profiel
        return len(seen)

    def _last(self, entry: Entry, ask: Ask, last: Last) -> datetime | None:
        """Return the moment that a caller sends."""
        (other,) = CODES.keys() - {entry}
        moments = self.platforms[entry].moments
        found = {
            "own": self.platforms[entry].moment_of.get(ask),
            "other": self.platforms[other].moment_of.get(ask),
            "any": moments[-1] if moments else None,
            "before": moments[-2] if len(moments) > 1 else None,
            "present": self.school.moment.replace(microsecond=0) - timedelta(minutes=5),
        }.get(last.of)
        return None if found is None else found + timedelta(minutes=last.minutes)

    def fetch(self, entry: Entry, ask: Ask, last: Last) -> None:
        """Fetch, and hold the answer to what the model says."""
        school, platform = self.school, self.platforms[entry]
        fresh = school.fresh(entry, ask)
        serial = self._see(entry, fresh)
        thing = Thing(fresh.key, frozenset((one.soort, one.key) for one in ask.groepen))
        receipt = platform.given.get(thing)
        wanted = self._last(entry, ask, last)
        text = None if wanted is None else _text(wanted, last.form)
        moment = None if text is None else _read(text)
        has_it = receipt is not None and receipt.serial == serial
        says_so = receipt is not None and moment is not None and _is_received(moment, receipt.moment, school.moment)
        place = school.slot(ask)
        is_remembered = receipt is not None and platform.places.get(place) == (thing, receipt.moment)
        found = school.ask(entry, ask, text)
        platform.asked.append(ask)
        self.trail.append(f"    {_short(ask)} last {moment}: {found.outcome} {found.aanmaakdatum}")
        self.trail.append(f"    has it: {has_it}, says so: {says_so}, is remembered: {is_remembered}")
        self.counts[f"{found.outcome.partition('-')[0]}, has it: {has_it}, says so: {says_so}"] += 1
        if fresh.is_empty:
            assert found.outcome == "geengegevens"
            platform.places.pop(place, None)  # test_no_data_under_another_profile_is_a_change: data may come
            return
        if has_it and says_so:
            if is_remembered:
                assert found.outcome == "geenwijzigingen"
            if found.outcome == "geenwijzigingen":
                return
        assert found.outcome == ask.operation.payload
        assert found.content == fresh.content(found.aanmaakdatum, found.peildatum)
        given = moment_of(found)
        if has_it and receipt is not None:
            assert given == receipt.moment
        of = (ask.operation, school.year_of(ask), ask.xsdversie, ask.gegevenssetid, thing.groepen)
        assert fresh.whole is not None
        assert platform.contents.setdefault((*of, given), fresh.whole) == fresh.whole
        platform.moments.append(given)
        platform.moment_of[ask] = given
        platform.given[thing] = Receipt(given, serial)
        platform.places[place] = (thing, given)


def _is_received(moment: datetime, given: datetime, now: datetime) -> bool:
    """Return whether a caller that got data at a moment says that it has those that were given then."""
    return moment == given or given + MARGIN <= moment <= now


def _text(moment: datetime, form: str) -> str:
    """Write a moment with the offset of Amsterdam, in UTC, or without a zone."""
    if form == "utc":
        return written(moment)
    local = moment.astimezone(AMSTERDAM)
    return (local.replace(tzinfo=None) if form == "local" else local).isoformat()


def _read(text: str) -> datetime:
    """Return the moment of a text; without a zone it is in Amsterdam, the earlier one of two."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=AMSTERDAM, fold=0)


def _short(ask: Ask) -> str:
    return f"{ask.operation.name} {ask.schooljaar} {ask.xsdversie} {ask.gegevenssetid} {ask.groepen}"


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + amount(2, 60)))
def test_geenwijzigingen_exactly_when_the_platform_has_it(make_school: MakeSchool, seed: int) -> None:
    """No changes when the koppeling was given this very content for this very ask, and says so; else the data."""
    with make_school(PROFIELEN[seed % len(PROFIELEN)], second_afnemer=seed % 2 == 0) as school:
        school.import_data(records(LAST_YEAR))
        walk = Walk(school)
        try:
            walk.go(Steps(seed).choose(amount(150, 500)))
        except AssertionError as error:
            error.add_note("\n".join(walk.trail[-80:]))
            raise
