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
from support.trial_school import KLEIN, SCHOOLJAAR, START, Proefschool
from support.world import CODE

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling

ALLES = names.HAAL_LEERLINGGEGEVENS
ANDERS = make_dataset([Leerling("101", roepnaam="Zoé", groep="g1")], groepen=KLEIN.groepen, schooljaar=SCHOOLJAAR)
"""The same school, one letter later."""
NIEMAND = make_dataset([Leerling("101", roepnaam="Zoë", instroomdatum="2027-07-01")], schooljaar=SCHOOLJAAR)
"""A school whose only leerling comes next summer."""
OPERATIES = pytest.mark.parametrize("operatie", names.OPERATIONS.values(), ids=lambda found: found.name)


@pytest.fixture
def school(tmp_path: Path, databank: str) -> Iterator[Proefschool]:
    """Give the smallest school, with a leerkracht so that each operation has data."""
    made = Proefschool(tmp_path)
    made.import_data(replace(KLEIN, leerkrachten=(Leerkracht("m", achternaam="Maas"),)))
    yield made
    made.close()


def written(moment: datetime) -> str:
    """Write a moment as a client in UTC does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@OPERATIES
def test_without_a_moment_there_are_always_data(school: Proefschool, operatie: names.Operation) -> None:
    """A caller who does not say when it last got data gets them, however often it calls."""
    for _ in range(3):
        assert school.fetch(operatie).uitkomst == operatie.payload
        school.wait(3600)


@OPERATIES
def test_the_moment_of_the_answer_sent_back(school: Proefschool, operatie: names.Operation) -> None:
    """Aanmaakdatum says its offset; sent back literally, in UTC or as local time, nothing has changed."""
    found = school.fetch(operatie)
    assert found.aanmaakdatum == "2026-11-23T13:00:00+01:00"
    assert found.peildatum == "2026-11-23"
    for laatst in (found.aanmaakdatum, "2026-11-23T12:00:00Z", "2026-11-23T13:00:00"):
        for seconds in (0, 1, 86_400):
            school.wait(seconds)
            answer = school.fetch(operatie, laatst=laatst)
            assert (answer.status, answer.uitkomst) == (200, "geenwijzigingen")
            assert school.laatste_regel.outcome == "geenwijzigingen"
            assert school.laatste_regel.leerlingen is None


def test_data_keep_their_moment_while_nothing_changes(school: Proefschool) -> None:
    """A later answer with the same content is the same answer, byte by byte."""
    first = school.fetch()
    school.wait(3 * 86_400)
    assert school.fetch().inhoud == first.inhoud


def test_a_clock_of_the_caller(school: Proefschool) -> None:
    """A moment of the caller's own counts from five minutes after the change on, and not when it lies ahead of us."""
    school.fetch()
    school.wait(600)
    for seconds, expected in ((-1, "leerlinggegevens"), (1, "leerlinggegevens"), (299, "leerlinggegevens")):
        assert school.fetch(laatst=written(START + timedelta(seconds=seconds))).uitkomst == expected
    for seconds, expected in ((300, "geenwijzigingen"), (600, "geenwijzigingen"), (601, "leerlinggegevens")):
        assert school.fetch(laatst=written(START + timedelta(seconds=seconds))).uitkomst == expected


def test_an_import_is_a_change(school: Proefschool) -> None:
    """After an import with other content the data come, with a later moment; an import of the same is none."""
    school.import_data(KLEIN)
    first = school.fetch()
    school.wait(60)
    school.import_data(KLEIN)
    assert school.fetch(laatst=first.aanmaakdatum).uitkomst == "geenwijzigingen"
    school.import_data(ANDERS)
    second = school.fetch(laatst=first.aanmaakdatum)
    assert second.uitkomst == "leerlinggegevens"
    assert second.aanmaakdatum == "2026-11-23T13:01:00+01:00"
    assert school.fetch(laatst=first.aanmaakdatum).inhoud == second.inhoud
    assert school.fetch(laatst=second.aanmaakdatum).uitkomst == "geenwijzigingen"


def test_a_change_within_the_second(school: Proefschool) -> None:
    """Two contents never share a moment: the earlier moment is not taken for the later content."""
    first = school.fetch()
    school.import_data(ANDERS)
    second = school.fetch(laatst=first.aanmaakdatum)
    school.import_data(KLEIN)
    third = school.fetch(laatst=second.aanmaakdatum)
    assert first.aanmaakdatum < second.aanmaakdatum < third.aanmaakdatum
    for laatst in (first.aanmaakdatum, second.aanmaakdatum):
        assert school.fetch(laatst=laatst).inhoud == third.inhoud


@pytest.mark.parametrize(
    ("leerling", "before", "after"),
    [
        (Leerling("2", roepnaam="Bo", uitstroomdatum="2026-11-24"), ["101", "2"], ["101"]),
        (Leerling("2", roepnaam="Bo", instroomdatum="2026-11-24"), ["101"], ["101", "2"]),
    ],
    ids=["leaves", "comes"],
)
def test_the_calendar_is_a_change(school: Proefschool, leerling: Leerling, before: list[str], after: list[str]) -> None:
    """At midnight in Amsterdam the school of tomorrow is there, though nobody wrote anything."""
    school.import_data(replace(KLEIN, leerlingen=(*KLEIN.leerlingen, leerling)))
    first = school.fetch()
    assert first.keys("leerling") == before
    school.wait(11 * 3600 - 1)  # 23:59:59 at school
    assert school.fetch(laatst=first.aanmaakdatum).uitkomst == "geenwijzigingen"
    school.wait(1)
    second = school.fetch(laatst=first.aanmaakdatum)
    assert second.keys("leerling") == after
    assert (second.aanmaakdatum, second.peildatum) == ("2026-11-24T00:00:00+01:00", "2026-11-24")


@pytest.mark.parametrize("act", ["resume", "activate"])
def test_an_opened_koppeling_starts_with_data(school: Proefschool, act: str) -> None:
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
    for laatst in (first.aanmaakdatum, own_moment):
        answer = school.fetch(laatst=laatst)
        assert answer.uitkomst == "leerlinggegevens"
    assert answer.aanmaakdatum == "2026-11-23T14:01:00+01:00"
    assert school.fetch(laatst=answer.aanmaakdatum).uitkomst == "geenwijzigingen"


def test_a_change_right_after_an_opening(school: Proefschool) -> None:
    """Within the second of a resumption, or of another profile, data that change have a moment of their own too."""
    school.fetch()
    school.wait(0.5)
    school.pause()
    school.resume()
    first = school.fetch()
    school.import_data(ANDERS)
    second = school.fetch(laatst=first.aanmaakdatum)
    school.wait(60.5)
    school.set_profiel("volledig")
    third = school.fetch(laatst=second.aanmaakdatum)
    school.import_data(KLEIN)
    fourth = school.fetch(laatst=third.aanmaakdatum)
    found = [first, second, third, fourth]
    assert {one.uitkomst for one in found} == {"leerlinggegevens"}
    assert len({one.aanmaakdatum for one in found}) == len(found)


def test_a_change_that_another_koppeling_sees_first(school: Proefschool) -> None:
    """Also when another koppeling fetches the new data first, they are later than what the resumed one was told."""
    other = f"{CODE}-2"
    school.add_koppeling("tweede", other)
    school.fetch()
    school.wait(60.5)
    school.pause()
    school.resume()
    first = school.fetch()
    school.import_data(ANDERS)
    ask = school.message(ALLES, "<xsdversie>2.2</xsdversie>")
    seen = school.send(ask.replace(CODE.encode(), other.encode()))
    second = school.fetch(laatst=first.aanmaakdatum)
    assert [one.uitkomst for one in (first, seen, second)] == ["leerlinggegevens"] * 3
    assert first.aanmaakdatum < seen.aanmaakdatum == second.aanmaakdatum


@pytest.mark.parametrize("seconds", [0, 60])
def test_another_profile_is_a_change(school: Proefschool, seconds: int) -> None:
    """When the catalogue gives the koppeling another profile, and when it gives the old one back, the data come."""
    moments = [school.fetch().aanmaakdatum]
    for profiel in ("volledig", "smalle set", "volledig"):
        school.wait(seconds)
        school.set_profiel(profiel)
        answer = school.fetch(laatst=moments[-1])
        assert answer.uitkomst == "leerlinggegevens"
        assert school.fetch(laatst=answer.aanmaakdatum).uitkomst == "geenwijzigingen"
        moments.append(answer.aanmaakdatum)
    assert moments == sorted(set(moments))


def test_no_data_in_between_is_a_change(school: Proefschool) -> None:
    """A vendor that heard of no data gets the data when they are back, though they are what they were."""
    school.import_data(KLEIN)
    first = school.fetch()
    school.wait(60)
    school.import_data(NIEMAND)
    assert school.fetch(laatst=first.aanmaakdatum).uitkomst == "geengegevens"
    school.wait(60)
    school.import_data(KLEIN)
    for laatst in (first.aanmaakdatum, written(START + timedelta(seconds=60))):
        assert school.fetch(laatst=laatst).uitkomst == "leerlinggegevens"


@pytest.mark.parametrize("laatst", ["2026-11-22T24:00:00", "12026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"])
def test_a_moment_outside_our_calendar_gets_data(school: Proefschool, laatst: str) -> None:
    """What the XSD allows and our calendar does not hold is a valid request, and never enough to hear no changes."""
    school.fetch()
    school.wait(86_400)
    assert school.fetch(laatst=laatst).uitkomst == "leerlinggegevens"


def test_the_operations_change_apart(school: Proefschool) -> None:
    """A new name of a leerling changes the whole and the leerlingen; structuur and leerkrachten stay as they were."""
    before = {operatie: school.fetch(operatie).aanmaakdatum for operatie in names.OPERATIONS.values()}
    school.wait(60)
    school.import_data(replace(ANDERS, leerkrachten=(Leerkracht("m", achternaam="Maas"),)))
    changed = {naam for naam, moment in before.items() if school.fetch(naam, laatst=moment).uitkomst == naam.payload}
    assert changed == {names.HAAL_LEERLINGGEGEVENS, names.HAAL_LEERLINGEN}


def test_a_change_in_another_group_counts(school: Proefschool) -> None:
    """The moment of an answer by groups is that of all leerlingen, so that another choice of groups misses nothing."""
    two = replace(KLEIN, leerlingen=(*KLEIN.leerlingen, Leerling("2", roepnaam="Bo")))
    school.import_data(two)
    first = school.fetch(names.HAAL_LEERLINGEN, groepen='<groep key="g1"/>')
    school.wait(60)
    school.import_data(replace(two, leerlingen=(*KLEIN.leerlingen, Leerling("2", roepnaam="Bob"))))
    again = school.fetch(names.HAAL_LEERLINGEN, groepen='<groep key="g1"/>', laatst=first.aanmaakdatum)
    assert again.uitkomst == "leerlinggegevens-leerlingen"
    assert school.fetch(names.HAAL_LEERLINGEN, groepen="<groep/>", laatst=first.aanmaakdatum).keys("leerling") == ["2"]


def test_each_version_has_its_own_moment(school: Proefschool) -> None:
    """An eckid is a change in 2.2 and 2.3, and none in 2.1, which has no eckid."""
    before = {version: school.fetch(xsdversie=version).aanmaakdatum for version in ("2.1", "2.2", "2.3")}
    school.wait(60)
    with_eckid = Leerling("101", eckid="https://ketenid.nl/pilot/1", roepnaam="Zoë", groep="g1")
    school.import_data(replace(KLEIN, leerlingen=(with_eckid,), leerkrachten=(Leerkracht("m", achternaam="Maas"),)))
    found = {version: school.fetch(xsdversie=version, laatst=moment).uitkomst for version, moment in before.items()}
    assert found == {"2.1": "geenwijzigingen", "2.2": "leerlinggegevens", "2.3": "leerlinggegevens"}


def test_a_setting_that_changes_answers_is_a_change(school: Proefschool) -> None:
    """When the service begins to send keys beside ECK-iDs in 2.3, vendors get the data."""
    with_eckid = Leerling("101", eckid="https://ketenid.nl/pilot/1", roepnaam="Zoë", groep="g1")
    school.import_data(replace(KLEIN, leerlingen=(with_eckid,)))
    first = school.fetch(xsdversie="2.3")
    school.restart(key_naast_eckid=True)
    again = school.fetch(xsdversie="2.3", laatst=first.aanmaakdatum)
    assert again.keys("leerling") == ["101"]
    school.restart(key_naast_eckid=False)


# The model below knows nothing of hashes, tables and rounding. It knows what the school looks like to each caller, and
# what each answer of the past said; two moments of the same answer are all that may stand for each other.

Sleutel = tuple[str, str, str]
Inhoud = tuple[object, ...]
DAG_NUL = date(2026, 11, 23)
VERTREK = DAG_NUL + timedelta(days=2)
GROEPEN = (Groep("groep", "g1", "1a", "1"),)


def _school(roepnaam: str = "Zoë", naam: str = "1a", fotourl: str | None = None) -> Dataset:
    return make_dataset(
        [Leerling("101", roepnaam=roepnaam, groep="g1", fotourl=fotourl)],
        leerkrachten=[Leerkracht("m", achternaam="Maas")],
        groepen=[replace(GROEPEN[0], naam=naam)],
        schooljaar=SCHOOLJAAR,
    )


_GAAT = Leerling("2", roepnaam="Bo", uitstroomdatum=VERTREK.isoformat())
SCHOLEN: dict[str, Dataset] = {
    "gewoon": _school(),
    "naam": _school(roepnaam="Zoé"),
    "groep": _school(naam="1b"),
    "foto": _school(fotourl="https://school.example/1"),
    "vertrek": replace(_school(), leerlingen=(*_school().leerlingen, _GAAT)),
    "leeg": NIEMAND,
}


def content(school: str, operatie: names.Operation, profiel: str, today: date) -> Inhoud | None:
    """Say by hand what an answer tells, as far as these schools differ; None when there are no leerlingen."""
    if school == "leeg":
        return None
    roepnaam = "Zoé" if school == "naam" else "Zoë"
    structuur = ("1b" if school == "groep" else "1a",)
    leerlingen: Inhoud = (roepnaam, school == "foto" and profiel == "volledig", school == "vertrek" and today < VERTREK)
    parts: dict[str, tuple[Inhoud, ...]] = {
        "HaalStructuur": (structuur,),
        "HaalLeerlingen": (leerlingen,),
        "HaalLeerkrachten": (("Maas",),),
        "HaalLeerlinggegevens": (structuur, leerlingen, ("Maas",)),
    }
    return parts[operatie.name]


@dataclass(frozen=True)
class Ontvangst:
    """An answer with data that the vendor got: its moment, which answer it was and the how manieth content of it."""

    aanmaakdatum: str
    sleutel: Sleutel
    volgnummer: int
    opening: int


class Wijzigingenmachine(RuleBasedStateMachine):
    """Fetches, imports, passing time, pauses and profiles in any order; each answer is the one that the model gives."""

    operaties = st.sampled_from(list(names.OPERATIONS.values()))
    versies = st.sampled_from(["2.2", "2.3"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="uwlr-wijzigingen-"))
        self.school = Proefschool(self.folder)
        self.inhoud = "gewoon"
        self.school.import_data(SCHOLEN[self.inhoud])
        self.profiel = "smalle set"
        self.gezien_profiel = self.profiel
        self.opening = 0
        self.opening_sinds = self.school.moment
        self.gezien: dict[Sleutel, list[tuple[Inhoud | None, datetime]]] = {}
        self.ontvangsten: list[Ontvangst] = []

    @rule(inhoud=st.sampled_from(sorted(SCHOLEN)))
    def import_data(self, inhoud: str) -> None:
        """Deliver the school, changed or as it was."""
        self.inhoud = inhoud
        self.school.import_data(SCHOLEN[inhoud])

    @rule(seconds=st.sampled_from([0.25, 1, 30, 290, 400, 43_200]))
    def time_passes(self, seconds: float) -> None:
        """Let the clock go on."""
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

    @rule(operatie=operaties, versie=versies)
    def fetch_without_a_moment(self, operatie: names.Operation, versie: str) -> None:
        """Without a moment: data, or that there are none."""
        self._fetch(operatie, versie, None, None)

    @rule(operatie=operaties, versie=versies, data=st.data(), form=st.sampled_from(["literal", "utc", "local"]))
    def fetch_with_a_received_moment(
        self, operatie: names.Operation, versie: str, data: st.DataObject, form: str
    ) -> None:
        """With the moment of an answer to this very request: no changes exactly when none was seen since."""
        mine = [one for one in self.ontvangsten if (one.sleutel[0], one.sleutel[1]) == (operatie.name, versie)]
        if not mine:
            return
        ontvangst = data.draw(st.sampled_from(mine[-4:]))
        moment = datetime.fromisoformat(ontvangst.aanmaakdatum)
        laatst = {
            "literal": ontvangst.aanmaakdatum,
            "utc": written(moment),
            "local": moment.astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None).isoformat(),
        }[form]
        self._fetch(operatie, versie, laatst, ontvangst)

    @rule(operatie=operaties, versie=versies, seconds=st.sampled_from([-3600, 0, 200, 290, 400, 4000, 90_000]))
    def fetch_with_a_moment_of_its_own(self, operatie: names.Operation, versie: str, seconds: int) -> None:
        """With a moment by the vendor's own clock: no changes only when the last one lies five minutes before it."""
        moment = self.school.moment - timedelta(seconds=seconds)
        laatst = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.777Z")  # never a moment that we gave
        outcome = self._fetch(operatie, versie, laatst, None)
        key = (operatie.name, versie, self.profiel)
        if self.gezien[key][-1][0] is None:
            return
        since = max(self.gezien[key][-1][1], self.opening_sinds)
        asked = datetime.fromisoformat(laatst)
        if asked > self.school.moment or asked < since + timedelta(minutes=5):
            assert outcome == operatie.payload
        elif asked > since + timedelta(minutes=6):  # the minute is room for rounding
            assert outcome == "geenwijzigingen"

    def _open(self) -> None:
        self.opening += 1
        self.opening_sinds = self.school.moment

    def _fetch(self, operatie: names.Operation, version: str, laatst: str | None, ontvangst: Ontvangst | None) -> str:
        """Fetch, and hold the answer to what the model says where it knows; gives the outcome."""
        key = (operatie.name, version, self.profiel)
        today = self.school.moment.astimezone(ZoneInfo("Europe/Amsterdam")).date()
        expected = content(self.inhoud, operatie, self.profiel, today)
        seen = self.gezien.setdefault(key, [])
        if not seen or seen[-1][0] != expected:
            seen.append((expected, self.school.moment))
        found = self.school.fetch(operatie, xsdversie=version, laatst=laatst)
        event(found.uitkomst)
        if expected is None:
            assert found.uitkomst == "geengegevens"
            return found.uitkomst
        if self.gezien_profiel != self.profiel:
            self.gezien_profiel = self.profiel
            self._open()
        if laatst is None:
            assert found.uitkomst == operatie.payload
        if ontvangst is not None:
            same = (ontvangst.sleutel, ontvangst.volgnummer, ontvangst.opening) == (key, len(seen), self.opening)
            assert found.uitkomst == ("geenwijzigingen" if same else operatie.payload)
        if found.uitkomst == operatie.payload:
            self.ontvangsten.append(Ontvangst(found.aanmaakdatum, key, len(seen), self.opening))
            assert found.peildatum == found.aanmaakdatum[:10]
        return found.uitkomst

    def teardown(self) -> None:
        """Remove the database."""
        self.school.close()
        shutil.rmtree(self.folder)


TestWijzigingen = Wijzigingenmachine.TestCase
TestWijzigingen.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,  # a commit waits for the disk
    suppress_health_check=[HealthCheck.too_slow],
)
