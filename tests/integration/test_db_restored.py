"""`db restored`: a database that went back by other means than `restore` is made true again."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.databases import make_tables
from support.moving import Place
from support.school_builder import BRIN6, SchoolBuilder
from support.served_school import CODE_OF_ONE, ServedSchool, furnish

from uwlr_adapter.backup import going_back
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import invitations
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.errors import InvalidLinkError
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol


@pytest.fixture
def served(tmp_path: Path) -> ServedSchool:
    """Return the example school, on SQLite."""
    return furnish(tmp_path / "school")


def asking(served: ServedSchool, moment: str) -> bytes:
    """Return a request for the smallest school of a platform that has what was so at a moment."""
    since = f"<laatstontvangengegevens>{moment}</laatstontvangengegevens></leerlinggegevens_verzoek>"
    return served.request(key=CODE_OF_ONE, brin6="30AB00").replace(b"</leerlinggegevens_verzoek>", since.encode())


def test_what_was_true_later_is_true_no_more(served: ServedSchool, tmp_path: Path) -> None:
    """A file of yesterday is put back: the platform gets data, who was forgotten since is gone, sessions are over."""
    place = Place.on_sqlite(served.data)
    smallest = served.request(key=CODE_OF_ONE, brin6="30AB00")
    assert place.fetch(smallest)[0] == "leerlinggegevens"
    earlier = tmp_path / "earlier.sqlite3"
    shutil.copy(served.data / "uwlr.sqlite3", earlier)
    version = place.scalar("SELECT max(session_version) FROM gebruiker")

    place.moment += timedelta(hours=1)
    key = str(place.scalar("SELECT min(key) FROM persoon WHERE brincode = '21QW' AND soort = 'leerling'"))
    place.done("leerling", "forget", "21QW00", key, "--yes")
    place.done("leerling", "eckid", "30AB00", "l", "https://ketenid.nl/201703/ab12", "--yes")
    outcome, moment = place.fetch(smallest)
    assert outcome == "leerlinggegevens"
    kept, present = tmp_path / "forgotten.json", tmp_path / "present.sqlite3"
    place.done("db", "forgotten", kept)
    shutil.copy(served.data / "uwlr.sqlite3", present)

    shutil.copy(earlier, served.data / "uwlr.sqlite3")
    place.moment += timedelta(hours=1)
    assert place.fetch(asking(served, moment))[0] == "geenwijzigingen"  # untrue: it has later data
    before = place.rows()
    options = ("--back-to", "2026-11-30T02:00", "--forgotten", kept, "--present", f"sqlite:///{present}")
    told = place.done("db", "restored", "--dry-run", *options)
    assert "the records of 2 schools changed since" in told
    assert f"The database is sqlite:///{served.data / 'uwlr.sqlite3'}." in told
    assert "Forgotten since, as far as is known here: 1." in told
    assert place.rows() == before
    assert "Forgotten again: 1." in place.done("db", "restored", "--yes", *options)
    outcome, later = place.fetch(asking(served, moment))
    assert (outcome, later > moment) == ("leerlinggegevens", True)
    assert "no leerling" in place.refused("leerling", "show", "21QW00", key)
    sessions = place.scalar("SELECT min(session_version) FROM gebruiker")
    assert isinstance(sessions, int)
    assert isinstance(version, int)
    assert sessions > version
    assert "stand=2026-11-30T01:00:00Z" in place.done("journaal", "--brin6", "21QW00")
    assert "Nothing is wrong" in place.done("db", "check")


def test_a_no_and_a_wrong_moment_change_nothing(served: ServedSchool) -> None:
    """Nothing is done without a yes, and a moment must be one."""
    place = Place.on_sqlite(served.data)
    before = place.rows()
    assert place.run("db", "restored", answer="n\n").exit_code == 1
    place.refused("db", "restored", "--yes", "--back-to", "gisteren", status=2)
    assert place.rows() == before


def test_the_list_of_who_was_forgotten_needs_a_folder(served: ServedSchool, tmp_path: Path) -> None:
    """A folder that is not there is told."""
    told = Place.on_sqlite(served.data).refused("db", "forgotten", tmp_path / "no" / "list")
    assert "nothing was written: no file can be made in the folder of" in told


def test_no_invitation_is_open_again(tmp_path: Path) -> None:
    """One that was withdrawn or used since is none, of a colleague and of a leerkracht alike."""
    database = Database(f"sqlite:///{tmp_path / 'uwlr.sqlite3'}")
    make_tables(database)
    school = SchoolBuilder(database)
    school.add_vestigingen(BRIN6)
    school.add_gebruiker(NewGebruiker("beheer", "B. Beheer", GebruikerRol.SCHOOLBEHEERDER, (BRIN6,)))
    tokens = {GebruikerRol.LEZER: "a", GebruikerRol.LEERKRACHT: "b"}
    with school.transaction() as connection:
        for rol, token in tokens.items():
            taught = Taught("2026-2027", (("g1", "3a"),)) if rol is GebruikerRol.LEERKRACHT else None
            new = NewInvitation(BRIN6, f"{token}@school.example", "N. Nieuw", rol, taught)
            invitations.invite(connection, new, token, school.moment, actor="beheer")
            assert invitations.by_token(connection, token, school.moment).rol is rol
        going_back.settle(connection, [], None, school.moment, "cli:proef")
        for token in tokens.values():
            with pytest.raises(InvalidLinkError):
                invitations.by_token(connection, token, school.moment)
