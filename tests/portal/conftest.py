"""A portal of its own for each test: two vestigingen of one school and one of another, and a user of each role."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.clock import Clock
from support.databases import make_tables
from support.lying_provider import LyingProvider, lying
from support.portal_browser import MOMENT, PASSWORD, TOTP, Portal
from support.provider_portal import VESTIGINGEN, ProviderPortal, open_portal
from support.school_builder import SchoolBuilder, quick_hash

from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

if TYPE_CHECKING:
    from uwlr_adapter.web.app import App

GEBRUIKERS = (
    NewGebruiker("school", "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",), needs_totp=False),
    NewGebruiker("collega", "B. Bakker", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",), needs_totp=False),
    NewGebruiker("andere", "C. Elders", GebruikerRol.SCHOOLBEHEERDER, ("30AB00",), needs_totp=False),
    NewGebruiker("tweede", "T. Tweede", GebruikerRol.SCHOOLBEHEERDER, ("30AB00",), needs_totp=False),
    NewGebruiker("bestuur", "D. Bestuur", GebruikerRol.BESTUUR, ("21QW00", "21QW01"), needs_totp=False),
    NewGebruiker("operator", "E. Beheer", GebruikerRol.OPERATOR, (), needs_totp=False),
    NewGebruiker("streng", "F. Strik", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",)),
    NewGebruiker("lezer", "L. Lezer", GebruikerRol.LEZER, ("21QW00",), needs_totp=False),
    NewGebruiker("vendor", "V. Vendor", GebruikerRol.AFNEMER, klantnaam="Snappet", needs_totp=False),
)
"""`streng` has a second factor; the others do without, so that most tests log in with one step."""


@pytest.fixture(autouse=True)
def _always_quick(quick_hashes: None) -> None:
    """Hash with little work in every test of the portal."""


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the data folder that every test starts from."""
    folder = tmp_path_factory.mktemp("portal") / "data"
    settings = Settings(data=folder)
    database = Database(settings.database_url)
    make_tables(database)
    server_keys = ServerKeys.from_settings(settings, database)
    builder = SchoolBuilder(database, server_keys, moment=MOMENT)
    with builder.transaction():
        builder.add_vestigingen("21QW00", "21QW01", "30AB00")
        for klantnaam in ("Snappet", "Basispoort"):
            builder.add_afnemer(klantnaam, f"een-klantcode-van-{klantnaam}")
        builder.add_gebruikers(GEBRUIKERS, quick_hash(PASSWORD), {"streng": TOTP})
    database.close()
    return folder


@pytest.fixture
def make(base: Path, tmp_path: Path) -> Iterator[Callable[..., Portal]]:
    """Yield a function that opens a portal with settings of its own, on a copy of the data folder."""
    folder = tmp_path / "data"
    shutil.copytree(base, folder)
    opened: list[App] = []

    def open_(**chosen: object) -> Portal:
        settings = Settings(data=folder, **chosen)  # type: ignore[arg-type]
        clock = Clock(MOMENT)
        app = make_app(settings, clock)
        opened.append(app)
        return Portal(app, clock, settings, Database(settings.database_url))

    yield open_
    for app in opened:
        app.close()


@pytest.fixture
def portal(make: Callable[..., Portal]) -> Portal:
    """Return a portal on loopback."""
    return make()


@pytest.fixture(scope="module")
def served_provider() -> Iterator[LyingProvider]:
    """Yield a provider, served in a thread for the tests of a module."""
    with lying(Clock(MOMENT)) as provider:
        yield provider


@pytest.fixture
def provider(served_provider: LyingProvider) -> Iterator[LyingProvider]:
    """Yield the provider as an honest one; what a test changes is taken back."""
    yield served_provider
    fresh = LyingProvider(served_provider.issuer, served_provider.clock)
    vars(served_provider).update(vars(fresh))


@pytest.fixture
def entree(make: Callable[..., Portal], provider: LyingProvider, tmp_path: Path) -> ProviderPortal:
    """Return a portal where people log in at that provider too."""
    return open_portal(make, provider, tmp_path)


@pytest.fixture
def narrowing(make: Callable[..., Portal], provider: LyingProvider, tmp_path: Path) -> ProviderPortal:
    """Return one whose sessions are narrowed to what a claim names."""
    return open_portal(make, provider, tmp_path, oidc_vestigingen_claim=VESTIGINGEN, oidc_scope="openid school")
