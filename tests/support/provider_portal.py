"""A portal where people log in at a provider too, and a provider that says what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from support.lying_provider import CLIENT_ID, SECRET, SUBJECT, LyingProvider
from support.portal_browser import MOMENT, SCHOOL, Browser, Page, Portal
from uwlr_adapter.gebruikers import accounts, identities
from uwlr_adapter.gebruikers.identities import BindOutcome

EXTERN = "/koppelingen/inloggen/extern"
LOGIN = "/koppelingen/inloggen"
ACCOUNT = "/koppelingen/account"
VESTIGINGEN = "brin"
"""The claim with vestigingen, where a portal asks for one."""


@dataclass(frozen=True)
class ProviderPortal:
    """A portal with its provider."""

    portal: Portal
    provider: LyingProvider

    def bind(self, login: str, subject: str = SUBJECT) -> None:
        """Bind an account at the provider to a user, as its owner does in two pages."""
        with self.portal.database.writing() as connection:
            owner = accounts.get(connection, login)
            outcome = identities.bind(connection, owner.id, self.provider.issuer, subject, MOMENT)
        assert outcome is BindOutcome.BOUND

    def browser(self, login: str | None = None) -> Browser:
        """Return a browser; with a login it is in by password."""
        return self.portal.browser(login)

    def log_in(self, **query: str) -> tuple[Browser, Page]:
        """Log in at the provider in a new browser; return it with the page at which it came back."""
        browser = self.browser()
        return browser, self.provider.walk(browser, **query)

    def browser_of(self, login: str) -> Browser:
        """Return a browser in which a user is in by the provider."""
        self.bind(login)
        browser, page = self.log_in()
        assert page.location == "/koppelingen/", page.body
        return browser

    def change(self, statement: sa.Executable) -> None:
        """Change the database."""
        with self.portal.database.writing() as connection:
            connection.execute(statement)


def open_portal(
    make: Callable[..., Portal], provider: LyingProvider, folder: Path, **settings: object
) -> ProviderPortal:
    """Open a portal with the provider, by a function that opens portals."""
    secret = folder / "oidc-secret"
    secret.write_text(f"{SECRET}\n", encoding="utf-8")
    chosen: dict[str, object] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret_file": secret,
        "oidc_name": "Entree",
    }
    portal = make(**{**chosen, **settings})
    provider.clock = portal.clock
    return ProviderPortal(portal, provider)


def is_in(browser: Browser, path: str = SCHOOL) -> bool:
    """Return whether this browser sees a page."""
    return browser.get(path).status == 200


def told(browser: Browser, page: Page) -> str:
    """Return the text of the page that an answer leads to."""
    while page.status == 303:
        page = browser.follow(page)
    return page.text
