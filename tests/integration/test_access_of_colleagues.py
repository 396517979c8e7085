"""The access of colleagues in the database: two at once, and what older code sees of a lezer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from support.school_builder import BRIN6, MOMENT
from support.world import World

from uwlr_adapter.gebruikers import (
    access,
    accounts,
    directory,
    identities,
    invitations,
    new_browsers,
    recovery,
    retention,
)
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError, GebruikerError, InvalidLinkError
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import (
    GebruikerRol,
    gebruiker,
    gebruiker_oidc,
    gebruiker_vestiging,
    invitation,
    lezer_vestiging,
    new_browser,
    recovery_code,
)
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.mail.tables import mail, mail_address

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def world(backend: str, tmp_path: Path) -> World:
    """Return a school with two schoolbeheerders who chose a password, on both databases."""
    made = World.make(tmp_path)
    with made.database.writing() as connection:
        for login in ("ada", "bob"):
            new = NewGebruiker(login, login.title(), GebruikerRol.SCHOOLBEHEERDER, (BRIN6,))
            _, token = accounts.add(connection, new, MOMENT)
            accounts.set_password(connection, token, "a hash", MOMENT)
    return made


def ids(world: World) -> dict[str, tuple[int, int]]:
    """Return the id and the version of each user by login."""
    with world.database.reading() as connection:
        return {one.login: (one.id, one.version) for one in accounts.list_all(connection)}


def at_once(world: World, *acts: Callable[[sa.Connection], object]) -> list[str]:
    """Do acts in transactions of their own at the same time; return what each raised, or nothing."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[sa.Connection], object]) -> str:
        barrier.wait()
        try:
            with world.database.writing() as connection:
                act(connection)
        except (ColleagueError, GebruikerError, InvalidLinkError) as error:
            return type(error).__name__
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(run, acts))


def test_two_who_remove_each_other(world: World) -> None:
    """One of them does; the other is no colleague any more, and the school keeps a schoolbeheerder."""
    known = ids(world)

    def remove(who: str, actor: str) -> Callable[[sa.Connection], object]:
        return lambda connection: access.remove(connection, BRIN6, *known[who], MOMENT, actor=actor)

    assert at_once(world, remove("ada", "bob"), remove("bob", "ada")) == ["", "NoLongerAllowedError"]
    with world.database.reading() as connection:
        assert len(access.list_colleagues(connection, BRIN6, "", 9)) == 1


def test_two_who_use_one_link(world: World) -> None:
    """One account is made."""
    token = accounts.new_token()
    with world.database.writing() as connection:
        new = NewInvitation(BRIN6, "kim", "Kim", GebruikerRol.LEZER)
        invitations.invite(connection, new, token, MOMENT, actor="ada")

    def join(connection: sa.Connection) -> object:
        return invitations.join(connection, token, "a hash", MOMENT)

    assert at_once(world, join, join) == ["", "InvalidLinkError"]
    assert sorted(ids(world)) == ["ada", "bob", "kim"]


def test_an_account_that_two_make_at_once(world: World) -> None:
    """An invitation that is accepted while the operator adds the same login: one of them is told that it is taken."""
    for number in range(8):
        login, token = f"kim{number}", accounts.new_token()
        with world.database.writing() as connection:
            new = NewInvitation(BRIN6, login, "Kim", GebruikerRol.LEZER)
            invitations.invite(connection, new, token, MOMENT, actor="ada")
        added = NewGebruiker(login, "Kim", GebruikerRol.LEZER, (BRIN6,))
        acts = (
            partial(invitations.join, token=token, password_hash="a hash", moment=MOMENT),
            partial(accounts.add, new=added, moment=MOMENT),
        )
        assert at_once(world, *acts) in (["", "GebruikerError"], ["", "LoginTakenError"])


def test_nothing_of_who_had_a_login_is_left(world: World) -> None:
    """A login that is handed out anew has no identity, address, recovery code, browser or mail of the person before."""
    hanging = (gebruiker_oidc, recovery_code, new_browser, mail_address, mail, lezer_vestiging)
    old, token = ids(world)["bob"][0], accounts.new_token()
    with world.database.writing() as connection:
        identities.bind(connection, old, "https://provider.example", "sub", MOMENT)
        recovery.make(connection, old, SECRET)
        new_browsers.note(connection, old, MOMENT)
        addresses.enter(connection, Owner(gebruiker_id=old), "bob@school.example", MOMENT)
        new = NewInvitation(BRIN6, "bob", "Bob de Tweede", GebruikerRol.SCHOOLBEHEERDER)
        access.remove(connection, BRIN6, old, ids(world)["bob"][1], MOMENT, actor="ada")
        invitations.invite(connection, new, token, MOMENT, actor="ada")
        invitations.join(connection, token, "another hash", MOMENT)
        assert accounts.get(connection, "bob").naam == "Bob de Tweede"
        for table in hanging:
            assert connection.execute(sa.select(table).where(table.c.gebruiker_id.is_not(None))).all() == []
        assert identities.mark_of(connection, "bob") is None


def test_two_who_use_one_recovery_code(world: World) -> None:
    """It is good for one of them."""
    id_ = ids(world)["ada"][0]
    with world.database.writing() as connection:
        code = recovery.make(connection, id_, SECRET)[0]
    used: list[bool] = []
    at_once(world, *[lambda connection: used.append(recovery.use(connection, id_, SECRET, code))] * 2)
    assert sorted(used) == [False, True]
    with world.database.writing() as connection:
        assert not recovery.use(connection, id_, "another secret", code), "the codes are of one second factor"


def test_older_code_sees_nothing_of_a_lezer(world: World) -> None:
    """It knows three roles, and one table of vestigingen: there a lezer is a schoolbeheerder of no school at all."""
    with world.database.writing() as connection:
        added, _ = accounts.add(connection, NewGebruiker("kim", "Kim", GebruikerRol.LEZER, (BRIN6,)), MOMENT)
        assert connection.scalar(sa.select(gebruiker.c.rol).where(gebruiker.c.id == added.id)) == "schoolbeheerder"
        own = sa.select(gebruiker_vestiging).where(gebruiker_vestiging.c.gebruiker_id == added.id)
        assert connection.execute(own).all() == []
    assert (added.rol, added.vestigingen, added.rol_at(BRIN6)) == (GebruikerRol.LEZER, (BRIN6,), GebruikerRol.LEZER)


def test_older_code_erases_a_user_with_what_hangs_on_it(world: World) -> None:
    """It does not know the tables: the database takes them along."""
    with world.database.writing() as connection:
        added, _ = accounts.add(connection, NewGebruiker("kim", "Kim", GebruikerRol.LEZER, (BRIN6,)), MOMENT)
        recovery.make(connection, added.id, SECRET)
        connection.execute(gebruiker.delete().where(gebruiker.c.id == added.id))
        for table in (lezer_vestiging, recovery_code):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_a_fusie_gives_each_the_same_role(world: World) -> None:
    """Who acts for the one acts for the other, and who reads reads; who acts there already stays so."""
    other = "21QW01"
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("kim", "Kim", GebruikerRol.LEZER, (BRIN6,)), MOMENT)
        accounts.add(connection, NewGebruiker("lou", "Lou", GebruikerRol.SCHOOLBEHEERDER, (other,)), MOMENT)
        lou = accounts.get(connection, "lou")
        connection.execute(lezer_vestiging.insert().values(gebruiker_id=lou.id, brin6=BRIN6))
        assert accounts.give_access(connection, BRIN6, other) == ["ada", "bob", "kim"]
        roles = {one.login: one.rol_at(other) for one in accounts.list_all(connection)}
    assert roles == {
        "ada": GebruikerRol.SCHOOLBEHEERDER,
        "bob": GebruikerRol.SCHOOLBEHEERDER,
        "kim": GebruikerRol.LEZER,
        "lou": GebruikerRol.SCHOOLBEHEERDER,
    }


def test_the_directory(world: World) -> None:
    """Some at a time, by login, with the number of vestigingen and the first of them."""
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("kim", "Kim Één", GebruikerRol.LEZER, (BRIN6, "21QW01")), MOMENT)
        (one,) = directory.search(connection, "kim", "", 9)
        assert (one.vestigingen, one.first, one.rol) == (2, (BRIN6, "21QW01"), GebruikerRol.LEZER)
        assert [row.login for row in directory.search(connection, "", "ada", 1)] == ["bob"]
        assert directory.vestigingen_of(connection, one.id, BRIN6, 9) == [("21QW01", True)]


def test_invitations_that_ended_are_erased(world: World) -> None:
    """A week after their last moment, with the name in them."""
    with world.database.writing() as connection:
        new = NewInvitation(BRIN6, "kim", "Kim", GebruikerRol.LEZER)
        invitations.invite(connection, new, accounts.new_token(), MOMENT, actor="ada")
        ended = MOMENT + invitations.LIFETIME + retention.INVITATION_KEPT
        assert retention.remove_invitations(connection, ended, 9) == 0
        assert retention.count_invitations(connection, ended + timedelta(seconds=1)) == 1
        assert retention.remove_invitations(connection, ended + timedelta(seconds=1), 9) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(invitation)) == 0
