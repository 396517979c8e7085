"""The groepen of a schooljaar as ticks of a form, and the schooljaar that a form is about.

A tick names its groep by a digest of the key, so that it is of that groep also after an import.
"""

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from flask import request

from uwlr_adapter.administratie import groepen
from uwlr_adapter.clock import day_of, next_schooljaar, schooljaar_of
from uwlr_adapter.gebruikers.groep_access import GroepAccess
from uwlr_adapter.portal.context import database, now

PREFIX = "groep-"
"""The begin of the name of each tick; the digest follows."""
ALL = "alle"
"""The name of the tick for every groep of the schooljaar."""
PAST = "Dit schooljaar is intussen voorbij. Er is niets gewijzigd; geef opnieuw toegang voor het nieuwe schooljaar."
MAX_TICKED = 40
"""Ticks that a form can send beside its other fields, within the bound on them; whoever sees more sees all."""


@dataclass(frozen=True, slots=True)
class GroepTick:
    """A groep that can be ticked; `is_gone` when it is no longer in the records."""

    field: str
    naam: str
    is_samengesteld: bool
    is_ticked: bool
    is_gone: bool = False


def field_of(key: str) -> str:
    """Return the name of the tick of a groep."""
    return f"{PREFIX}{sha256(key.encode()).hexdigest()[:12]}"


def schooljaren(connection: sa.Connection, brin6: str) -> list[str]:
    """Return the schooljaren for which access can be given: the present one, and the next once it has groepen."""
    day = day_of(now())
    coming = next_schooljaar(day)
    has_some = bool(groepen.groepen_in(connection, brin6, coming))
    return [schooljaar_of(day), *([coming] if has_some else [])]


def asked_schooljaar(brin6: str) -> str:
    """Return the schooljaar that a page or a form asks for; the present one for any other text."""
    asked = request.form.get("schooljaar") or request.args.get("schooljaar", "")
    with database().reading() as connection:
        years = schooljaren(connection, brin6)
    return asked if asked in years else years[0]


def is_past(brin6: str) -> bool:
    """Return whether a form is about a schooljaar for which no access can be given: it ended since the form was shown.

    Its ticks must not count for the next one, whose groepen may have the same keys.
    """
    return request.form.get("schooljaar") != asked_schooljaar(brin6)


def ticks(
    connection: sa.Connection, brin6: str, schooljaar: str, chosen: Collection[str], given: Collection[GroepAccess] = ()
) -> list[GroepTick]:
    """Return a tick for each groep of a schooljaar, and for what somebody was given and is no longer there."""
    there = groepen.groepen_in(connection, brin6, schooljaar)
    keys = {one.key for one in there}
    gone = [one for one in given if one.groep_key not in keys]
    found = [GroepTick(field_of(one.key), one.naam, not one.is_stamgroep, one.key in chosen) for one in there]
    return found + [
        GroepTick(field_of(one.groep_key), one.groep_naam, False, one.groep_key in chosen, True)  # noqa: FBT003 - by name
        for one in gone
    ]


def ticked(
    connection: sa.Connection, brin6: str, schooljaar: str, given: Collection[GroepAccess] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the key and the name of each groep that the form has ticked, of those that `ticks` shows."""
    there = [(one.key, one.naam) for one in groepen.groepen_in(connection, brin6, schooljaar)]
    keys = {key for key, _ in there}
    gone = [(one.groep_key, one.groep_naam) for one in given if one.groep_key not in keys]
    fields = set(request.form)
    everything = ALL in request.form
    return tuple(
        [one for one in there if everything or field_of(one[0]) in fields]
        + [one for one in gone if field_of(one[0]) in fields]
    )
