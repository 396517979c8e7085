"""Accounts at a provider on each database: one for a user, of one user, and gone with what they belong to."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.portal_browser import MOMENT
from support.school_builder import open_database

from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts, identities, retention
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.errors import InvalidLinkError
from uwlr_adapter.gebruikers.identities import BindOutcome
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker_oidc

ISSUER, OTHER_ISSUER = "https://login.example.nl", "https://login.example.nl/"


@pytest.fixture
def opened(tmp_path: Path, backend: str) -> Database:
    """Return a database of each kind with two users, of whom the second has a link."""
    opened = open_database(tmp_path, "21QW00")
    with opened.writing() as connection:
        for login in ("eerste", "tweede"):
            new = NewGebruiker(login, "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",))
            accounts.add(connection, new, MOMENT)
    return opened


def id_of(connection: sa.Connection, login: str) -> int:
    """Return the id of a user."""
    return accounts.get(connection, login).id


def bind(connection: sa.Connection, login: str, subject: str, issuer: str = ISSUER) -> BindOutcome:
    """Bind an account."""
    return identities.bind(connection, id_of(connection, login), issuer, subject, MOMENT)


def test_one_account_of_one_user(opened: Database) -> None:
    """An account is of one user, a user has one at a provider; binding it twice does it once."""
    with opened.writing() as connection:
        assert bind(connection, "eerste", "sub") is BindOutcome.BOUND
        assert bind(connection, "eerste", "sub") is BindOutcome.WAS_BOUND
        assert bind(connection, "tweede", "sub") is BindOutcome.OF_ANOTHER
        assert bind(connection, "eerste", "Sub") is BindOutcome.HAS_ANOTHER
        assert bind(connection, "tweede", "Sub") is BindOutcome.BOUND
        assert bind(connection, "eerste", "sub", OTHER_ISSUER) is BindOutcome.BOUND
        found = identities.find(connection, ISSUER, "sub")
        assert found is not None
        assert (found.gebruiker_id, found.since) == (id_of(connection, "eerste"), MOMENT)
        assert identities.find(connection, OTHER_ISSUER, "Sub") is None
        assert [one.login for one in accounts.list_all(connection) if one.has_provider] == ["eerste", "tweede"]
        stored = connection.execute(sa.select(gebruiker_oidc.c.subject_digest)).scalars().all()
        assert {len(one) for one in stored} == {64}


def test_removing_it(opened: Database) -> None:
    """It is gone for its user alone, and another one in its place is not the same."""
    with opened.writing() as connection:
        bind(connection, "eerste", "sub")
        bind(connection, "tweede", "ander")
        owner = id_of(connection, "eerste")
        first = identities.of_gebruiker(connection, owner, ISSUER)
        assert first is not None
        assert identities.is_bound(connection, first.id, owner, ISSUER)
        assert not identities.is_bound(connection, first.id, owner, OTHER_ISSUER)
        assert not identities.is_bound(connection, first.id, id_of(connection, "tweede"), ISSUER)
        mark = identities.mark_of(connection, "EERSTE")
        assert mark is not None
        assert identities.unbind(connection, owner, ISSUER)
        assert not identities.unbind(connection, owner, ISSUER)
        assert identities.mark_of(connection, "eerste") is None
        assert not identities.is_bound(connection, first.id, owner, ISSUER)
        bind(connection, "eerste", "sub2")
        assert identities.mark_of(connection, "eerste") not in {None, mark}
        assert identities.find(connection, ISSUER, "ander") is not None


def test_a_link_is_used_up(opened: Database) -> None:
    """It binds once and ends every session; a refusal leaves the link as it was."""
    with opened.writing() as connection:
        token = accounts.reset(connection, "tweede", MOMENT)
        bind(connection, "eerste", "sub")
        version = accounts.get(connection, "tweede").session_version
        _, outcome = identities.accept_link(connection, token, ISSUER, "sub", MOMENT)
        assert outcome is BindOutcome.OF_ANOTHER
        assert accounts.by_link(connection, token, MOMENT).session_version == version
        owner, outcome = identities.accept_link(connection, token, ISSUER, "ander", MOMENT)
        assert (owner.login, outcome) == ("tweede", BindOutcome.BOUND)
        assert accounts.get(connection, "tweede").session_version == version + 1
        with pytest.raises(InvalidLinkError):
            identities.accept_link(connection, token, ISSUER, "ander", MOMENT)


def test_a_reset_and_the_end_of_a_login(opened: Database) -> None:
    """A reset removes the accounts of the user; so does the purge of a disabled login."""
    with opened.writing() as connection:
        bind(connection, "eerste", "sub")
        bind(connection, "tweede", "ander")
        accounts.reset(connection, "eerste", MOMENT)
        assert identities.find(connection, ISSUER, "sub") is None
        accounts.disable(connection, "tweede", MOMENT)
        assert identities.find(connection, ISSUER, "ander") is not None
        assert retention.erase_logins(connection, MOMENT.replace(year=MOMENT.year + 1), 10) == 1
        assert identities.find(connection, ISSUER, "ander") is None
