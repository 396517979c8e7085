"""The access of leerkrachten in the database: when it holds, two at once, a fusie, its term, and older code."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa
from support.school_builder import BRIN6, MOMENT
from support.taught_school import FIVE, FOUR, YEAR, import_taught, person
from support.world import World

from uwlr_adapter.gebruikers import (
    access,
    accounts,
    directory,
    groep_access,
    groep_terms,
    identities,
    invitations,
    leerkrachten,
)
from uwlr_adapter.gebruikers import tables as gebruikers
from uwlr_adapter.gebruikers.accounts import Gebruiker, NewGebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError, GebruikerError, InvalidLinkError
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.tables import GebruikerRol

TAUGHT = Taught(YEAR, ((FOUR.key, "4A"), ("plus", "Plusgroep")), 7)
LESS = Taught(YEAR, ((FIVE.key, "5B"),))
MIDNIGHT = datetime(2027, 7, 31, 22, tzinfo=UTC)
"""The end of 31 July in Amsterdam."""
BEGIN = datetime(2026, 7, 31, 22, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def world(backend: str, tmp_path: Path) -> World:
    """Return a school with groepen in its records and two schoolbeheerders, on both databases."""
    made = World.make(tmp_path, "Snappet")
    import_taught(made.database)
    with made.database.writing() as connection:
        for login in ("ada", "bob"):
            new = NewGebruiker(login, login.title(), GebruikerRol.SCHOOLBEHEERDER, (BRIN6,))
            _, token = accounts.add(connection, new, MOMENT)
            accounts.set_password(connection, token, "a hash", MOMENT)
    return made


def joined(world: World, login: str = "kim", taught: Taught = TAUGHT, brin6: str = BRIN6) -> Gebruiker:
    """Return a leerkracht who accepted an invitation."""
    token = accounts.new_token()
    with world.database.writing() as connection:
        new = leerkrachten.new_invitation(brin6, login, login.title(), taught)
        leerkrachten.give(connection, new, taught, token, MOMENT, actor="ada")
        return invitations.join(connection, token, "a hash", MOMENT)


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


def test_it_holds_from_august_to_july(world: World) -> None:
    """To the second, in Amsterdam."""
    kim = joined(world)
    assert {one.until for one in kim.groepen} == {MIDNIGHT}
    for moment, holds in ((BEGIN - SECOND, 0), (BEGIN, 2), (MIDNIGHT - SECOND, 2), (MIDNIGHT, 0)):
        assert len(kim.groepen_at(moment)) == holds, moment
    assert kim.groepen_at(MOMENT, "30AB00") == ()
    assert kim.has_access_after(MIDNIGHT - SECOND)
    assert not kim.has_access_after(MIDNIGHT)


def test_two_who_use_one_link(world: World) -> None:
    """One account is made, with the groepen once."""
    token = accounts.new_token()
    with world.database.writing() as connection:
        new = leerkrachten.new_invitation(BRIN6, "kim", "Kim", TAUGHT)
        leerkrachten.give(connection, new, TAUGHT, token, MOMENT, actor="ada")

    def join(connection: sa.Connection) -> object:
        return invitations.join(connection, token, "a hash", MOMENT)

    assert at_once(world, join, join) == ["", "InvalidLinkError"]
    with world.database.reading() as connection:
        assert len(accounts.get(connection, "kim").groepen) == 2


def test_two_who_change_one_leerkracht(world: World) -> None:
    """One does; the other saw another version, and is told."""
    kim = joined(world)

    def change(actor: str, taught: Taught) -> Callable[[sa.Connection], object]:
        return lambda connection: leerkrachten.set_groepen(
            connection, BRIN6, kim.id, taught, kim.version, MOMENT, actor=actor
        )

    more = Taught(YEAR, (*TAUGHT.groepen, (FIVE.key, "5B")))
    assert at_once(world, change("ada", LESS), change("bob", more)) == ["", "ColleagueChangedError"]
    assert at_once(world, change("ada", TAUGHT), change("bob", TAUGHT)) == ["ColleagueChangedError"] * 2


def test_two_who_give_it_to_one_lezer(world: World) -> None:
    """Both give the same: one act; each gives something else: the second is refused."""
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("lou", "Lou", GebruikerRol.LEZER, (BRIN6,)), MOMENT)

    def give(actor: str, taught: Taught) -> Callable[[sa.Connection], object]:
        new = leerkrachten.new_invitation(BRIN6, "lou", "Lou", taught)
        return lambda connection: leerkrachten.give(connection, new, taught, "t" * 43, MOMENT, actor=actor)

    assert at_once(world, give("ada", TAUGHT), give("bob", TAUGHT)) == ["", ""]
    assert at_once(world, give("ada", LESS)) == ["AlreadyLeerkrachtError"]
    with world.database.reading() as connection:
        lou = accounts.get(connection, "lou")
        assert (lou.rol, len(lou.groepen)) == (GebruikerRol.LEZER, 2)


def test_who_may_give(world: World) -> None:
    """A schoolbeheerder of the vestiging; no lezer, no leerkracht and nobody of another school."""
    kim = joined(world)
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("lou", "Lou", GebruikerRol.LEZER, (BRIN6,)), MOMENT)
        accounts.add(connection, NewGebruiker("far", "Far", GebruikerRol.SCHOOLBEHEERDER, ("21QW01",)), MOMENT)
    for actor in ("lou", "far", "kim", "nobody"):
        for act in (
            lambda connection, actor=actor: leerkrachten.set_groepen(
                connection, BRIN6, kim.id, LESS, kim.version, MOMENT, actor=actor
            ),
            lambda connection, actor=actor: leerkrachten.take(
                connection, BRIN6, kim.id, kim.version, MOMENT, actor=actor
            ),
        ):
            assert at_once(world, act) == ["NoLongerAllowedError"], actor


def test_older_code_sees_nothing_of_a_leerkracht(world: World) -> None:
    """It has a word for three roles and two tables of vestigingen: there it is a schoolbeheerder of nothing at all."""
    kim = joined(world)
    assert (kim.rol, kim.vestigingen, kim.places) == (GebruikerRol.LEERKRACHT, (), (BRIN6,))
    with world.database.reading() as connection:
        stored = sa.select(gebruikers.gebruiker.c.rol).where(gebruikers.gebruiker.c.id == kim.id)
        assert connection.scalar(stored) == "schoolbeheerder"
        for table in (gebruikers.gebruiker_vestiging, gebruikers.lezer_vestiging):
            assert connection.execute(sa.select(table).where(table.c.gebruiker_id == kim.id)).all() == []
        assert connection.execute(sa.select(gebruikers.invitation)).all() == [], "nor an invitation that it reads"
        assert access.list_colleagues(connection, BRIN6, "kil", 1) == [], "a leerkracht is no colleague"
    with pytest.raises(ValueError, match="no vestiging"):
        accounts.place_of(GebruikerRol.LEERKRACHT)


def test_older_code_erases_a_user_with_its_groepen(world: World) -> None:
    """It does not know the table: the database takes them along; so a login that is handed out anew has none."""
    kim = joined(world)
    with world.database.writing() as connection:
        connection.execute(gebruikers.gebruiker.delete().where(gebruikers.gebruiker.c.id == kim.id))
        assert groep_access.of_users(connection, [kim.id]) == {}


def test_a_user_of_an_afnemer_or_a_bestuur_has_no_groepen(world: World) -> None:
    """Whatever stands in the table."""
    with world.database.writing() as connection:
        new = NewGebruiker("dev", "Dev", GebruikerRol.AFNEMER, klantnaam="Snappet")
        others = [new, NewGebruiker("bes", "Bes", GebruikerRol.BESTUUR, (BRIN6,))]
        for one in others:
            added, _ = accounts.add(connection, one, MOMENT)
            groep_access.put(connection, added.id, BRIN6, TAUGHT, "ada", MOMENT)
            found = accounts.get(connection, one.login)
            assert (found.groepen, found.rol) == ((), one.rol)
    with pytest.raises(GebruikerError, match="Leerkrachten"), world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("leer", "Leer", GebruikerRol.LEERKRACHT, (BRIN6,)), MOMENT)


def test_a_fusie_gives_the_same_groepen(world: World) -> None:
    """At the vestiging that has the records from then on; who has groepen there already keeps those."""
    other = "21QW01"
    joined(world)
    lou = joined(world, "lou", LESS)
    with world.database.writing() as connection:
        groep_access.put(connection, lou.id, other, TAUGHT, "ada", MOMENT)
        assert "kim" in accounts.give_access(connection, BRIN6, other)
        found = {login: accounts.get(connection, login).groepen_at(MOMENT, other) for login in ("kim", "lou")}
    assert {login: [one.groep_key for one in rows] for login, rows in found.items()} == {
        "kim": ["g4", "plus"],
        "lou": ["g4", "plus"],
    }


def test_access_that_ended_is_erased_after_a_year(world: World) -> None:
    """With the account, unless that has other access; until then the school knows whom it gave it."""
    joined(world)
    with world.database.writing() as connection:
        accounts.add(connection, NewGebruiker("lou", "Lou", GebruikerRol.LEZER, (BRIN6,)), MOMENT)
        groep_access.put(connection, accounts.get(connection, "lou").id, BRIN6, LESS, "ada", MOMENT)
    later = MIDNIGHT + groep_terms.ACCESS_KEPT
    with world.database.writing() as connection:
        assert groep_terms.count_access(connection, later) == 0
        assert groep_terms.count_access(connection, later + SECOND) == 3
        assert groep_terms.erase_access(connection, later + SECOND, 1) == 1
        assert groep_terms.erase_access(connection, later + SECOND, 9) == 2
        assert {one.login: one.is_enabled for one in accounts.list_all(connection)} == {
            "ada": True,
            "bob": True,
            "kim": False,
            "lou": True,
        }


def test_invitations_that_ended_are_erased(world: World) -> None:
    """A week after their end."""
    with world.database.writing() as connection:
        new = leerkrachten.new_invitation(BRIN6, "kim", "Kim", TAUGHT)
        leerkrachten.give(connection, new, TAUGHT, "t" * 43, MOMENT, actor="ada")
        end = MOMENT + invitations.LIFETIME + timedelta(days=7)
        assert groep_terms.remove_invitations(connection, end, 9) == 0
        assert groep_terms.count_invitations(connection, end + SECOND) == 1
        assert groep_terms.remove_invitations(connection, end + SECOND, 9) == 1


def test_an_operator_ends_it(world: World) -> None:
    """At one vestiging or everywhere, at once; an account without any other access is disabled."""
    kim = joined(world)
    with world.database.writing() as connection:
        groep_access.put(connection, kim.id, "21QW01", LESS, "ada", MOMENT)
        found, places = leerkrachten.end_by_operator(connection, "kim", "21QW01", MOMENT, actor="cli:x")
        assert (places, found.is_enabled, found.places) == (["21QW01"], True, (BRIN6,))
        assert found.session_version > kim.session_version
        found, places = leerkrachten.end_by_operator(connection, "kim", None, MOMENT, actor="cli:x")
        assert (places, found.is_enabled, found.groepen) == ([BRIN6], False, ())
        assert leerkrachten.end_by_operator(connection, "kim", None, MOMENT, actor="cli:x")[1] == []


def test_the_directory(world: World) -> None:
    """It shows the role, and finds a leerkracht by the vestiging of the groepen."""
    joined(world)
    with world.database.reading() as connection:
        for text in ("kim", BRIN6):
            assert ("kim", GebruikerRol.LEERKRACHT) in {
                (row.login, row.rol) for row in directory.search(connection, text, "", 9)
            }


def test_an_account_at_a_provider(world: World) -> None:
    """An invitation of a leerkracht makes one too, and gives the groepen."""
    token = accounts.new_token()
    with world.database.writing() as connection:
        new = leerkrachten.new_invitation(BRIN6, "kim", "Kim", TAUGHT)
        leerkrachten.give(connection, new, TAUGHT, token, MOMENT, actor="ada")
        made = invitations.join_at_provider(connection, token, "https://provider.example", "sub", MOMENT)
        assert len(made.groepen) == 2
        assert identities.find(connection, "https://provider.example", "sub") is not None


def test_a_person_who_was_joined(world: World) -> None:
    """Of two leerkrachten who became one the account is that of the one."""
    one, other = (person(world.database, key) for key in ("k1", "k2"))
    joined(world, taught=Taught(YEAR, TAUGHT.groepen, other))
    with world.database.writing() as connection:
        connection.execute(sa.text("INSERT INTO joined (id, persoon_id) VALUES (:id, :one)"), {"id": other, "one": one})
        assert {id_: user.login for id_, user in leerkrachten.of_persons(connection, BRIN6).items()} == {one: "kim"}
