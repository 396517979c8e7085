"""A browser without a screen: it keeps cookies, follows redirects when told to, and fills in the forms of a page."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

import pyotp
from lxml import html

from support.clock import Clock
from support.counted import wrong_numbers
from support.wsgi import Reply, call
from uwlr_adapter.db.database import Database
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
CODE = "21QW00Ygr67BfgKl!gr8"
PASSWORD = "een goed wachtwoord voor de test"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SCHOOL = "/koppelingen/21QW00"


@dataclass(frozen=True)
class Page:
    """One answer, with its page read."""

    path: str
    reply: Reply

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.reply.status

    @property
    def body(self) -> str:
        """The body as text; each octet of a PDF that is none is a replacement character."""
        return self.reply.body.decode(errors="replace")

    @property
    def location(self) -> str | None:
        """Where it leads to."""
        return self.reply.headers.get("Location")

    @property
    def tree(self) -> Any:
        """The page as lxml reads it."""
        return html.document_fromstring(self.body)

    @property
    def text(self) -> str:
        """The text of the page, with single spaces."""
        return " ".join(self.tree.find("body").text_content().split())

    @property
    def h1(self) -> str:
        """The heading."""
        return " ".join(self.tree.find(".//h1").text_content().split())

    def fields(self, number: int = -1) -> dict[str, str]:
        """Return what a form would send as it stands; the last form of the page unless told otherwise."""
        form = self.forms()[number]
        return {name: value for name, value in form.form_values() if name != "actie"}

    def forms(self) -> Any:
        """Return the forms in the main part of the page."""
        return [form for form in self.tree.forms if form.getparent() is not None and "wie" not in _classes(form)]

    def errors(self, field: str) -> list[str]:
        """Return the errors that stand beside a field, as its aria-describedby says."""
        (found,) = self.tree.xpath(f'//*[@name="{field}" and not(@type="hidden")]')
        ids = (found.get("aria-describedby") or "").split()
        lists = [one for id_ in ids if id_.endswith("-fouten") for one in self.tree.xpath(f'//*[@id="{id_}"]/li')]
        if lists:
            assert found.get("aria-invalid") == "true"
        return [" ".join(one.text_content().split()) for one in lists]


def _classes(form: Any) -> str:
    return form.getparent().get("class") or ""


@dataclass
class Browser:
    """A person with a browser, at a network address."""

    app: App
    source: str = "192.0.2.10"
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, data: dict[str, str] | None = None, **environ: str) -> Page:
        """Send one request, and keep its cookies."""
        parts = urlsplit(path)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = call(
            self.app,
            b"" if data is None else urlencode(data).encode(),
            method=method,
            path=parts.path,
            query=parts.query,
            content_type=None if data is None else "application/x-www-form-urlencoded",
            REMOTE_ADDR=environ.pop("REMOTE_ADDR", self.source),
            **environ,
        )
        self._keep(reply)
        page = Page(path, reply)
        if reply.body and reply.headers.get("Content-Type", "").startswith("text/html"):
            assert wrong_numbers(page.text) == []
        return page

    def get(self, path: str, **environ: str) -> Page:
        """Ask for a page."""
        return self.send("GET", path, None, **environ)

    def post(self, path: str, data: dict[str, str], **environ: str) -> Page:
        """Send fields, as they are."""
        return self.send("POST", path, data, **environ)

    def submit(self, path: str, number: int = -1, /, **fields: str | None) -> Page:
        """Open a page, fill in its form and send it; None leaves a field out, `actie` is the button that is pressed."""
        return self.submit_page(self.get(path), number, **fields)

    def submit_page(self, page: Page, number: int = -1, /, **fields: str | None) -> Page:
        """Fill in the form of a page that is open, and send it."""
        filled: dict[str, str | None] = {**page.fields(number), **fields}
        data = {name: value for name, value in filled.items() if value is not None}
        return self.post(page.forms()[number].get("action") or page.path, data)

    def follow(self, page: Page) -> Page:
        """Go where an answer leads to; the one that shows a verificatiecode once is a page itself."""
        if page.status == 200 and page.tree.xpath("//*[@data-hierna]"):
            return page
        assert page.status in {302, 303}, page.body
        assert page.location is not None
        assert page.location.startswith("/koppelingen")
        return self.get(page.location)

    def login(self, login: str, wachtwoord: str = PASSWORD, next_path: str | None = None) -> Page:
        """Log in with a password; returns the first answer."""
        query = "" if next_path is None else "?" + urlencode({"verder": next_path})
        return self.submit(f"/koppelingen/inloggen{query}", login=login, wachtwoord=wachtwoord)

    def _keep(self, reply: Reply) -> None:
        for name, value in reply.all_headers:
            if name.lower() == "set-cookie":
                self.set_cookies.append(value)
                for naam, morsel in SimpleCookie(value).items():
                    self.cookies[naam] = morsel.value
                    if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                        del self.cookies[naam]


def totp(moment: datetime, secret: str = TOTP) -> str:
    """Return the code that the app of a person shows."""
    return pyotp.TOTP(secret).at(moment)


@dataclass
class Portal:
    """An application with its clock and its settings."""

    app: App
    clock: Clock
    settings: Settings
    database: Database

    def browser(self, login: str | None = None, source: str = "192.0.2.10") -> Browser:
        """Return a browser, in which somebody is logged in when told so."""
        browser = Browser(self.app, source)
        if login is not None:
            assert browser.login(login).status == 303
        return browser
