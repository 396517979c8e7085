"""What the pages of one vestiging share: the vestiging itself, and looking up koppelingen and catalogue entries."""

from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import abort, flash, g, redirect, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.schools import Vestiging, find_vestiging
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.koppelingen import agreements, store
from uwlr_adapter.koppelingen.agreements import Waiting
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AlreadyAgreedError,
    AlreadyPausedError,
    AlreadyWithheldError,
    ChangedMeanwhileError,
    EndedError,
    KoppelingError,
    NotWithheldError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.portal.acts import acts_of
from uwlr_adapter.portal.blueprints import INSIGHT, SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now


@dataclass(frozen=True, slots=True)
class CodeOnce:
    """A verificatiecode that came in force just now: the answer to its form shows it, and no later page."""

    done: str
    """What was done, as a sentence."""
    code: str = field(repr=False)
    name: str
    place: str | None = None
    """Where it is entered at the platform, as a sentence."""
    printout: int | None = None
    """The id of the koppeling that has a confirmation to print."""


_BY_ANOTHER_ACT = (
    AlreadyAgreedError,
    AlreadyPausedError,
    AlreadyWithheldError,
    ChangedMeanwhileError,
    EndedError,
    NotWithheldError,
)
"""The refusals because of what was done before, by a colleague or in another tab."""


@SCHOOL.context_processor
@INSIGHT.context_processor
def _vestiging() -> dict[str, Vestiging | int | None]:
    """Return the vestiging, and how many questions it has, for the templates; nothing when `guard` refused."""
    if "brin6" not in g:
        return {}
    with database().reading() as connection:
        return {
            "vestiging": find_vestiging(connection, g.brin6),
            "open_questions": questions.number_at(connection, g.brin6),
        }


def require_entry(entry_id: str) -> CatalogueEntry:
    """Return an entry of the catalogue. Raises NotFound."""
    entry = catalogue().get(entry_id)
    return entry if entry is not None else abort(404)


def require_koppeling(connection: sa.Connection, brin6: str, koppeling_id: int) -> Koppeling:
    """Return a koppeling of this vestiging, living or ended. Raises NotFound."""
    return store.find(connection, koppeling_id, brin6) or abort(404)


def read_koppeling(brin6: str, koppeling_id: int) -> Koppeling:
    """Return a koppeling of this vestiging, read in a transaction of its own. Raises NotFound."""
    with database().reading() as connection:
        return require_koppeling(connection, brin6, koppeling_id)


def name_of(koppeling: Koppeling) -> str:
    """Return the name of a koppeling, or its entry id when the entry left the catalogue."""
    entry = catalogue().get(koppeling.entry_id)
    return koppeling.entry_id if entry is None else entry.naam


def shared_profiel(koppeling: Koppeling) -> NamedProfiel | None:
    """Return the profile of a koppeling as far as its school agreed to it; None when no data flow through it."""
    if koppeling.leerlinggegevens.status is ToestemmingStatus.NOT_GIVEN:
        return None
    return catalogue().agreed[koppeling.entry_id, store.as_text(koppeling.akkoord.velden)]


def waiting_of(koppeling: Koppeling) -> Waiting:
    """Return what waits until the school agrees again: newer voorwaarden, and fields that the profile added."""
    return agreements.waiting(catalogue(), koppeling)


def is_to_come(koppeling: Koppeling) -> bool:
    """Return whether a living koppeling has not begun: its Startdatum is after today."""
    return koppeling.is_living and koppeling.startdatum > day_of(now())


def code_once(koppeling: Koppeling, done: str, code: str, *, is_new: bool = False) -> CodeOnce:
    """Return the verificatiecode that came in force at a koppeling, to show this once."""
    entry = catalogue().get(koppeling.entry_id)
    place = None if entry is None else entry.code_plaats
    return CodeOnce(done, code, name_of(koppeling), place, koppeling.id if is_new else None)


def to_overview(brin6: str) -> Response:
    """Redirect to the overview."""
    return redirect(url_for("school.show_overview", brin6=brin6), 303)


def to_koppeling(brin6: str, koppeling_id: int) -> Response:
    """Redirect to the page of a koppeling."""
    return redirect(url_for("school.show_koppeling", brin6=brin6, koppeling_id=koppeling_id), 303)


def refuse(brin6: str, koppeling_id: int, error: KoppelingError) -> Response:
    """Redirect to the page of a koppeling, with the reason why nothing was done, and the act that led to it.

    That act is not told when it is past its term.
    """
    told = str(error)
    if isinstance(error, _BY_ANOTHER_ACT):
        with database().reading() as connection:
            koppeling = require_koppeling(connection, brin6, koppeling_id)
            last = acts_of(connection, koppeling, name_of(koppeling), 1)
        told = " ".join([told, *(one.told for one in last)])
    flash(told, "let-op")
    return to_koppeling(brin6, koppeling_id)
