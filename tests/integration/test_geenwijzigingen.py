"""Geenwijzigingen through the whole application: never when anything changed, always when nothing did.

A vendor who wrongly hears that nothing changed goes on with old data; one who always gets everything is only slower.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.edexml_files import make_dataset
from support.school_builder import CODE
from support.trial_school import SCHOOLJAAR, SMALLEST, START, TrialSchool

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling

EVERYTHING = names.HAAL_LEERLINGGEGEVENS
OTHERWISE = make_dataset([Leerling("101", roepnaam="Zoé", groep="g1")], groepen=SMALLEST.groepen, schooljaar=SCHOOLJAAR)
"""The same school, one letter later."""
NOBODY = make_dataset([Leerling("101", roepnaam="Zoë", instroomdatum="2027-07-01")], schooljaar=SCHOOLJAAR)
"""A school whose only leerling comes next summer."""
OPERATIONS = pytest.mark.parametrize("operation", names.OPERATIONS.values(), ids=lambda found: found.name)


def _import_leerkracht(made: TrialSchool) -> None:
    made.import_data(replace(SMALLEST, leerkrachten=(Leerkracht("m", achternaam="Maas"),)))


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield the smallest school, with a leerkracht so that each operation has data."""
    made = TrialSchool(tmp_path, also=_import_leerkracht)
    yield made
    made.close()


def written(moment: datetime) -> str:
    """Write a moment as a client in UTC does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@OPERATIONS
def test_without_a_moment_there_are_always_data(school: TrialSchool, operation: names.Operation) -> None:
    """A caller that does not send when it last got data gets them, however often it calls."""
    for _ in range(3):
        assert school.fetch(operation).outcome == operation.payload
        school.wait(3600)


@OPERATIONS
def test_the_moment_of_the_answer_sent_back(school: TrialSchool, operation: names.Operation) -> None:
    """Aanmaakdatum says its offset; sent back literally, in UTC or as local time, nothing has changed."""
    found = school.fetch(operation)
    assert found.aanmaakdatum == "2026-11-23T13:00:00+01:00"
    assert found.peildatum == "2026-11-23"
    for last in (found.aanmaakdatum, "2026-11-23T12:00:00Z", "2026-11-23T13:00:00"):
        for seconds in (0, 1, 86_400):
            school.wait(seconds)
            answer = school.fetch(operation, last=last)
            assert (answer.status, answer.outcome) == (200, "geenwijzigingen")
            assert school.last_entry.outcome == "geenwijzigingen"
            assert school.last_entry.leerlingen is None


def test_data_keep_their_moment_while_nothing_changes(school: TrialSchool) -> None:
    """A later answer with the same content is the same answer, byte by byte but for the day that is answered."""
    first = school.fetch()
    school.wait(3 * 86_400)
    later = school.fetch()
    assert (first.peildatum, later.peildatum) == ("2026-11-23", "2026-11-26")
    assert later.content == first.content.replace(b">2026-11-23</peildatum>", b">2026-11-26</peildatum>")


def test_a_clock_of_the_caller(school: TrialSchool) -> None:
    """A moment of the caller's own counts from five minutes after the change on, and not when it lies ahead of us."""
    school.fetch()
    school.wait(600)
    for seconds, expected in ((-1, "leerlinggegevens"), (1, "leerlinggegevens"), (299, "leerlinggegevens")):
        assert school.fetch(last=written(START + timedelta(seconds=seconds))).outcome == expected
    for seconds, expected in ((300, "geenwijzigingen"), (600, "geenwijzigingen"), (601, "leerlinggegevens")):
        assert school.fetch(last=written(START + timedelta(seconds=seconds))).outcome == expected


def test_an_import_is_a_change(school: TrialSchool) -> None:
    """After an import with other content the data come, with a later moment; an import of the same is none."""
    school.import_data(SMALLEST)
    first = school.fetch()
    school.wait(60)
    school.import_data(SMALLEST)
    assert school.fetch(last=first.aanmaakdatum).outcome == "geenwijzigingen"
    school.import_data(OTHERWISE)
    second = school.fetch(last=first.aanmaakdatum)
    assert second.outcome == "leerlinggegevens"
    assert second.aanmaakdatum == "2026-11-23T13:01:00+01:00"
    assert school.fetch(last=first.aanmaakdatum).content == second.content
    assert school.fetch(last=second.aanmaakdatum).outcome == "geenwijzigingen"


def test_a_change_within_the_second(school: TrialSchool) -> None:
    """Two contents never share a moment: the earlier moment is not taken for the later content."""
    first = school.fetch()
    school.import_data(OTHERWISE)
    second = school.fetch(last=first.aanmaakdatum)
    school.import_data(SMALLEST)
    third = school.fetch(last=second.aanmaakdatum)
    assert first.aanmaakdatum < second.aanmaakdatum < third.aanmaakdatum
    for last in (first.aanmaakdatum, second.aanmaakdatum):
        assert school.fetch(last=last).content == third.content


@pytest.mark.parametrize(
    ("leerling", "before", "after"),
    [
        (Leerling("2", roepnaam="Bo", uitstroomdatum="2026-11-24"), ["101", "2"], ["101"]),
        (Leerling("2", roepnaam="Bo", instroomdatum="2026-11-24"), ["101"], ["101", "2"]),
    ],
    ids=["leaves", "comes"],
)
def test_the_calendar_is_a_change(school: TrialSchool, leerling: Leerling, before: list[str], after: list[str]) -> None:
    """At midnight in Amsterdam the school of tomorrow is there, though nobody wrote anything."""
    school.import_data(replace(SMALLEST, leerlingen=(*SMALLEST.leerlingen, leerling)))
    first = school.fetch()
    assert first.keys("leerling") == before
    school.wait(11 * 3600 - 1)  # 23:59:59 at school
    assert school.fetch(last=first.aanmaakdatum).outcome == "geenwijzigingen"
    school.wait(1)
    second = school.fetch(last=first.aanmaakdatum)
    assert second.keys("leerling") == after
    assert (second.aanmaakdatum, second.peildatum) == ("2026-11-24T00:00:00+01:00", "2026-11-24")


@pytest.mark.parametrize("act", ["resume", "activate"])
def test_an_opened_koppeling_starts_with_data(school: TrialSchool, act: str) -> None:
    """After a pause, and after an end and a new activation, the vendor gets data: it may have deleted what it had."""
    first = school.fetch()
    school.wait(3600)
    own_moment = written(school.moment)
    if act == "resume":
        school.pause()
    else:
        school.end()
    school.wait(60)
    (school.resume if act == "resume" else school.activate)()
    for last in (first.aanmaakdatum, own_moment):
        answer = school.fetch(last=last)
        assert answer.outcome == "leerlinggegevens"
    assert answer.aanmaakdatum == "2026-11-23T14:01:00+01:00"
    assert school.fetch(last=answer.aanmaakdatum).outcome == "geenwijzigingen"


def test_a_change_right_after_an_opening(school: TrialSchool) -> None:
    """Within the second of a resumption, or of another profile, data that change have a moment of their own too."""
    school.fetch()
    school.wait(0.5)
    school.pause()
    school.resume()
    first = school.fetch()
    school.import_data(OTHERWISE)
    second = school.fetch(last=first.aanmaakdatum)
    school.wait(60.5)
    school.set_profiel("volledig")
    third = school.fetch(last=second.aanmaakdatum)
    school.import_data(SMALLEST)
    fourth = school.fetch(last=third.aanmaakdatum)
    found = [first, second, third, fourth]
    assert {one.outcome for one in found} == {"leerlinggegevens"}
    assert len({one.aanmaakdatum for one in found}) == len(found)


def test_a_change_that_another_koppeling_sees_first(school: TrialSchool) -> None:
    """Also when another koppeling fetches the new data first, they are later than what the resumed one was told."""
    other = f"{CODE}-2"
    school.add_koppeling("tweede", other)
    school.fetch()
    school.wait(60.5)
    school.pause()
    school.resume()
    first = school.fetch()
    school.import_data(OTHERWISE)
    ask = school.message(EVERYTHING, "<xsdversie>2.2</xsdversie>")
    seen = school.send(ask.replace(CODE.encode(), other.encode()))
    second = school.fetch(last=first.aanmaakdatum)
    assert [one.outcome for one in (first, seen, second)] == ["leerlinggegevens"] * 3
    assert first.aanmaakdatum < seen.aanmaakdatum == second.aanmaakdatum


@pytest.mark.parametrize("seconds", [0, 60])
def test_another_profile_is_a_change(school: TrialSchool, seconds: int) -> None:
    """When the catalogue gives the koppeling another profile, and when it gives the old one back, the data come."""
    moments = [school.fetch().aanmaakdatum]
    for profiel in ("volledig", "smalle set", "volledig"):
        school.wait(seconds)
        school.set_profiel(profiel)
        answer = school.fetch(last=moments[-1])
        assert answer.outcome == "leerlinggegevens"
        assert school.fetch(last=answer.aanmaakdatum).outcome == "geenwijzigingen"
        moments.append(answer.aanmaakdatum)
    assert moments == sorted(set(moments))


def test_another_content_of_an_own_profile_is_a_change(school: TrialSchool) -> None:
    """What counts is what a profile of the operator's own leaves out, not its name: the data come at once."""
    school.import_data(
        replace(SMALLEST, leerlingen=(SMALLEST.leerlingen[0]._replace(gebruikersnaam="bos", geslacht="M"),))
    )
    own = '[[profiel]]\nnaam = "{}"\nbasis = "volledig"\nzonder = ["leerling/{}"]\n'
    last, moments = None, []
    for naam, without in (("minder", "geslacht"), ("minder", "gebruikersnaam"), ("minder", "geslacht")):
        school.set_profiel(naam, own=own.format(naam, without))
        found = school.fetch(last=last)
        assert found.outcome == "leerlinggegevens"
        assert not found.root.findall(f".//{{*}}leerling/{{*}}{without}")
        last = found.aanmaakdatum
        moments.append(last)
    assert moments == sorted(set(moments))
    school.set_profiel("zelfde", own=own.format("zelfde", "geslacht"))
    assert school.fetch(last=last).outcome == "geenwijzigingen"


def test_no_data_in_between_is_a_change(school: TrialSchool) -> None:
    """A vendor that heard of no data gets the data when they are back, though they are what they were."""
    school.import_data(SMALLEST)
    first = school.fetch()
    school.wait(60)
    school.import_data(NOBODY)
    assert school.fetch(last=first.aanmaakdatum).outcome == "geengegevens"
    school.wait(60)
    school.import_data(SMALLEST)
    for last in (first.aanmaakdatum, written(START + timedelta(seconds=60))):
        assert school.fetch(last=last).outcome == "leerlinggegevens"


@pytest.mark.parametrize("last", ["2026-11-22T24:00:00", "12026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"])
def test_a_moment_outside_our_calendar_gets_data(school: TrialSchool, last: str) -> None:
    """A moment that the XSD allows and our calendar lacks is valid in a request, and never leads to geenwijzigingen."""
    school.fetch()
    school.wait(86_400)
    assert school.fetch(last=last).outcome == "leerlinggegevens"


def test_the_operations_change_apart(school: TrialSchool) -> None:
    """A new name of a leerling changes the whole and the leerlingen; structuur and leerkrachten stay as they were."""
    before = {operation: school.fetch(operation).aanmaakdatum for operation in names.OPERATIONS.values()}
    school.wait(60)
    school.import_data(replace(OTHERWISE, leerkrachten=(Leerkracht("m", achternaam="Maas"),)))
    changed = {naam for naam, moment in before.items() if school.fetch(naam, last=moment).outcome == naam.payload}
    assert changed == {names.HAAL_LEERLINGGEGEVENS, names.HAAL_LEERLINGEN}


def test_a_change_in_another_group_counts(school: TrialSchool) -> None:
    """The moment of an answer by groups is that of all leerlingen, so that another choice of groups misses nothing."""
    two = replace(SMALLEST, leerlingen=(*SMALLEST.leerlingen, Leerling("2", roepnaam="Bo")))
    school.import_data(two)
    first = school.fetch(names.HAAL_LEERLINGEN, groepen='<groep key="g1"/>')
    assert school.fetch(names.HAAL_LEERLINGEN, groepen="<groep/>").aanmaakdatum == first.aanmaakdatum
    school.wait(60)
    school.import_data(replace(two, leerlingen=(*SMALLEST.leerlingen, Leerling("2", achternaam="Bos", roepnaam="Bo"))))
    again = school.fetch(names.HAAL_LEERLINGEN, groepen='<groep key="g1"/>', last=first.aanmaakdatum)
    assert again.outcome == "leerlinggegevens-leerlingen"
    assert school.fetch(names.HAAL_LEERLINGEN, groepen="<groep/>", last=first.aanmaakdatum).keys("leerling") == ["2"]


def test_groups_that_were_never_asked_get_data(school: TrialSchool) -> None:
    """A moment is no proof of what was given: each set of groups gets data once, in whatever order it is named."""
    school.import_data(replace(SMALLEST, leerlingen=(*SMALLEST.leerlingen, Leerling("2", roepnaam="Bo"))))
    moment = school.fetch(names.HAAL_LEERLINGEN, groepen='<groep key="g1"/>').aanmaakdatum
    school.wait(3600)
    found = [
        school.fetch(names.HAAL_LEERLINGEN, groepen=groepen, last=last).outcome.removeprefix("leerlinggegevens-")
        for groepen in ('<groep key="g1"/>', "<groep/>", '<groep key="g1"/><groep/>', '<groep/><groep key="g1"/>')
        for last in (moment, written(school.moment))
    ]
    same = "geenwijzigingen"
    assert found == [same, same, "leerlingen", same, "leerlingen", same, same, same]


def test_each_version_has_its_own_moment(school: TrialSchool) -> None:
    """An eckid is a change in 2.2 and 2.3, and none in 2.1, which has no eckid."""
    before = {version: school.fetch(xsdversie=version).aanmaakdatum for version in ("2.1", "2.2", "2.3")}
    school.wait(60)
    with_eckid = Leerling("101", eckid="https://ketenid.nl/pilot/1", roepnaam="Zoë", groep="g1")
    school.import_data(replace(SMALLEST, leerlingen=(with_eckid,), leerkrachten=(Leerkracht("m", achternaam="Maas"),)))
    found = {version: school.fetch(xsdversie=version, last=moment).outcome for version, moment in before.items()}
    assert found == {"2.1": "geenwijzigingen", "2.2": "leerlinggegevens", "2.3": "leerlinggegevens"}


def test_a_setting_that_changes_answers_is_a_change(school: TrialSchool) -> None:
    """When the service begins to send keys beside ECK-iDs in 2.3, vendors get the data."""
    with_eckid = Leerling("101", eckid="https://ketenid.nl/pilot/1", roepnaam="Zoë", groep="g1")
    school.import_data(replace(SMALLEST, leerlingen=(with_eckid,)))
    first = school.fetch(xsdversie="2.3")
    school.restart(key_naast_eckid=True)
    again = school.fetch(xsdversie="2.3", last=first.aanmaakdatum)
    assert again.keys("leerling") == ["101"]
    school.restart(key_naast_eckid=False)


# The model below knows nothing of hashes, tables and rounding. It knows what the school looks like to each caller, and
# what each answer of the past said; two moments of the same answer are all that may stand for each other.

AnswerKey = tuple[str, str, str]
Content = tuple[object, ...]
DAY_ZERO = date(2026, 11, 23)
DEPARTURE = DAY_ZERO + timedelta(days=2)
GROEPEN = (Groep("groep", "g1", "1a", "1"),)
EVERYBODY = ('<groep key="g1"/><groep/>', '<groep/><groep key="g1"/>', '<groep key="g1"/><groep/><groep key="g9"/>')
"""Ways to ask for all by their groups: twice the same set, and one with a group that nobody is in."""


def _school(roepnaam: str = "Zoë", naam: str = "1a", fotourl: str | None = None) -> Dataset:
    return make_dataset(
        [Leerling("101", roepnaam=roepnaam, groep="g1", fotourl=fotourl)],
        leerkrachten=[Leerkracht("m", achternaam="Maas")],
        groepen=[replace(GROEPEN[0], naam=naam)],
        schooljaar=SCHOOLJAAR,
    )


_LEAVES = Leerling("2", roepnaam="Bo", uitstroomdatum=DEPARTURE.isoformat())
SCHOOLS: dict[str, Dataset] = {
    "gewoon": _school(),
    "naam": _school(roepnaam="Zoé"),
    "groep": _school(naam="1b"),
    "foto": _school(fotourl="https://school.example/1"),
    "vertrek": replace(_school(), leerlingen=(*_school().leerlingen, _LEAVES)),
    "leeg": NOBODY,
}


def content(school: str, operation: names.Operation, profiel: str, today: date) -> Content | None:
    """Return the content of an answer as far as these schools differ; None when there are no leerlingen."""
    if school == "leeg":
        return None
    roepnaam = "Zoé" if school == "naam" else "Zoë"
    structuur = ("1b" if school == "groep" else "1a",)
    leerlingen: Content = (
        roepnaam,
        school == "foto" and profiel == "volledig",
        school == "vertrek" and today < DEPARTURE,
    )
    parts: dict[str, tuple[Content, ...]] = {
        "HaalStructuur": (structuur,),
        "HaalLeerlingen": (leerlingen,),
        "HaalLeerkrachten": (("Maas",),),
        "HaalLeerlinggegevens": (structuur, leerlingen, ("Maas",)),
    }
    return parts[operation.name]


def _asked(operation: names.Operation, version: str, groepen: str) -> tuple[str, str, bool]:
    """Return what tells one request from another: the operation, the version, and whether it names a group more."""
    return operation.name, version, operation.by_groep and groepen == EVERYBODY[2]


@dataclass(frozen=True)
class Receipt:
    """An answer with data that the vendor got: its moment, which answer it was, and the number of its content."""

    aanmaakdatum: str
    key: AnswerKey
    serial: int
    opening: int


class ChangesMachine(RuleBasedStateMachine):
    """Fetches, imports, passing time, pauses and profiles in any order; each answer is the one that the model gives."""

    operations = st.sampled_from(list(names.OPERATIONS.values()))
    versions = st.sampled_from(["2.2", "2.3"])
    sets = st.sampled_from(EVERYBODY)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="uwlr-wijzigingen-"))
        self.school = TrialSchool(self.folder)
        self.content = "gewoon"
        self.school.import_data(SCHOOLS[self.content])
        self.profiel = "smalle set"
        self.gezien_profiel = self.profiel
        self.opening = 0
        self.opening_sinds = self.school.moment
        self.seen: dict[AnswerKey, list[tuple[Content | None, datetime]]] = {}
        self.receipts: list[Receipt] = []
        self.given: dict[tuple[str, str, bool], tuple[AnswerKey, int, int]] = {}
        """What the koppeling was given last for what it asked: the answer, its content and the opening."""

    @rule(content=st.sampled_from(sorted(SCHOOLS)))
    def import_data(self, content: str) -> None:
        """Deliver the school, changed or as it was."""
        self.content = content
        self.school.import_data(SCHOOLS[content])

    @rule(seconds=st.sampled_from([0.25, 1, 30, 290, 400, 43_200]))
    def time_passes(self, seconds: float) -> None:
        """Advance the clock."""
        self.school.wait(seconds)

    @rule()
    def pause_and_resume(self) -> None:
        """Pause the koppeling and resume it within the minute."""
        self.school.wait(30)
        self.school.pause()
        self.school.wait(30)
        self.school.resume()
        self._open()

    @rule(profiel=st.sampled_from(["smalle set", "volledig"]))
    def other_profile(self, profiel: str) -> None:
        """Change the catalogue, as the operator does."""
        self.school.wait(30)
        self.profiel = profiel
        self.school.set_profiel(profiel)

    @rule(operation=operations, version=versions, groepen=sets)
    def fetch_without_a_moment(self, operation: names.Operation, version: str, groepen: str) -> None:
        """Without a moment: data, or that there are none."""
        self._fetch(operation, version, groepen, None, None)

    @rule(
        operation=operations,
        version=versions,
        groepen=sets,
        data=st.data(),
        form=st.sampled_from(["literal", "utc", "local"]),
    )
    def fetch_with_a_received_moment(
        self, operation: names.Operation, version: str, groepen: str, data: st.DataObject, form: str
    ) -> None:
        """With the moment of an answer: no changes exactly when it was given for this set and none was seen since."""
        mine = [one for one in self.receipts if (one.key[0], one.key[1]) == (operation.name, version)]
        if not mine:
            return
        receipt = data.draw(st.sampled_from(mine[-4:]))
        moment = datetime.fromisoformat(receipt.aanmaakdatum)
        last = {
            "literal": receipt.aanmaakdatum,
            "utc": written(moment),
            "local": moment.astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None).isoformat(),
        }[form]
        self._fetch(operation, version, groepen, last, receipt)

    @rule(
        operation=operations,
        version=versions,
        groepen=sets,
        seconds=st.sampled_from([-3600, 0, 200, 290, 400, 4000, 90_000]),
    )
    def fetch_with_a_moment_of_its_own(
        self, operation: names.Operation, version: str, groepen: str, seconds: int
    ) -> None:
        """With a moment by the vendor's own clock: no changes when it has the answer and that is five minutes older."""
        moment = self.school.moment - timedelta(seconds=seconds)
        last = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.777Z")  # never a moment that we gave
        given = self.given.get(_asked(operation, version, groepen))
        outcome = self._fetch(operation, version, groepen, last, None)
        key = (operation.name, version, self.profiel)
        if self.seen[key][-1][0] is None:
            return
        since = max(self.seen[key][-1][1], self.opening_sinds)
        asked = datetime.fromisoformat(last)
        has_it = given == (key, len(self.seen[key]), self.opening)
        if not has_it or asked > self.school.moment or asked < since + timedelta(minutes=5):
            assert outcome == operation.payload
        elif asked > since + timedelta(minutes=6):  # the minute is room for rounding
            assert outcome == "geenwijzigingen"

    def _open(self) -> None:
        self.opening += 1
        self.opening_sinds = self.school.moment

    def _fetch(
        self, operation: names.Operation, version: str, groepen: str, last: str | None, receipt: Receipt | None
    ) -> str:
        """Fetch, and hold the answer to what the model says where it knows; returns the outcome."""
        key = (operation.name, version, self.profiel)
        today = self.school.moment.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        expected = content(self.content, operation, self.profiel, today)
        seen = self.seen.setdefault(key, [])
        if not seen or seen[-1][0] != expected:
            seen.append((expected, self.school.moment))
        found = self.school.fetch(
            operation, xsdversie=version, last=last, groepen=groepen if operation.by_groep else None
        )
        event(found.outcome)
        if expected is None:
            assert found.outcome == "geengegevens"
            return found.outcome
        if self.gezien_profiel != self.profiel:
            self.gezien_profiel = self.profiel
            self._open()
        if last is None:
            assert found.outcome == operation.payload
        asked, now = _asked(operation, version, groepen), (key, len(seen), self.opening)
        if receipt is not None:
            same = (receipt.key, receipt.serial, receipt.opening) == self.given.get(asked) == now
            assert found.outcome == ("geenwijzigingen" if same else operation.payload)
        if found.outcome == operation.payload:
            self.receipts.append(Receipt(found.aanmaakdatum, *now))
            self.given[asked] = now
            assert found.peildatum == today.isoformat()
        return found.outcome

    def teardown(self) -> None:
        """Remove the database."""
        self.school.close()
        shutil.rmtree(self.folder)


TestChanges = ChangesMachine.TestCase
TestChanges.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,  # a commit waits for the disk
    suppress_health_check=[HealthCheck.too_slow],
)
