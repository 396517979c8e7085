"""Mijn groepen: the page where a leerkracht begins, with the own groepen of every school."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import render_template

from uwlr_adapter.administratie import groepen
from uwlr_adapter.administratie.schools import Vestiging, list_some
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.groep_access import GroepAccess
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import LEERKRACHT
from uwlr_adapter.portal.context import database, now


@dataclass(frozen=True, slots=True)
class OwnGroep:
    """One groep of a leerkracht: its name of today, and how many leerlingen; None when it is not in the records."""

    access: GroepAccess
    naam: str
    leerlingen: int | None


@dataclass(frozen=True, slots=True)
class OwnSchool:
    """The groepen of a leerkracht at one vestiging."""

    vestiging: Vestiging
    groepen: tuple[OwnGroep, ...]


@LEERKRACHT.get("/")
def show_groepen() -> str:
    """Show the groepen whose results the user sees now."""
    gebruiker, moment = login_session.require_gebruiker(), now()
    with database().reading() as connection:
        schools = _schools(connection, gebruiker)
    present = schooljaar_of(day_of(moment))
    return render_template(
        "groepen.html",
        schools=schools,
        schooljaar=present,
        to_come=sorted({one.schooljaar for one in gebruiker.groepen if one.schooljaar > present}),
        ended=max((one.schooljaar for one in gebruiker.groepen if one.schooljaar < present), default=None),
    )


def _schools(connection: sa.Connection, gebruiker: Gebruiker) -> list[OwnSchool]:
    own = gebruiker.groepen_at(now())
    found = []
    for vestiging in list_some(connection, {one.brin6 for one in own}):
        here = [one for one in own if one.brin6 == vestiging.brin6]
        schooljaar, keys = here[0].schooljaar, {one.groep_key for one in here}
        names = {one.key: one.naam for one in groepen.groepen_in(connection, vestiging.brin6, schooljaar)}
        present = groepen.present_in(connection, vestiging.brin6, schooljaar, keys, day_of(now()))
        rows = (
            OwnGroep(
                one,
                names.get(one.groep_key, one.groep_naam),
                len(present[one.groep_key]) if one.groep_key in names else None,
            )
            for one in here
        )
        found.append(OwnSchool(vestiging, tuple(sorted(rows, key=lambda one: one.naam))))
    return found
