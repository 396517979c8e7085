"""`uwlr-adapter gebruiker`: users, one-time links, and what is never printed."""

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.school_builder import MOMENT, SchoolBuilder, open_database

from uwlr_adapter.cli.afnemer import afnemer
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.gebruiker import gebruiker
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.errors import InvalidLinkError
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.settings import Settings

BEGIN = "https://uwlr.example.nl/koppelingen/wachtwoord/"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Return a data folder with two vestigingen."""
    settings = Settings(data=tmp_path, public_url="https://uwlr.example.nl/")
    made = Context(settings, lambda: MOMENT, Console(width=200), Console(stderr=True, width=200))
    open_database(tmp_path, "21QW00", "21QW01").close()
    return made


def run(context: Context, *arguments: str) -> Result:
    """Run `uwlr-adapter gebruiker` with these arguments."""
    return CliRunner().invoke(gebruiker, arguments, obj=context)


def add(context: Context, login: str = "j.devries", *arguments: str) -> str:
    """Add a user of 21QW00; returns the token of its link."""
    result = run(context, "add", login, "--naam", "J. de Vries", "--vestiging", "21QW00", *arguments)
    assert result.exit_code == 0, result.output
    (link,) = result.stdout.splitlines()
    assert link.startswith(BEGIN)
    return link.removeprefix(BEGIN)


def find(context: Context, login: str = "j.devries") -> Gebruiker | None:
    """Return a user as it is stored."""
    with context.database() as database, database.reading() as connection:
        return gebruikers.find(connection, login)


def link_of(context: Context, token: str) -> str:
    """Return whose link this is. Raises InvalidLinkError."""
    with closing(Database(context.settings.database_url)) as database, database.reading() as connection:
        return gebruikers.by_link(connection, token, MOMENT).login


def test_add(context: Context) -> None:
    """The link stands alone on standard output, and belongs to the user, whose login is in small letters."""
    token = add(context, "J.deVries", "--vestiging", "21QW01", "--rol", "bestuur")
    assert link_of(context, token) == "j.devries"
    made = find(context)
    assert made is not None
    assert (made.rol, made.vestigingen, made.needs_totp) == (GebruikerRol.BESTUUR, ("21QW00", "21QW01"), True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("x", "--naam", "X", "--vestiging", "21QW00"), "a login has 3 to 64"),
        (("met spatie", "--naam", "X", "--vestiging", "21QW00"), "a login has 3 to 64"),
        (("J.DEVRIES", "--naam", "X", "--vestiging", "21QW00"), "this login already"),
        (("nieuw", "--naam", " ", "--vestiging", "21QW00"), "a naam has 1 to 200"),
        (("nieuw", "--naam", "X"), "at least one vestiging"),
        (("nieuw", "--naam", "X", "--vestiging", "99XX00"), "there is no vestiging 99XX00"),
        (("nieuw", "--naam", "X", "--rol", "baas", "--vestiging", "21QW00"), "is not one of"),
        (("nieuw", "--vestiging", "21QW00"), "--naam"),
    ],
)
def test_refused(context: Context, arguments: tuple[str, ...], reason: str) -> None:
    """A refusal is one sentence, and nobody is added."""
    add(context)
    result = run(context, "add", *arguments)
    assert result.exit_code != 0
    assert reason in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert find(context, "nieuw") is None


def test_an_operator_needs_no_vestiging(context: Context) -> None:
    """An operator acts for no school."""
    assert run(context, "add", "beheer", "--naam", "Beheer", "--rol", "operator").exit_code == 0


def test_reset(context: Context) -> None:
    """A new link replaces the old one, and the password is void."""
    old = add(context)
    with context.database() as database, database.writing() as connection:
        gebruikers.set_password(connection, old, "een-hash", MOMENT)
    assert "enabled" in run(context, "list").stdout
    new = run(context, "reset", "J.DEVRIES").stdout.strip().removeprefix(BEGIN)
    assert link_of(context, new) == "j.devries"
    found = find(context)
    assert found is not None
    assert not found.has_password
    with pytest.raises(InvalidLinkError):
        link_of(context, old)


def test_disable_and_enable(context: Context) -> None:
    """A disabled user has no link any more and cannot be reset, until it is enabled."""
    token = add(context)
    assert run(context, "disable", "j.devries").exit_code == 0
    with pytest.raises(InvalidLinkError):
        link_of(context, token)
    assert "enable it first" in run(context, "reset", "j.devries").stderr
    assert "disabled" in run(context, "list").stdout
    assert run(context, "enable", "j.devries").exit_code == 0
    assert run(context, "reset", "j.devries").exit_code == 0


@pytest.mark.parametrize("act", ["reset", "disable", "enable"])
def test_an_unknown_user(context: Context, act: str) -> None:
    """There is a sentence for it."""
    assert "no user with this login" in run(context, act, "niemand").stderr


def test_list(context: Context) -> None:
    """The list shows login, name, role, vestigingen and state of a gebruiker, and no password, link or secret."""
    assert "No users yet" in run(context, "list").stderr
    token = add(context)
    shown = run(context, "list").stdout
    for text in ("j.devries", "J. de Vries", "schoolbeheerder", "21QW00", "has a link", "at first login"):
        assert text in shown
    assert token not in shown


def test_add_somebody_of_an_afnemer(context: Context) -> None:
    """With the klantnaam of an afnemer that exists, and no vestiging; disabling the afnemer keeps the user out."""
    with context.database() as database:
        built = SchoolBuilder(database, moment=MOMENT)
        built.add_afnemer("Snappet")
    of = ("add", "v.dev", "--naam", "V. Dev", "--rol", "afnemer")
    for wrong, error in (
        ((*of, "--afnemer", "snappet"), "there is no afnemer with this klantnaam"),
        (of, "there is no afnemer with this klantnaam"),
        ((*of, "--afnemer", "Snappet", "--vestiging", "21QW00"), "a user of an afnemer acts for no vestiging"),
        (("add", "x.dev", "--naam", "X", "--rol", "operator", "--afnemer", "Snappet"), "only a user in the role"),
    ):
        refused = run(context, *wrong)
        assert refused.exit_code == 1
        assert error in refused.stderr
    (link,) = run(context, *of, "--afnemer", "Snappet").stdout.splitlines()
    added = find(context, "v.dev")
    assert added is not None
    assert (added.rol, added.klantnaam, added.vestigingen) == (GebruikerRol.AFNEMER, "Snappet", ())
    assert link_of(context, link.removeprefix(BEGIN)) == "v.dev"
    assert "Snappet" in run(context, "list").stdout
    result = CliRunner().invoke(afnemer, ["disable", "Snappet"], obj=context)
    assert result.exit_code == 0
    with pytest.raises(InvalidLinkError):
        link_of(context, link.removeprefix(BEGIN))
    assert "afnemer disabled" in run(context, "list").stdout
    kept_out = find(context, "v.dev")
    assert kept_out is not None
    assert kept_out.session_version > added.session_version
    assert not kept_out.is_enabled
    CliRunner().invoke(afnemer, ["enable", "Snappet"], obj=context)
    assert run(context, "reset", "v.dev").exit_code == 0
