"""Access to every route with every method, for every kind of gebruiker; CSRF and headers on all of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.portal_browser import MOMENT, PASSWORD, Browser, Page, Portal
from support.provider_portal import VESTIGINGEN, ProviderPortal
from support.result_bench import Sent
from support.school_builder import CODE, quick_hash
from support.sent_results import send_results, toets

from uwlr_adapter.administratie.importing import persons, questions
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.gebruikers import invitations
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_vestiging
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.resultaten import reading

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HEADERS = {
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
GROEPEN = {"public", "account", "vestigingen", "school", "insight", "leerkracht", "operator", "afnemer"}
FOR_EVERYBODY = {"public", "provider"}
LEERLINGEN = {"21QW00": 1, "30AB00": 2}
"""The id of a leerling of each vestiging; so is that of the message with results, and of the result in it."""
TOETS_ID = "0" * 64
TOETSEN: dict[str, str] = {}
"""The id of the definition of a toets that each vestiging was sent results of."""
COLLEAGUES = {"21QW00": 1, "30AB00": 3}
"""The id of a schoolbeheerder of each vestiging."""
LEERKRACHTEN: dict[str, int] = {}
"""The id of a leerkracht of each vestiging."""
ACTS = re.compile(
    "/(activeren|pauzeren|beeindigen|startdatum|akkoord|vrijgeven|terugnemen|collegas|leerkrachten)"
    "|/niet-delen/|/vragen/"
)
"""The paths of a vestiging that only lead to an act."""
OF_GROEP = re.compile(r"/resultaten/(groep\?|groep/toets/|leerling/)")
"""The paths of a vestiging that its leerkracht opens too."""
ONLY_THERE = re.compile("/koppeling/|/vragen/|/leerkrachten/1")
"""The paths that 21QW01 does not have: there is no such thing."""
QUESTIONS: dict[str, int] = {}
"""The id of a question of each vestiging, which follows from what is asked."""


@dataclass(frozen=True)
class Route:
    """One route of the portal: its group of pages, and its path with real values."""

    groep: str
    path: str
    methods: frozenset[str]

    def at(self, brin6: str, koppeling_id: int = 1) -> str:
        """Return the path for a vestiging and a koppeling."""
        path = self.path.replace("21QW00", brin6).replace("/koppeling/1", f"/koppeling/{koppeling_id}")
        path = path.replace("/vragen/1/", f"/vragen/{QUESTIONS.get(brin6, 1)}/")
        path = re.sub("/collegas/1$", f"/collegas/{COLLEAGUES.get(brin6, 1)}", path)
        path = re.sub("/leerkrachten/1$", f"/leerkrachten/{LEERKRACHTEN.get(brin6, 1)}", path)
        path = re.sub("/(bericht|resultaat)/1", lambda found: f"/{found[1]}/{LEERLINGEN.get(brin6, 1)}", path)
        path = path.replace(TOETS_ID, TOETSEN.get(brin6, TOETS_ID))
        for page in ("niet-delen", "inzage", "leerling"):
            path = path.replace(f"/{page}/1", f"/{page}/{LEERLINGEN.get(brin6, 1)}")
        return path


def routes(portal: Portal) -> list[Route]:
    """Return every route that Flask knows."""
    app = portal.app.mounts[PREFIX]
    assert isinstance(app, Flask)
    values = {
        "brin6": "21QW00",
        "koppeling_id": 1,
        "persoon_id": 1,
        "question_id": 1,
        "answer": "nieuw",
        "entry_id": "basispoort",
        "afnemer_id": 1,
        "gebruiker_id": 1,
        "invitation_id": 1,
        "token": "x" * 43,
        "name": "staleness",
        "batch_id": 1,
        "maintenance_id": 1,
        "message_id": 1,
        "resultaat_id": 1,
        "toets_id": TOETS_ID,
    }
    found: dict[str, Route] = {}
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.endpoint == "static":
                continue
            _, path = rule.build({name: values[name] for name in rule.arguments}) or ("", "")
            if "/resultaten/groep" in path:
                path = f"{path}?schooljaar=2026-2027&groep=g"
            before = found[path].methods if path in found else frozenset()
            found[path] = Route(rule.endpoint.partition(".")[0], path, before | (rule.methods or set()))
    return list(found.values())


@pytest.fixture
def with_koppelingen(portal: Portal) -> Portal:
    """Return a portal in which 21QW00 has koppeling 1 and 30AB00 has koppeling 2, and each has a question."""
    return furnished(portal)


def furnished(portal: Portal) -> Portal:
    """Add those koppelingen and questions to a portal."""
    for login, brin6 in (("school", "21QW00"), ("andere", "30AB00")):
        for roepnaam in ("Zoë", "Bo"):
            import_dataset(portal.database, _dataset(brin6, roepnaam))
        with portal.database.reading() as connection:
            (QUESTIONS[brin6],) = (one.id for one in questions.of_vestiging(connection, brin6))
            assert persons.get(connection, PersonKind.LEERLING, brin6[:4], "l").id == LEERLINGEN[brin6]
        made = toets(naam=brin6)
        message = send_results(portal.database, MOMENT, Sent("l", "a", 3), brin6=brin6, toetsen=[made]).message_id
        assert message == LEERLINGEN[brin6]
        with portal.database.reading() as connection:
            (one,) = reading.of_message(connection, message)
        TOETSEN[brin6] = one.said.toets_id
        code = CODE.replace("21QW00", brin6)
        page = portal.browser(login).submit(
            f"/koppelingen/{brin6}/activeren/snappet", naam="Naam", akkoord="ja", verificatiecode=code, actie="gereed"
        )
        assert page.status == 200
    for brin6 in ("21QW00", "30AB00"):
        leerkracht = Leerkracht("t", roepnaam="Kim", groepen=(GroepVerwijzing("groep", "g"),))
        import_dataset(portal.database, _dataset(brin6, "Bo", [leerkracht]))
        with portal.database.reading() as connection:
            LEERKRACHTEN[brin6] = persons.get(connection, PersonKind.LEERKRACHT, brin6[:4], "t").id
    with portal.database.writing() as connection:
        taught = Taught("2026-2027", (("g", "1a"),))
        new = NewInvitation("21QW00", "leerkracht", "Kim", GebruikerRol.LEERKRACHT, taught)
        invitations.invite(connection, new, "t" * 43, MOMENT, actor="school")
        invitations.join(connection, "t" * 43, quick_hash(PASSWORD), MOMENT)
        connection.execute(gebruiker.update().where(gebruiker.c.login == "leerkracht").values(totp_required=False))
    return portal


def _dataset(brin6: str, roepnaam: str, leerkrachten: Iterable[Leerkracht] = ()) -> Dataset:
    """Return the records of a vestiging: a leerling and a groep."""
    return make_dataset(
        [Leerling("l", roepnaam=roepnaam, groep="g")],
        groepen=[Groep("groep", "g", "1a", "1")],
        leerkrachten=leerkrachten,
        brin6=brin6,
        schooljaar="2026-2027",
    )


def requests(portal: Portal) -> Iterator[tuple[Route, str]]:
    """Yield every route with every method."""
    for route in routes(portal):
        for method in METHODS:
            yield route, method


def send(browser: Browser, method: str, path: str) -> Page:
    """Send a request; one with a body carries the CSRF token of the session, so that only access can refuse it."""
    if method == "POST":
        page = browser.get("/koppelingen/inloggen")
        page = browser.follow(page) if page.status == 303 else page
        while page.status == 303:
            page = browser.follow(page)
        token = next(form.fields["csrf_token"] for form in page.tree.forms if "csrf_token" in form.fields)
        return browser.post(path, {"csrf_token": token})
    return browser.send(method, path)


def without_token(page: Page) -> str:
    """Return a page without its CSRF token, which is another one each second."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page.body)


def test_there_are_pages_of_each_group(portal: Portal) -> None:
    """The table is whole: a group that disappears from it would not be tested."""
    assert {route.groep for route in routes(portal)} == GROEPEN
    assert len(routes(portal)) > 20


def test_nobody(with_koppelingen: Portal) -> None:
    """Without a login every page but the public ones asks for one, or refuses the method."""
    check_nobody(with_koppelingen)


def check_nobody(with_koppelingen: Portal) -> None:
    """Check every page that is not for everybody."""
    for route, method in requests(with_koppelingen):
        if route.groep in FOR_EVERYBODY:
            continue
        page = with_koppelingen.browser().send(method, route.path, {} if method == "POST" else None)
        if method in route.methods:
            assert page.status == 303, (route, method)
            assert (page.location or "").startswith("/koppelingen/inloggen"), (route, method)
        else:
            assert page.status == 405, (route, method)


@pytest.mark.parametrize(
    ("login", "groepen", "brin6"),
    [
        ("school", {"account", "school", "insight"}, {"21QW00"}),
        ("bestuur", {"account", "vestigingen", "school"}, {"21QW00", "21QW01"}),
        ("andere", {"account", "school", "insight"}, {"30AB00"}),
        ("operator", {"account", "operator"}, set()),
        ("lezer", {"account", "school"}, {"21QW00"}),
        ("vendor", {"account", "afnemer"}, set()),
        ("leerkracht", {"account", "leerkracht"}, set()),
    ],
)
def test_users(with_koppelingen: Portal, login: str, groepen: set[str], brin6: set[str]) -> None:
    """A user reaches the pages of its groups and vestigingen; any other is the 404 of a page that is not there."""
    check_user(with_koppelingen, with_koppelingen.browser(login), groepen, brin6, rol=login)


@pytest.mark.parametrize(
    ("login", "groepen", "named", "brin6"),
    [
        ("school", {"account", "school", "insight"}, ["21QW", "30AB", "99XX99"], {"21QW00"}),
        ("bestuur", {"account", "school"}, ["21QW01", "30AB00"], {"21QW01"}),
        ("operator", {"account", "operator"}, None, set()),
        ("vendor", {"account", "afnemer"}, None, set()),
    ],
)
def test_users_by_the_provider(
    request: pytest.FixtureRequest, login: str, groepen: set[str], named: list[str] | None, brin6: set[str]
) -> None:
    """The same holds for a session by the provider: narrowed where a claim names vestigingen, and never wider."""
    entree: ProviderPortal = request.getfixturevalue("entree" if named is None else "narrowing")
    furnished(entree.portal)
    entree.provider.claims = {VESTIGINGEN: named}
    check_user(entree.portal, entree.browser_of(login), {*groepen, "own_provider"}, brin6)


def test_a_list_of_a_narrowed_session(narrowing: ProviderPortal) -> None:
    """The pages over several vestigingen know those alone that the claims of the provider named."""
    furnished(narrowing.portal)
    with narrowing.portal.database.writing() as connection:
        connection.execute(
            sa.insert(gebruiker_vestiging).from_select(
                ["gebruiker_id", "brin6"],
                sa.select(gebruiker.c.id, sa.literal("30AB00")).where(gebruiker.c.login == "bestuur"),
            )
        )
    narrowing.provider.claims = {VESTIGINGEN: ["21QW"]}
    browser = narrowing.browser_of("bestuur")
    for path in ("", "/vestigingen/lijst.csv"):
        page = browser.get(f"/koppelingen{path}")
        assert "21QW00" in page.body
        assert "30AB00" not in page.body


def test_nobody_by_the_provider(entree: ProviderPortal) -> None:
    """Where there is a provider, its pages for everybody open no other one, and its groups are there."""
    furnished(entree.portal)
    assert {route.groep for route in routes(entree.portal)} == {
        *GROEPEN,
        *("provider", "own_provider"),
    }
    check_nobody(entree.portal)


def check_user(
    with_koppelingen: Portal, browser: Browser, groepen: set[str], brin6: set[str], *, rol: str = ""
) -> None:
    """Check that a browser reaches every page of these groups and vestigingen, and no other.

    A lezer does nothing; a leerkracht reads the pages of a groep of 21QW00 and of its leerlingen.
    """
    absent = without_token(browser.get("/koppelingen/99XX99"))
    for route, method in requests(with_koppelingen):
        if route.groep in FOR_EVERYBODY or "uitloggen" in route.path or method not in route.methods:
            continue
        for place in ("21QW00", "21QW01", "30AB00", "99XX99") if route.groep in {"school", "insight"} else ("",):
            path = route.at(place) if place else route.path
            own = {"21QW00": 1, "30AB00": 2}
            page = send(browser, method, route.at(place, own.get(place, 1)) if place else path)
            if rol == "leerkracht" and place == "21QW00" and OF_GROEP.search(route.path):
                assert page.status == 200, (route, method)
            elif route.groep not in groepen or (place and place not in brin6):
                assert page.status == 404, (route, method, place)
                if method == "GET":
                    assert without_token(page) == absent
            elif rol == "lezer" and is_act(route, method):
                assert page.status == 403, (route, method)
                assert method == "HEAD" or page.h1 == "U kunt hier alleen lezen"
            elif place != "21QW01" or not ONLY_THERE.search(route.path):
                assert page.status in {200, 303, 409, 422}, (route, method, place)
                if page.status == 303:
                    browser.follow(page)  # so that what it says stands on no other page


def is_act(route: Route, method: str) -> bool:
    """Return whether a route of a vestiging acts, or leads to an act only."""
    return route.groep == "school" and (method == "POST" or bool(ACTS.search(route.path)))


def test_a_lezer_sees_no_way_to_act(with_koppelingen: Portal) -> None:
    """No page of a vestiging has a form that is sent, or a link to a page that a lezer cannot open."""
    browser, seen = with_koppelingen.browser("lezer"), 0
    for route in routes(with_koppelingen):
        page = browser.get(route.path)
        if route.groep == "school" and page.status == 200 and "html" in page.reply.headers["Content-Type"]:
            seen += 1
            assert [form.get("action") for form in page.forms() if form.method == "POST"] == [], route
            links = {urlsplit(one).path for one in page.tree.xpath("//a/@href")}
            own = {one for one in links if one.startswith("/koppelingen/21QW00") or "beheer" in one}
            assert [one for one in own if browser.get(one).status != 200] == [], route
    assert seen > 6


def test_a_leerkracht_sees_no_way_out(with_koppelingen: Portal) -> None:
    """No page has a form that is sent but for logging out and the account, or a link to a page that is not there."""
    browser, seen = with_koppelingen.browser("leerkracht"), 0
    for path in (route.path for route in routes(with_koppelingen)):
        page = browser.get(path)
        if OF_GROEP.search(path) or path == "/koppelingen/groepen/":
            page = browser.get(path.replace(TOETS_ID, TOETSEN["21QW00"]))
            seen += 1
            assert page.forms() == [], path
            links = {one for one in page.tree.xpath("//a/@href") if one.startswith("/") and "static" not in one}
            assert [one for one in links if browser.get(one).status not in {200, 303}] == [], path
    assert seen == 6


def test_a_koppeling_of_another_vestiging(with_koppelingen: Portal) -> None:
    """An id that belongs elsewhere is no page here, for looking and for acting."""
    for login, brin6, foreign in (("school", "21QW00", 2), ("andere", "30AB00", 1), ("bestuur", "21QW01", 1)):
        browser = with_koppelingen.browser(login)
        for route, method in requests(with_koppelingen):
            if "/koppeling/" in route.path and method in route.methods:
                assert send(browser, method, route.at(brin6, foreign)).status == 404, (login, route, method)


@pytest.mark.parametrize("path", ["0", "-1", "01", "abc", "9" * 30, "1%20", "1'"])
def test_odd_ids(with_koppelingen: Portal, path: str) -> None:
    """An id of another form is no page; a percent sign that is left after decoding is no path at all."""
    status = with_koppelingen.browser("school").get(f"/koppelingen/21QW00/koppeling/{path}").status
    assert status == (400 if "%" in path else 404)


def test_methods_that_are_not_there(with_koppelingen: Portal) -> None:
    """Another method than those of a page is refused, OPTIONS included."""
    browser = with_koppelingen.browser("bestuur")
    for route, method in requests(with_koppelingen):
        if method not in route.methods:
            assert browser.send(method, route.path).status == 405, (route, method)


@pytest.mark.parametrize("token", [None, "", "verzonnen"])
def test_every_form_asks_for_its_token(with_koppelingen: Portal, token: str | None) -> None:
    """A form that another site sends along is refused, and nothing has changed."""
    for login in ("school", "bestuur", "operator", "vendor"):
        browser = with_koppelingen.browser(login)
        for route in routes(with_koppelingen):
            reachable = {
                "school": {"account", "school", "insight"},
                "bestuur": {"vestigingen"},
                "operator": {"account", "operator"},
                "vendor": {"account", "afnemer"},
            }[login]
            if "POST" not in route.methods or route.groep not in {*reachable, "public"}:
                continue
            data = {"versie": "1", "actie": "gereed", **({} if token is None else {"csrf_token": token})}
            page = browser.post(route.path, data)
            assert page.status == 400, route
            assert page.h1 == "Dit formulier is verouderd"
    assert with_koppelingen.browser("school").get("/koppelingen/21QW00/koppeling/1").h1 == "Snappet Wacht op Snappet"


def test_a_token_of_another_session(with_koppelingen: Portal) -> None:
    """The token of one session is of no use in another."""
    attacker = with_koppelingen.browser("collega").get("/koppelingen/21QW00/koppeling/1/pauzeren").fields()
    page = with_koppelingen.browser("school").post("/koppelingen/21QW00/koppeling/1/pauzeren", attacker)
    assert page.status == 400


def check_headers(page: Page) -> None:
    """Check what every answer carries."""
    headers = page.reply.headers
    assert HEADERS.items() <= headers.items(), page.path
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Server" not in headers


def test_headers_and_plain_pages(with_koppelingen: Portal) -> None:
    """Every answer of every route carries the headers; no page has inline style or script, or loads from elsewhere."""
    for login in (None, "school", "operator", "vendor"):
        browser = with_koppelingen.browser(login)
        for route, method in requests(with_koppelingen):
            page = browser.send(method, route.path, {} if method == "POST" else None)
            check_headers(page)
            if page.reply.headers.get("Content-Type", "").startswith("text/html") and page.body:
                assert not page.tree.xpath("//@style | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')]")
                for address in page.tree.xpath("//@src | //link/@href | //form/@action"):
                    assert address.startswith("/koppelingen"), address
                ids = page.tree.xpath("//@id")
                assert len(ids) == len(set(ids)), page.path


def test_static_files(portal: Portal) -> None:
    """Styles and script are there, may be kept for a while, and nothing else of the disk is."""
    browser = portal.browser()
    for name, kind in (
        ("portaal.css", "text/css"),
        ("portaal.js", "javascript"),
        ("icoon.svg", "svg"),
    ):
        page = browser.get(f"/koppelingen/static/{name}")
        assert page.status == 200
        assert kind in page.reply.headers["Content-Type"]
        assert page.reply.headers["Cache-Control"] == "public, max-age=3600"
    for name in ("", "nee.css", "..app.py"):
        page = browser.get(f"/koppelingen/static/{name}")
        assert page.status == 404
        check_headers(page)
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py"):
        assert browser.get(f"/koppelingen/static/{name}").status == 400


def test_the_script_writes_no_markup(portal: Portal) -> None:
    """What it shows goes into a page as text; nothing in it makes elements or code of a string."""
    script = portal.browser().get("/koppelingen/static/portaal.js").text
    assert "textContent" in script
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|ContextualFragment|setHTML"
    assert not re.search(rf"{markup}|\beval\b|new Function|javascript:", script)


def test_pages_have_one_h1_and_headings_in_order(with_koppelingen: Portal) -> None:
    """A page has one heading of the first level, skips none, and each input has its label."""
    for login in ("school", "operator", "bestuur", "vendor"):
        browser = with_koppelingen.browser(login)
        for route in routes(with_koppelingen):
            page = browser.get(route.path)
            if page.status == 200 and "html" in page.reply.headers["Content-Type"]:
                levels = [int(one.tag[1]) for one in page.tree.iter("h1", "h2", "h3", "h4")]
                assert levels.count(1) == 1
                assert all(after <= before + 1 for before, after in pairwise(levels)), levels
                for field in page.tree.xpath("//input[not(@type='hidden')] | //select"):
                    assert page.tree.xpath(f"//label[@for='{field.get('id')}']"), (page.path, field.get("name"))
                assert re.fullmatch(r".+ · Koppelingenoverzicht", page.tree.find(".//title").text)


def test_too_large_a_form(portal: Portal) -> None:
    """A form far beyond any of ours is refused."""
    browser = portal.browser("school")
    page = browser.submit("/koppelingen/21QW00/activeren/snappet", naam="x" * 100_000)
    assert page.status == 413
    check_headers(page)


def test_the_parts_of_a_process(make: Callable[..., Portal]) -> None:
    """A process shows what it was told to show."""
    both = make().browser()
    assert (both.get("/koppelingen/inloggen").status, both.get("/uwlr/leerlinggegevens?wsdl").status) == (200, 200)
    soap = make(parts=frozenset({"soap"})).browser()
    assert (soap.get("/koppelingen/inloggen").status, soap.get("/uwlr/leerlinggegevens?wsdl").status) == (404, 200)
    portal = make(parts=frozenset({"portal"})).browser()
    assert (portal.get("/koppelingen/inloggen").status, portal.get("/uwlr/leerlinggegevens?wsdl").status) == (200, 404)
    assert portal.get("/koppelingenx").status == 404


def test_an_address_with_a_nul(portal: Portal) -> None:
    """No page has one, and no query of a database gets to see it: PostgreSQL refuses the character."""
    for login, path in (
        ("vendor", "afnemer?zoek=a%00b"),
        ("operator", "beheer/gebruikers?zoek=%00"),
        ("operator", "beheer/gebruikers?zoek=a&na=%00"),
        ("operator", "beheer/gebruikers/1?na=%00"),
        ("school", "21QW00/collegas?na=%00"),
        (None, "inloggen?verder=%00"),
    ):
        assert portal.browser(login).get(f"/koppelingen/{path}").status == 404, path
