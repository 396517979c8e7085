"""Open the pages of the portal without a browser, fill in their forms, and note the answers.

Beside what `wire` replaces, these are made up for each page and replaced by their name: the klantcode or the
verificatiecode that a page shows once (one that was typed stays), the secret of a second factor and its picture, and
the token that keeps a klantcode from being made twice.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyotp
from lxml import html
from recordings import wire
from recordings.house import CODES, FACTS, House
from recordings.tape import Tape
from recordings.wire import Reply, Request

BEGIN = "/koppelingen"
FORM = "application/x-www-form-urlencoded"
WACHTWOORD: str = FACTS["wachtwoord"]
IDS: dict[str, int] = FACTS["koppelingen"]
VOL, LEEG, STIL, RIJK = "21QW00", "50EF00", "40CD00", "60GH00"
ACTIEF, GEPAUZEERD, BEEINDIGD = (IDS[f"{VOL} {naam}"] for naam in ("snappet", "basispoort", "uwlr-4d"))
OUDER = IDS[f"{VOL} ouderportaal-basis"]
SCHOOL = f"{BEGIN}/{VOL}"
_MADE_UP = (
    (re.compile(r'(?<=value=")[0-9]{2}[A-Z]{2}[0-9]{2}[0-9A-Za-z]{20}(?=")'), "<verificatiecode>"),
    (re.compile(r'(?<=name="bon" value=")[^"]+(?=")'), "<bon>"),
    (re.compile(r"<svg[^>]*\bqr\b.*?</svg>", re.DOTALL), "<qr>"),
    (re.compile(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b"), "<totp secret>"),
    (re.compile(r"(?<=[?]secret=)[A-Z2-7]{32}\b"), "<totp secret>"),
    (re.compile(r"(?<=>)[0-9A-Za-z]{32}(?=</code>)"), "<klantcode>"),
)


@dataclass
class Browser:
    """Represent a person at a network address, with cookies and the forms of a page."""

    app: Any
    address: str = "192.0.2.10"
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str) -> Reply:
        """Send one request and keep the cookies of its answer."""
        parts = urlsplit(path)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        content = b"" if fields is None else urlencode(fields).encode()
        kind = None if fields is None else FORM
        request = Request(content, method, parts.path, parts.query, kind, headers=headers, address=self.address)
        reply = wire.send(self.app, request)
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                for key, morsel in SimpleCookie(value).items():
                    self.cookies[key] = morsel.value
                    if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                        del self.cookies[key]
        return reply

    def fill(self, path: str, fields: dict[str, str | None], number: int = -1) -> Reply:
        """Open a page, fill in a form of it, and send it; None leaves a field out."""
        page = self.send("GET", path)
        assert page.status == 200, path
        tree: Any = html.document_fromstring(page.body)
        forms = [form for form in tree.forms if "wie" not in (form.getparent().get("class") or "")]
        form = forms[number]
        filled = {name: value for name, value in form.form_values() if name != "actie"} | fields
        sent = {name: value for name, value in filled.items() if value is not None}
        return self.send("POST", form.get("action") or path, sent)

    def login(self, login: str, wachtwoord: str = WACHTWOORD) -> Reply:
        """Log in with a password."""
        return self.fill(f"{BEGIN}/inloggen", {"login": login, "wachtwoord": wachtwoord})


def noted(reply: Reply) -> dict[str, Any]:
    """Return a page as it is recorded."""
    found = wire.noted(reply)
    if (reply.header("Content-Type") or "").startswith("text/html"):
        for pattern, name in _MADE_UP:
            found["body"] = pattern.sub(name, found["body"])
        found["headers"] = [
            [name, "<of the page>" if name.lower() == "content-length" else value] for name, value in found["headers"]
        ]
    return found


USERS: tuple[str | None, ...] = (
    *(None, "a.devries", "leeg", "bestuur", "operator", "rijk", "instellen", "streng", "demo"),
)
"""Who opens every page: somebody not logged in, and users of each role."""


def pages() -> Iterator[str]:
    """Return the path of every page that is only looked at."""
    yield from (BEGIN, f"{BEGIN}/", f"{BEGIN}/inloggen", f"{BEGIN}/inloggen/tweede-stap", f"{BEGIN}/tweede-factor")
    yield from (f"{BEGIN}/inloggen?verder={SCHOOL}", f"{BEGIN}/inloggen?verder=//elders.example", f"{BEGIN}/uitloggen")
    yield from (f"{BEGIN}/wachtwoord/{FACTS['link']}", f"{BEGIN}/wachtwoord/bestaat-niet", f"{BEGIN}/bestaat/niet")
    for brin6 in (VOL, "21QW01", LEEG, STIL, RIJK, "30AB00", "99ZZ00", "21qw00"):
        here = f"{BEGIN}/{brin6}"
        yield from (here, f"{here}/", f"{here}/journaal", f"{here}/journaal.csv", f"{here}/bestaat-niet")
        for aanbod in ("bron", "esis-app", "toetsplein", "snappet", "basispoort", "uwlr-4d", "alleslezer", "weg"):
            yield f"{here}/activeren/{aanbod}"
            yield f"{here}/voorwaarden/{aanbod}"
    for naam, id_ in IDS.items():
        there = f"{BEGIN}/{naam.split()[0]}/koppeling/{id_}"
        yield there
        yield from (f"{there}/{page}" for page in ("pauzeren", "beeindigen", "akkoord", "bevestiging", "delen"))
    yield from (f"{SCHOOL}/koppeling/{number}" for number in ("0", "999", "1000000000", IDS[f"{LEEG} snappet"]))
    for query in (
        *("koppeling=snappet&uitkomst=geweigerd", "van=2001-01-01&tot=2001-01-02", "van=morgen", "uitkomst=weg"),
        *(
            "van=2026-11-01&tot=2026-11-10",
            "van=01-11-2026",
            "koppeling=weg",
            "voor=100",
            "voor=x",
            "uitkomst=opgehaald",
        ),
        *("uitkomst=handeling", "koppeling=basispoort", "tot=2026-11-02&koppeling=uwlr-4d"),
    ):
        yield f"{SCHOOL}/journaal?{query}"
        yield f"{SCHOOL}/journaal.csv?{query}"
    yield f"{BEGIN}/beheer/afnemers"
    yield from (f"{BEGIN}/beheer/afnemers/{number}" for number in range(8))
    yield from (f"{BEGIN}/static/icoon.svg", f"{BEGIN}/static/geen.css", f"{BEGIN}/static/../app.py")


def enter(app: Any, login: str | None) -> Browser:
    """Return a browser with this user logged in, with the second factor if there is one."""
    browser = Browser(app)
    if login is not None:
        wachtwoord = FACTS["demo"][1] if login == "demo" else WACHTWOORD
        browser.login(login, wachtwoord)
    return browser


def second_step(house: House) -> str:
    """Return the code that the app of the user with a second factor shows now."""
    return pyotp.TOTP(FACTS["totp"]).at(house.clock())


Flow = Callable[["Walk"], None]


@dataclass
class Walk:
    """Represent a walk through forms: each answer is noted under a name."""

    house: House
    app: Any
    tape: Tape
    browser: Browser
    steps: int = 0

    def note(self, name: str, reply: Reply) -> Reply:
        """Note an answer, and follow where it leads to."""
        self.steps += 1
        self.tape.add(f"{self.steps:03} {name}", **noted(reply))
        there = reply.header("Location")
        if there is not None:
            self.note(f"{name}, on", self.browser.send("GET", there))
        return reply

    def get(self, name: str, path: str) -> Reply:
        """Look at a page."""
        return self.note(name, self.browser.send("GET", path))

    def fill(self, name: str, path: str, number: int = -1, /, **fields: str | None) -> Reply:
        """Fill in the form of a page."""
        return self.note(name, self.browser.fill(path, fields, number))

    def enter(self, login: str | None) -> None:
        """Go on as another user."""
        self.browser = enter(self.app, login)


def entering(walk: Walk) -> None:
    """Log in and out, well and badly; guess until there is a wait; set and use a second factor; set a password."""
    inloggen = f"{BEGIN}/inloggen"
    walk.enter(None)
    walk.fill("nothing filled in", inloggen)
    walk.fill("long login", inloggen, login="x" * 300, wachtwoord="x")
    walk.fill("wrong", inloggen, login="wie", wachtwoord="mis")
    walk.fill("disabled", inloggen, login="gestopt", wachtwoord=WACHTWOORD)
    walk.fill("no password yet", inloggen, login="nieuw", wachtwoord=WACHTWOORD)
    walk.fill("elsewhere", f"{inloggen}?verder=//elders.example", login="a.devries", wachtwoord=WACHTWOORD)
    walk.get("logged in already", inloggen)
    walk.note("logged out", walk.browser.send("POST", f"{BEGIN}/uitloggen", {"csrf_token": _token(walk, SCHOOL)}))
    walk.fill("to a page", f"{inloggen}?verder={SCHOOL}/journaal", login="A.deVries", wachtwoord=WACHTWOORD)
    walk.house.clock.advance(minutes=31)
    walk.get("after half an hour", f"{SCHOOL}/journaal")
    walk.enter("a.devries")
    walk.browser.cookies.clear()
    walk.note("form without a session", walk.browser.send("POST", f"{SCHOOL}/activeren/toetsplein", {"naam": "x"}))
    walk.enter("streng")
    walk.get("second step", f"{inloggen}/tweede-stap")
    walk.fill("second step, nothing", f"{inloggen}/tweede-stap")
    walk.fill("second step, wrong", f"{inloggen}/tweede-stap", code="000")
    code = second_step(walk.house)
    walk.fill("second step, right", f"{inloggen}/tweede-stap", code=code)
    walk.enter("streng")
    walk.fill("second step, used", f"{inloggen}/tweede-stap", code=code)
    walk.house.clock.advance(minutes=6)
    walk.get("second step, too late", f"{inloggen}/tweede-stap")
    walk.enter("instellen")
    walk.get("any page before the second factor", SCHOOL)
    walk.fill("second factor, wrong", f"{BEGIN}/tweede-factor", code="000")
    walk.fill("second factor, nothing", f"{BEGIN}/tweede-factor", code="")
    page = walk.browser.send("GET", f"{BEGIN}/tweede-factor").body.decode()
    found = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", page)
    assert found is not None
    now = pyotp.TOTP(found[0].replace(" ", "")).at(walk.house.clock())
    walk.fill("second factor, right", f"{BEGIN}/tweede-factor", code=now)
    walk.enter(None)
    link = f"{BEGIN}/wachtwoord/{FACTS['link']}"
    walk.fill("password, short", link, wachtwoord="kort", nogmaals="korter")
    walk.fill("password, nothing", link)
    walk.fill("password, not the same", link, wachtwoord="een heel ander goed wachtwoord", nogmaals="nog een ander")
    walk.fill("password, login in it", link, wachtwoord="nieuw", nogmaals="nieuw")
    walk.fill(
        "password, good", link, wachtwoord="een heel ander goed wachtwoord", nogmaals="een heel ander goed wachtwoord"
    )
    walk.get("password, link used", link)
    for number in range(12):
        walk.fill(f"guess {number}", inloggen, login="raden", wachtwoord="mis")
    walk.browser.address = "192.0.2.99"
    walk.fill("guess elsewhere", inloggen, login="raden", wachtwoord="mis")


def koppelingen(walk: Walk) -> None:
    """Activate, change, pause, resume and end koppelingen, with everything that can be wrong in the forms."""
    walk.enter("a.devries")
    new = f"{SCHOOL}/activeren/uwlr-4d"
    good: dict[str, str | None] = {"naam": "A. de Vries", "akkoord": "y", "verificatiecode": f"{VOL}een-nieuwe-code"}
    walk.fill("activate, nothing", new)
    walk.fill("activate, all wrong", new, naam="", startdatum="2001-01-01", verificatiecode="21QW01 kort")
    walk.fill("activate, long", new, naam="x" * 300, akkoord="y", startdatum="2028-01-01", verificatiecode="x" * 100)
    walk.fill("activate, date", new, **{**good, "startdatum": "morgen"})
    walk.fill("activate, code in use", new, **{**good, "verificatiecode": CODES[f"{VOL} snappet"]})
    walk.fill("activate, make a code", new, actie="maak")
    walk.fill("activate, not agreed", new, **{**good, "akkoord": None})
    walk.fill("activate", new, **good)
    walk.fill("activate without a code", f"{SCHOOL}/activeren/toetsplein", naam="A. de Vries", akkoord="y")
    walk.get("activate again", new)
    actief, gepauzeerd = f"{SCHOOL}/koppeling/{ACTIEF}", f"{SCHOOL}/koppeling/{GEPAUZEERD}"
    walk.fill("code, short", gepauzeerd, verificatiecode="te kort")
    walk.fill("code, accents", gepauzeerd, verificatiecode=f"{VOL}met-accenten-é-erin")
    walk.fill("code, make one", gepauzeerd, actie="maak")
    walk.fill("resume", gepauzeerd, verificatiecode=f"{VOL}weer-een-andere-code")
    walk.fill("change the code", actief, verificatiecode=f"{VOL}gewijzigde-code-00")
    walk.fill("stale token", actief, csrf_token="verouderd", verificatiecode="x")
    walk.fill("no token", actief, csrf_token=None, verificatiecode="x")
    walk.fill("no version", actief, versie=None, verificatiecode=f"{VOL}zonder-versie-0000")
    walk.fill("pause, changed meanwhile", f"{actief}/pauzeren", versie="0")
    walk.fill("pause", f"{actief}/pauzeren")
    walk.note("pause again", walk.browser.send("POST", f"{actief}/pauzeren", {"csrf_token": _token(walk, actief)}))
    walk.fill("end, changed meanwhile", f"{actief}/beeindigen", versie="0")
    walk.fill("end", f"{actief}/beeindigen")
    ouder = f"{SCHOOL}/koppeling/{OUDER}"
    walk.fill("agree, nothing", f"{ouder}/akkoord", naam="", akkoord=None)
    walk.fill("agree", f"{ouder}/akkoord", naam="B. Bakker", akkoord="y")
    walk.get("overview", SCHOOL)
    walk.get("journaal", f"{SCHOOL}/journaal")
    walk.get("journaal as a file", f"{SCHOOL}/journaal.csv")
    other = f"{BEGIN}/{LEEG}/koppeling/{IDS[f'{LEEG} snappet']}"
    walk.note("of another school", walk.browser.send("POST", other, {"csrf_token": _token(walk, SCHOOL)}))
    walk.note("too large", walk.browser.send("POST", ouder, {"x": "x" * 70_000}))
    walk.note("wrong method", walk.browser.send("PUT", SCHOOL))
    walk.enter("bestuur")
    walk.fill(
        "first of a school",
        f"{BEGIN}/{STIL}/activeren/snappet",
        naam="D.",
        akkoord="y",
        verificatiecode=f"{STIL}eerste-code-0000",
    )
    walk.get("vestigingen", f"{BEGIN}/")


def afnemers(walk: Walk) -> None:
    """Add, disable and enable afnemers and make klantcodes, well and badly."""
    walk.enter("operator")
    beheer = f"{BEGIN}/beheer/afnemers"
    walk.fill("nothing", beheer)
    walk.fill("known already", beheer, klantnaam="Snappet")
    walk.fill("space", beheer, klantnaam=" Nieuw ")
    walk.fill("long", beheer, klantnaam="x" * 300)
    walk.fill("control character", beheer, klantnaam="a\u0007b")
    walk.fill("add", beheer, klantnaam="Nieuwe <Afnemer>")
    walk.get("list", beheer)
    for overlap in ("", "x", "-1", "999"):
        walk.fill(f"overlap {overlap}", f"{beheer}/2", 0, overlap=overlap)
    walk.fill("klantcode", f"{beheer}/3", 0, overlap="14")
    walk.get("with an old klantcode", f"{beheer}/3")
    walk.note(
        "without its ticket",
        walk.browser.send(
            "POST", f"{beheer}/3", {"csrf_token": _token(walk, beheer), "overlap": "1", "klantnaam": "UWLR-4D"}
        ),
    )
    for number, act in ((3, "uitschakelen"), (3, "uitschakelen"), (4, "inschakelen"), (99, "inschakelen")):
        token = {"csrf_token": _token(walk, beheer)}
        walk.note(f"{act} {number}", walk.browser.send("POST", f"{beheer}/{number}/{act}", token))
    walk.enter("a.devries")
    walk.note(
        "not an operator", walk.browser.send("POST", beheer, {"csrf_token": _token(walk, SCHOOL), "klantnaam": "X"})
    )


def _token(walk: Walk, path: str) -> str:
    """Return a token for a form, from a page of this user."""
    page = walk.browser.send("GET", path).body.decode()
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return "" if found is None else found[1]


def secure(walk: Walk) -> None:
    """Log in and out where the cookie is for HTTPS only."""
    walk.fill("log in", f"{BEGIN}/inloggen", login="a.devries", wachtwoord=WACHTWOORD)
    walk.fill("make a code", f"{SCHOOL}/activeren/uwlr-4d", actie="maak")
    walk.note("log out", walk.browser.send("POST", f"{BEGIN}/uitloggen", {"csrf_token": _token(walk, SCHOOL)}))


FLOWS: dict[str, Flow] = {"secure": secure, "entering": entering, "koppelingen": koppelingen, "afnemers": afnemers}
