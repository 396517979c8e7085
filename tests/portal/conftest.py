"""A portal of its own for each test: two vestigingen of one school and one of another, and a user of each role."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from koppelingen_hulp import add_vestiging
from portal_hulp import MOMENT, TOTP, WACHTWOORD, Klok, Portaal

from uwlr_adapter.db.database import Opslag
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import passwords, second_factor
from uwlr_adapter.gebruikers.accounts import Nieuw
from uwlr_adapter.gebruikers.tables import Rol
from uwlr_adapter.keys.server_keys import Sleutelbos
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

GEBRUIKERS = (
    Nieuw("school", "A. de Vries", Rol.SCHOOLBEHEERDER, ("21QW00",), totp_nodig=False),
    Nieuw("collega", "B. Bakker", Rol.SCHOOLBEHEERDER, ("21QW00",), totp_nodig=False),
    Nieuw("andere", "C. Elders", Rol.SCHOOLBEHEERDER, ("30AB00",), totp_nodig=False),
    Nieuw("bestuur", "D. Bestuur", Rol.BESTUUR, ("21QW00", "21QW01"), totp_nodig=False),
    Nieuw("operator", "E. Beheer", Rol.OPERATOR, (), totp_nodig=False),
    Nieuw("streng", "F. Strik", Rol.SCHOOLBEHEERDER, ("21QW00",)),
)
"""`streng` has a second factor; the others do without, so that most tests log in with one step."""


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little work; how much a real one takes is argon2's own affair."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._dummy.cache_clear()  # noqa: SLF001 - made by another hasher


@pytest.fixture(scope="session")
def basis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the data folder that every test starts from."""
    folder = tmp_path_factory.mktemp("portaal") / "data"
    settings = Settings(data=folder)
    opslag = Opslag(settings.database_url)
    opslag.upgrade()
    sleutels = Sleutelbos.from_settings(settings, opslag)
    hash_ = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(WACHTWOORD)
    with opslag.writing() as connection:
        for brin6 in ("21QW00", "21QW01", "30AB00"):
            add_vestiging(connection, brin6)
        for klantnaam in ("Snappet", "Basispoort"):
            afnemers.add(connection, sleutels, klantnaam, MOMENT, f"een-klantcode-van-{klantnaam}")
        for nieuw in GEBRUIKERS:
            _, token = gebruikers.add(connection, nieuw, MOMENT)
            made = gebruikers.set_password(connection, token, hash_, MOMENT)
            if nieuw.totp_nodig:
                gebruikers.set_totp(connection, made.id, second_factor.seal(sleutels, TOTP), 0)
    opslag.close()
    return folder


@pytest.fixture
def make(basis: Path, tmp_path: Path) -> Iterator[Callable[..., Portaal]]:
    """Give what opens a portal with settings of its own, on a copy of the data folder."""
    folder = tmp_path / "data"
    shutil.copytree(basis, folder)
    opened: list[App] = []

    def open_(**chosen: object) -> Portaal:
        settings = Settings(data=folder, **chosen)  # type: ignore[arg-type]
        klok = Klok()
        app = make_app(settings, klok)
        opened.append(app)
        return Portaal(app, klok, settings, Opslag(settings.database_url))

    yield open_
    for app in opened:
        app.close()


@pytest.fixture
def portaal(make: Callable[..., Portaal]) -> Portaal:
    """Give a portal on loopback."""
    return make()
