"""Each verdict, reached by real acts and real fetches: the same on the overview, its own page, paper and `list`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from support import messages
from support.clock import Clock
from support.csv_sets import CommandBench
from support.databases import make_tables
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.messages import school_element
from support.portal_browser import CODE, MOMENT, PASSWORD, SCHOOL, Browser, Portal
from support.school_builder import SERVER_KEYS, SchoolBuilder, quick_hash
from support.wsgi import call

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import catalogue as catalogi
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

YEAR, OTHER, OTHER_CODE = "2026-2027", "21QW01", "21QW01Ygr67BfgKl!gr8"
ZOE = Leerling("101", eckid(1), "de Bruijn", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1")
WRONG, THEN = "21QW00een-andere-code-dan-hier", "27 november 2026 om 10:30 uur"
KOPPELING, AFNEMER = f"{SCHOOL}/koppeling/2", "/koppelingen/beheer/afnemers/1"


@dataclass
class Life:
    """A school with Snappet, another one that has it too, and the time that passes."""

    portal: Portal
    data: Path

    @property
    def browser(self) -> Browser:
        """A browser of the school; after half an hour a session is over."""
        return self.portal.browser("school")

    def pass_(self, **time: float) -> None:
        """Move the clock on."""
        self.portal.clock.advance(**time)

    def fetch(self, brin6: str = "21QW00", code: str = CODE) -> bytes:
        """Fetch as Snappet."""
        header = messages.header(key=code, klantcode="een-klantcode-van-Snappet", klantnaam="Snappet")
        body = messages.body(schooljaar=YEAR, school=school_element(brin6))
        return call(self.portal.app, messages.envelope(body, header)).body

    def fetch_elsewhere(self) -> None:
        """Fetch the other school, and let the job note it once it is certain to be committed."""
        assert b"leerlinggegevens_antwoord" in self.fetch(OTHER, OTHER_CODE)
        self.pass_(minutes=6)
        self.job("calls")

    def job(self, name: str) -> None:
        """Run a job at the present moment."""
        moment = self.portal.clock()
        assert run_now(JOBS[name], self.portal.database, self.portal.settings, Lease(name, "a"), moment=moment)

    def deliver(self, *leerlingen: Leerling, brin6: str = "21QW00") -> None:
        """Import the present year."""
        dataset = make_dataset(leerlingen, groepen=[Groep("groep", "g1", "1a", "1")], brin6=brin6)
        import_dataset(self.portal.database, dataset, moment=self.portal.clock())

    def press(self, path: str, **fields: str) -> None:
        """Do an act of the school on its pages."""
        assert self.browser.submit(path, **fields).status in {200, 303}

    def block(self) -> None:
        """Switch Snappet off for all schools, as the operator."""
        assert self.portal.browser("operator").submit(f"{AFNEMER}/uitschakelen", klantnaam="Snappet").status == 303

    def let_in(self) -> None:
        """Switch Snappet on again, as the operator."""
        assert self.portal.browser("operator").submit(AFNEMER, 0).status == 303

    def told(self) -> tuple[str, str]:
        """Return the badge and the line of the verdict, which are the same wherever the school reads them."""
        browser = self.browser
        page, overview = browser.get(KOPPELING), browser.get(SCHOOL)
        (badge,) = page.tree.xpath("//h1/span/text()")
        (line,) = (" ".join(one.text_content().split()) for one in page.tree.xpath("//p[contains(@class, 'oordeel')]"))
        if badge != "Beëindigd":
            (body,) = overview.tree.xpath("//tbody[tr/th[normalize-space()='Snappet']]")
            told = " ".join(body.text_content().split())
            assert badge in told
            assert line in told
            warned = [box.get("class") == "pas-op" for box in body.xpath(".//div[dt='Laatste poging']")]
            assert not any(warned) or badge == "Geweigerd", "a warning is gone when the fault is"
            assert any(warned) or badge != "Geweigerd"
        return badge, line

    def told_everywhere(self) -> tuple[str, str]:
        """Return the same, and see that it stands on paper and in `koppeling list` too."""
        badge, line = self.told()
        assert f"{badge}. {line.partition('. ')[0]}" in self.browser.get(f"{KOPPELING}/bevestiging").text
        listed = json.loads(CommandBench(self.data, self.portal.clock()).run("koppeling", "list", "--json").output)
        for one in listed:
            if one["brin6"] == "21QW00" and one["koppeling"] == "snappet":
                assert f"{one['verdict']['sentence']} {one['verdict']['step']}" == line.partition(" Aan zet:")[0]
        return badge, line

    def expect(self, badge: str, *lines: str) -> None:
        """Check the badge, and, when they are given, the sentence and the step, and whose it is."""
        found = self.told_everywhere() if lines else self.told()
        assert found[0] == badge
        assert not lines or found[1] == " ".join(lines)


@pytest.fixture
def life(backend: str, tmp_path: Path) -> Iterator[Life]:
    """Yield the two schools, on each database."""
    data = tmp_path / "data"
    settings = Settings(data=data, keys=SecretStr(",".join(SERVER_KEYS)))
    database = Database(settings.database_url)
    make_tables(database)
    builder = SchoolBuilder(database, ServerKeys.from_settings(settings, database), moment=MOMENT)
    users = (
        NewGebruiker("school", "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",), needs_totp=False),
        NewGebruiker("operator", "E. Beheer", GebruikerRol.OPERATOR, (), needs_totp=False),
    )
    with builder.transaction():
        builder.add_vestigingen("21QW00", OTHER)
        builder.add_afnemer("Snappet", "een-klantcode-van-Snappet")
        builder.activate("snappet", OTHER, OTHER_CODE)
        builder.add_gebruikers(users, quick_hash(PASSWORD), {})
    clock = Clock(MOMENT)
    app = make_app(settings, clock)
    life = Life(Portal(app, clock, settings, database), data)
    life.deliver(ZOE._replace(key="201", eckid=eckid(2)), brin6=OTHER)
    life.deliver(ZOE)
    assert backend
    yield life
    app.close()
    database.close()


def activate(life: Life, **fields: str) -> None:
    """Activate Snappet as the school does."""
    chosen = {"naam": "A. de Vries", "akkoord": "ja", "verificatiecode": CODE, "actie": "gereed", **fields}
    life.press(f"{SCHOOL}/activeren/snappet", **chosen)


def test_the_tap(life: Life) -> None:
    """From a Startdatum to come to the end: each act makes what was before it past, each fetch mends."""
    activate(life, startdatum="2026-11-27")
    assert b"AutorisatieOngeldig" in life.fetch()
    step = "Vul de verificatiecode alvast in bij Snappet. Aan zet: uw school."
    life.expect("Start op 27-11-2026", "Snappet kan gegevens ophalen vanaf 27 november 2026.", step)
    life.pass_(days=2)
    waits = "Vul bij Snappet dezelfde verificatiecode in als hier, en zet het ophalen daar aan. Aan zet: uw school."
    life.expect(
        "Wacht op Snappet", "Snappet heeft via deze koppeling nog niet opgehaald.", waits
    )  # that refusal is past
    life.fetch(code=WRONG)
    life.expect(
        "Geweigerd",
        "Snappet gebruikt een andere verificatiecode dan uw school hier heeft ingevuld.",
        f"Zo gaat het sinds {THEN}. Vul bij Snappet dezelfde verificatiecode in als hier, of vernieuw hem op beide",
        "plaatsen. Aan zet: uw school.",
    )
    life.press(KOPPELING, verificatiecode=WRONG, actie="gereed")
    changed = f"Sinds de verificatiecode is gewijzigd op {THEN}, heeft Snappet nog niet opgehaald."
    life.expect("Wacht op Snappet", changed, waits)
    life.fetch(code=WRONG)
    life.expect("Actief", f"Laatst opgehaald op {THEN}. U hoeft niets te doen.")
    life.fetch()
    life.press(f"{KOPPELING}/pauzeren")
    life.expect(
        "Gepauzeerd",
        f"De uitwisseling is gepauzeerd op {THEN}; Snappet kan niets ophalen.",
        "Vul een verificatiecode in om de uitwisseling te hervatten. Aan zet: uw school.",
    )
    life.fetch()
    life.press(KOPPELING, verificatiecode=CODE, actie="gereed")
    life.expect("Wacht op Snappet")  # neither the wrong code nor the pause is present any more
    life.fetch()
    life.expect("Actief")
    life.block()
    life.expect(
        "Leverancier geblokkeerd",
        f"De beheerder van de koppelingen heeft Snappet geblokkeerd op {THEN}; sindsdien wordt er niets opgehaald.",
        "Vraag de beheerder van de koppelingen wanneer Snappet weer wordt toegelaten.",
        "Aan zet: de beheerder van de koppelingen.",
    )
    life.pass_(days=9)
    life.let_in()
    life.expect(
        "Wacht op Snappet",
        "Sinds de beheerder Snappet weer toelaat, op 6 december 2026 om 10:30 uur, heeft Snappet nog niet opgehaald.",
        "Wacht tot Snappet weer ophaalt, of vraag Snappet wanneer dat is. Aan zet: Snappet.",
    )
    life.fetch()
    life.expect("Actief")
    with life.portal.database.reading() as connection:
        found = store.find(connection, 2, "21QW00") or pytest.fail("no koppeling")
        without_it = verdicts_of(connection, Catalogue({}), [found], life.portal.clock())
    assert without_it[2].kind is VerdictKind.NOT_OFFERED
    life.press(f"{KOPPELING}/beeindigen")
    life.expect("Beëindigd")


def test_silence(life: Life) -> None:
    """An outage is the operator's, a koppeling that stopped the platform's; a fetch mends either at once."""
    activate(life)
    for _ in range(3):
        life.fetch()
        life.fetch_elsewhere()
        life.pass_(days=1)
    life.expect("Actief")
    life.pass_(days=3)
    badge, line = life.told()
    assert badge == "Storing bij Snappet"
    assert line.endswith(
        "en daarna ook voor andere scholen niet. De beheerder van de koppelingen neemt contact op met "
        "Snappet. Aan zet: de beheerder van de koppelingen."
    )
    life.fetch_elsewhere()
    badge, line = life.told()
    assert badge == "Niet meer opgehaald"
    assert line == (
        "Snappet heeft voor uw school voor het laatst opgehaald op 27 november 2026 om 10:42 uur, en haalt bij andere "
        "scholen wel op. Vraag Snappet waarom voor uw school niet meer wordt opgehaald. Aan zet: Snappet."
    )
    page = life.portal.browser("operator").get(AFNEMER)
    counts = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='getallen']/li")]
    assert counts == ["1 Niet meer opgehaald", "1 Actief"]
    life.fetch()
    life.expect("Actief")


def test_records(life: Life) -> None:
    """Stale records, persons who are held and answers without leerlingen; each goes with what mends it."""
    activate(life)
    life.fetch()
    with life.portal.database.writing() as connection:
        not_taken.record(connection, [("21QW00", "2027-2028")], ImportRefusedError([]), life.portal.clock())
    life.expect("Actief")  # what is refused of the next year leaves this one as it is
    with life.portal.database.writing() as connection:
        not_taken.record(connection, [("21QW00", YEAR)], ImportRefusedError([]), life.portal.clock())
    badge, line = life.told()
    assert badge == "Gegevens verouderd"
    assert line.startswith("Sinds 25 november 2026 om 10:30 uur zijn de gegevens van uw school niet vernieuwd")
    life.deliver(ZOE)
    life.expect("Actief")
    for _ in range(4):
        life.pass_(days=2)
        life.fetch()
    life.job("staleness")
    life.expect("Gegevens verouderd")  # the last import was taken eight days ago
    life.deliver(ZOE)
    life.expect("Actief")  # though the job noted nothing of it yet
    life.deliver(ZOE._replace(eckid=None, roepnaam="Fatima", achternaam="Mol", geboortedatum="2017-02-02"))
    badge, line = life.told()
    assert badge == "1 leerling vastgehouden"
    assert line.endswith("Bekijk en beantwoord de vragen over deze personen. Aan zet: uw school.")
    assert life.browser.get(SCHOOL).tree.xpath("//p[contains(@class, 'oordeel')]/a/@href") == [f"{SCHOOL}/vragen"]
    life.deliver(ZOE)
    life.fetch()
    life.expect("Actief")
    withdrawn = CommandBench(life.data, life.portal.clock()).run("school", "withdraw", "21QW00", "--yes")
    assert withdrawn.exit_code == 0, withdrawn.output
    life.pass_(days=1)
    life.fetch()
    badge, line = life.told()
    assert badge == "Opgehaald, geen leerlingen"
    assert line.endswith(
        "die zijn van uw school voor dit schooljaar niet ontvangen. Vraag de beheerder van de koppelingen waarom de "
        "gegevens van uw school er niet zijn. Aan zet: de beheerder van de koppelingen."
    )
    life.deliver(ZOE)
    assert life.told()[1].endswith(
        "Er zijn nu wel leerlingen van uw school. Vraag Snappet of het juiste schooljaar wordt opgehaald; kijk ook bij "
        "Leerlingen niet delen. Aan zet: Snappet."
    )
    life.fetch()
    life.expect("Actief")


def test_a_koppeling_without_data(life: Life) -> None:
    """It says that no data flow, and so does one that every school has."""
    life.press(f"{SCHOOL}/activeren/toetsplein", naam="A", akkoord="ja", actie="gereed")
    for naam, path in (("Toetsplein", f"{SCHOOL}/koppeling/2"), (None, SCHOOL)):
        page = life.browser.get(path)
        assert "Actief, zonder gegevens" in page.text
        assert "gaan vanuit dit overzicht geen gegevens naar" in page.text
        assert naam is None or page.h1.startswith(naam)


def test_an_entry_that_left_the_catalogue(life: Life, tmp_path: Path) -> None:
    """Nothing opens it any more, and the school can end it; back in the catalogue it is as it was."""
    activate(life)
    life.fetch()
    shipped = Path(catalogi.__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    without = tmp_path / "catalogus.toml"
    without.write_text(shipped.replace('id = "snappet"', 'id = "een-ander-platform"'), encoding="utf-8")
    before, settings = life.portal.app, life.portal.settings.model_copy(update={"catalogus": without})
    life.portal.app = make_app(settings, life.portal.clock)
    assert b"AutorisatieOngeldig" in life.fetch()
    sentence = (
        "Deze koppeling wordt niet meer aangeboden; snappet kan niets ophalen. Beëindig de koppeling, of vraag de "
        "beheerder van de koppelingen waarom dit zo is. Aan zet: uw school."
    )
    for path in (KOPPELING, SCHOOL):
        page = life.browser.get(path)
        assert "Niet meer aangeboden" in page.text
        assert sentence in page.text
    life.portal.app.close()
    life.portal.app = before
    life.fetch()
    life.expect("Actief")


def test_few_statements(life: Life) -> None:
    """A list of koppelingen takes no more statements than one of them."""
    activate(life)
    life.fetch()
    life.fetch(OTHER, OTHER_CODE)
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    numbers = []
    with life.portal.database.reading() as connection:
        all_ = store.list_living(connection)
        sa.event.listen(connection, "before_cursor_execute", count)
        for some in (all_[:1], all_):
            seen.clear()
            assert len(verdicts_of(connection, Catalogue.load(), some, life.portal.clock())) == len(some)
            numbers.append(len(seen))
        sa.event.remove(connection, "before_cursor_execute", count)
    assert len(all_) == 2
    assert numbers[0] == numbers[1] <= 8
