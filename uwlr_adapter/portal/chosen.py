"""The choice of vestigingen and of a koppeling for an act over many, and what came of it at each vestiging.

A page gets them in its query: those that were ticked, or all that a search finds. The form on it carries them in one
field, so that it keeps to the bounds on a form.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.schools import Vestiging, list_some
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import KoppelingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import was_done
from uwlr_adapter.portal.context import catalogue, database
from uwlr_adapter.portal.vestigingen import MAX_CHOSEN, find, read_form

CHOOSE_FIRST = "Vink eerst vestigingen aan, en kies een koppeling."
CHANGED_CHOICE = "Dit formulier hoort niet bij een keuze van vestigingen. Kies opnieuw; er is niets gedaan."
_PLACES = re.compile(r"[0-9]{2}[A-Z]{2}[0-9]{2}(?:\.[0-9]{2}[A-Z]{2}[0-9]{2})*")
_TICK = re.compile(r"v[0-9]{2}[A-Z]{2}[0-9]{2}")
_SEEN = re.compile(r"[1-9][0-9]{0,8}-[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8}-[1-9][0-9]{0,8})*")


@dataclass(frozen=True, slots=True)
class ChosenVestigingen:
    """A choice: a koppeling of the catalogue, and vestigingen of the logged-in user."""

    entry: CatalogueEntry
    vestigingen: tuple[Vestiging, ...]
    left_out: int = 0
    """How many more were found than one act takes."""


@dataclass(frozen=True, slots=True)
class ActOutcome:
    """The outcome of an act at one vestiging: `reason` is why it was not done, None when it was."""

    vestiging: Vestiging
    reason: str | None = None
    code: str | None = field(default=None, repr=False)
    """The verificatiecode that came in force, to show this once."""


def read_choice() -> ChosenVestigingen | None:
    """Return what the query of a page chooses; None when it chooses nothing.

    Raises NotFound for a vestiging that is not the user's own.
    """
    entry = chosen_entry()
    ticked = [name[1:] for name in request.args if _TICK.fullmatch(name)]
    _require_own(ticked)
    if entry is None or not (ticked or "alle" in request.args):
        return None
    with database().reading() as connection:
        if "alle" in request.args:
            acts_for = set(login_session.require_gebruiker().acts_for)
            found = find(connection, read_form(request.args)).keys
            ticked = [one.brin6 for one in found if one.brin6 in acts_for]
        return _choice(connection, entry, ticked)


def read_places() -> ChosenVestigingen | None:
    """Return the vestigingen that a form names; None when it names none, or more than one act takes.

    Raises NotFound for a vestiging that is not the user's own.
    """
    entry, text = chosen_entry(), request.form.get("keuze", "")
    if entry is None or not _PLACES.fullmatch(text):
        return None
    brin6s = list(dict.fromkeys(text.split(".")))
    _require_own(brin6s)
    if len(brin6s) > MAX_CHOSEN:
        return None
    with database().reading() as connection:
        return _choice(connection, entry, brin6s)


def read_seen() -> list[tuple[Koppeling, int]] | None:
    """Return the koppelingen that a form names, living or ended, each with the version that was shown.

    None when it names none, or more than one act takes. Raises NotFound for one of a vestiging that is not the user's
    own, and for one of another entry.
    """
    entry, text = chosen_entry(), request.form.get("keuze", "")
    if entry is None or not _SEEN.fullmatch(text):
        return None
    seen = {int(id_): int(version) for id_, _, version in (one.partition("-") for one in text.split("."))}
    if len(seen) > MAX_CHOSEN:
        return None
    with database().reading() as connection:
        found = store.list_any(connection, list(seen))
    own = set(login_session.require_gebruiker().acts_for)
    if len(found) != len(seen) or any(one.brin6 not in own or one.entry_id != entry.id for one in found):
        abort(404)
    return [(one, seen[one.id]) for one in found]


def as_seen(koppelingen: Sequence[Koppeling]) -> str:
    """Return koppelingen and their versions as the field of a form names them."""
    return ".".join(f"{one.id}-{one.version}" for one in koppelingen)


def as_places(vestigingen: Sequence[Vestiging]) -> str:
    """Return vestigingen as the field of a form names them."""
    return ".".join(one.brin6 for one in vestigingen)


def chosen_entry() -> CatalogueEntry | None:
    """Return the koppeling that a page or a form names, if it is one that schools activate themselves."""
    entry = catalogue().get(request.values.get("koppeling", ""))
    return None if entry is None or entry.standaard else entry


def names_of(koppelingen: Sequence[Koppeling]) -> dict[str, Vestiging]:
    """Return the vestigingen of koppelingen by their brin6."""
    with database().reading() as connection:
        return {one.brin6: one for one in list_some(connection, [one.brin6 for one in koppelingen])}


def act_on_each(
    seen: Sequence[tuple[Koppeling, int]], kind: Act, act: Callable[[sa.Connection, Koppeling, int], object]
) -> list[ActOutcome]:
    """Do an act on each koppeling at the version that was shown, each in a transaction of its own.

    What the same user did with the same form before counts as done.
    """
    places, outcomes = names_of([one for one, _ in seen]), []
    for koppeling, version in seen:
        reason = None
        try:
            with database().writing() as connection:
                act(connection, koppeling, version)
        except KoppelingError as error:
            reason = None if _did_before(koppeling, version, kind) else str(error)
        outcomes.append(ActOutcome(places[koppeling.brin6], reason))
    return outcomes


def back(text: str = CHOOSE_FIRST, category: str = "let-op") -> Response:
    """Redirect to the list of vestigingen, with a message."""
    flash(text, category)
    return redirect(url_for("account.start"), 303)


def with_status(answer: ResponseReturnValue, status: int) -> ResponseReturnValue:
    """Return a page with a status; a redirect stays one."""
    return (answer, status) if isinstance(answer, str) else answer


def _did_before(koppeling: Koppeling, version: int, kind: Act) -> bool:
    with database().reading() as connection:
        present = store.find(connection, koppeling.id, koppeling.brin6)
    return present is not None and was_done(present, version, kind)


def _choice(connection: sa.Connection, entry: CatalogueEntry, brin6s: Sequence[str]) -> ChosenVestigingen | None:
    chosen = tuple(list_some(connection, brin6s[:MAX_CHOSEN]))
    return ChosenVestigingen(entry, chosen, max(0, len(brin6s) - MAX_CHOSEN)) if chosen else None


def _require_own(brin6s: Sequence[str]) -> None:
    """Raise NotFound for a vestiging that the logged-in user does not act for."""
    if not set(brin6s) <= set(login_session.require_gebruiker().acts_for):
        abort(404)
