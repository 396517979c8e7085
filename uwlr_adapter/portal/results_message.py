"""One message with results: what came and what it changed, taking it back, and putting it back.

Each act holds for what the page of its question showed: when that is no longer so, nothing is done and it asks again.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import leerlingen, schools
from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import ActInWords, last_at
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.known_users import known_users
from uwlr_adapter.portal.list_keys import id_of
from uwlr_adapter.portal.results import name_in, platform_names, scope
from uwlr_adapter.portal.results_words import ResultInWords, in_words
from uwlr_adapter.resultaten import per_toets, reading, taking_back
from uwlr_adapter.resultaten.consequences import Consequences, consequences_of
from uwlr_adapter.resultaten.reading import ResultChange, ResultsMessage

PER_PAGE = 50
"""Results on one page."""
AGAIN = {True: "niet meer", False: "weer"}
"""What becomes of results, by whether their message is taken away."""
CHANGED_MEANWHILE = "Er is intussen iets veranderd. Er is niets gedaan; hieronder staat hoe het nu is."


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One result of a message, what was there before it, and how it is now."""

    said: ResultInWords
    before: ResultInWords | None
    is_replaced: bool
    """Whether something newer stands, or it was put with another leerling."""


@dataclass(frozen=True, slots=True)
class LeerlingChanges:
    """The results of one leerling in a message that follow each other."""

    leerling: KnownLeerling
    rows: tuple[ChangeRow, ...]


@INSIGHT.get("/resultaten/bericht/<big_id:message_id>")
def show_message(brin6: str, message_id: int) -> str:
    """Show what a message brought."""
    after = request.args.get("na", type=id_of) or 0
    with database().reading() as connection:
        message = _require(connection, brin6, message_id)
        name = name_in(connection, platform_names(connection, brin6), message.afnemer_id)
        changes = reading.of_message(connection, message_id, after, PER_PAGE + 1, scope())
        shown = changes[:PER_PAGE]
        people = list(_by_leerling(connection, brin6, shown))
        users = known_users(connection, [message.taken_back_by])
    more = len(changes) > PER_PAGE
    taken_back_at = message.taken_back_at
    who = (
        users.named(message.taken_back_by, taken_back_at)
        if message.taken_back_by is not None and taken_back_at is not None
        else None
    )
    return render_template(
        "results_message.html",
        message=message,
        name=name,
        people=people,
        who=who,
        after=url_for("insight.show_message", brin6=brin6, message_id=message_id, na=shown[-1].said.resultaat_id)
        if more
        else None,
        is_continued=after > 0,
    )


@INSIGHT.get("/resultaten/bericht/<big_id:message_id>/terugnemen")
def confirm_message_away(brin6: str, message_id: int) -> ResponseReturnValue:
    """Ask whether to take a message back."""
    return _ask(brin6, message_id, away=True)


@INSIGHT.post("/resultaten/bericht/<big_id:message_id>/terugnemen")
def take_message_back(brin6: str, message_id: int) -> ResponseReturnValue:
    """Take a message back."""
    return _act(brin6, message_id, away=True)


@INSIGHT.get("/resultaten/bericht/<big_id:message_id>/terugzetten")
def confirm_message_again(brin6: str, message_id: int) -> ResponseReturnValue:
    """Ask whether to put a message back."""
    return _ask(brin6, message_id, away=False)


@INSIGHT.post("/resultaten/bericht/<big_id:message_id>/terugzetten")
def put_message_back(brin6: str, message_id: int) -> ResponseReturnValue:
    """Put a message back that was taken back."""
    return _act(brin6, message_id, away=False)


def _act(brin6: str, message_id: int, *, away: bool) -> ResponseReturnValue:
    """Perform a confirmed act, unless it was done already or is not what was shown any more."""
    with database().writing() as connection:
        schools.lock_school(connection, brincode_of(brin6))
        message = _require(connection, brin6, message_id)
        is_done = (message.taken_back_at is not None) == away
        counts = consequences_of(connection, message_id)
        is_as_shown = counts.as_text == request.form.get("gezien")
        if not is_done and is_as_shown:
            _carry_out(connection, brin6, message_id, counts, away=away)
    if is_done:
        _tell_done(brin6, message_id, away=away)
    elif is_as_shown:
        flash(_done(away=away), "goed")
    else:
        return _ask(brin6, message_id, away=away, error=CHANGED_MEANWHILE), 409
    return _to_message(brin6, message_id)


def _carry_out(connection: sa.Connection, brin6: str, message_id: int, counts: Consequences, *, away: bool) -> None:
    """Take a message back or put it back, with its entry in the journaal: numbers alone."""
    moment, actor = now(), login_session.actor()
    if away:
        taking_back.take_back(connection, moment, brin6, message_id, actor)
    else:
        taking_back.undo_take_back(connection, brin6, message_id)
    writer.record_results_act(
        connection,
        moment=moment,
        act=Act.RESULTS_TAKEN_BACK if away else Act.RESULTS_PUT_BACK,
        brin6=brin6,
        actor=actor,
        counts={"bericht": message_id, "resultaten": counts.stands, "leerlingen": counts.leerlingen},
    )


def _tell_done(brin6: str, message_id: int, *, away: bool) -> None:
    """Say that it was done before: as if now, when the same user did it (a form that is sent twice), else by whom."""
    with database().reading() as connection:
        last = last_at(connection, brin6, (Act.RESULTS_TAKEN_BACK, Act.RESULTS_PUT_BACK))
    about = last is not None and f" bericht {message_id} " in last.sentence
    wanted = Act.RESULTS_TAKEN_BACK if away else Act.RESULTS_PUT_BACK
    if last is not None and about and (last.act, last.actor) == (wanted, login_session.actor()):
        flash(_done(away=away), "goed")
        return
    what = "Dit bericht was al teruggenomen." if away else "Dit bericht was al teruggezet."
    flash(" ".join([what, *_told(last if about else None)]), "let-op")


def _told(last: ActInWords | None) -> list[str]:
    return [] if last is None else [last.told]


def _done(*, away: bool) -> str:
    return (
        "Het bericht is teruggenomen. U kunt het hier terugzetten."
        if away
        else "Het bericht is teruggezet: wat het zegt, geldt weer."
    )


def _ask(brin6: str, message_id: int, *, away: bool, error: str | None = None) -> str | Response:
    with database().reading() as connection:
        message = _require(connection, brin6, message_id)
        name = name_in(connection, platform_names(connection, brin6), message.afnemer_id)
        counts = consequences_of(connection, message_id)
    if (message.taken_back_at is not None) == away:
        return _to_message(brin6, message_id)
    return render_template(
        "results_take_back.html",
        message=message,
        name=name,
        away=away,
        counts=counts,
        lines=list(_lines(counts, name, away=away)),
        error=error,
    )


def _lines(counts: Consequences, name: str, *, away: bool) -> Iterator[str]:
    """Yield what an act does, in sentences."""
    people = count_noun(counts.leerlingen, "leerling", "leerlingen")
    results = count_noun(counts.stands, "resultaat", "resultaten")
    if not counts.stands:
        yield "Er verandert niets: van wat dit bericht bracht, geldt niets meer."
    else:
        yield f"{results} van {people} uit dit bericht {_is(counts.stands, 'geldt', 'gelden')} dan {AGAIN[away]}."
    if counts.earlier and away:
        yield f"Bij {counts.earlier} daarvan geldt dan weer wat {name} eerder stuurde."
    elif counts.earlier:
        yield f"Bij {counts.earlier} daarvan vervangt dat wat nu geldt."
    if counts.gone and away:
        yield f"Bij {counts.gone} daarvan blijft er niets over."
    if replaced := counts.brought - counts.stands:
        others = count_noun(replaced, "ander resultaat", "andere resultaten")
        yield f"{others} uit dit bericht {_is(replaced, 'is', 'zijn')} sindsdien vervangen; dat blijft zo."
    if away:
        yield f"Stuurt {name} precies hetzelfde opnieuw, dan blijft het teruggenomen. Iets anders geldt wel."
        yield f"{name} hoort dit niet van ons. Klopt er iets niet, vraag {name} dan om verbeterde resultaten."
        yield "U kunt het bericht later terugzetten."


def _is(number: int, singular: str, plural: str) -> str:
    return singular if number == 1 else plural


def _by_leerling(connection: sa.Connection, brin6: str, changes: Iterable[ResultChange]) -> Iterator[LeerlingChanges]:
    found = list(changes)
    versions = [one for change in found for one in (change.said, change.before) if one is not None]
    definitions = reading.definitions_of(connection, [one.toets_id for one in versions])
    standing = per_toets.standing_of(connection, [one.said.resultaat_id for one in found])
    ids = {one.said.persoon_id for one in found}
    people = {one.persoon_id: one for one in leerlingen.leerlingen(connection, brin6, day_of(now()), ids)}
    for persoon_id, some in groupby(found, key=lambda one: one.said.persoon_id):
        leerling = people.get(persoon_id, KnownLeerling(persoon_id, ""))
        yield LeerlingChanges(leerling, tuple(_row(one, definitions, standing) for one in some))


def _row(change: ResultChange, definitions: Mapping[str, Toets], standing: Mapping[int, int]) -> ChangeRow:
    said, before = change.said, change.before
    return ChangeRow(
        in_words(said, definitions[said.toets_id]),
        None if before is None else in_words(before, definitions[before.toets_id]),
        standing.get(said.resultaat_id) != said.number,
    )


def _require(connection: sa.Connection, brin6: str, message_id: int) -> ResultsMessage:
    """Return a message of this vestiging. Raises NotFound."""
    return reading.find_message(connection, brin6, message_id) or abort(404)


def _to_message(brin6: str, message_id: int) -> Response:
    return redirect(url_for("insight.show_message", brin6=brin6, message_id=message_id), 303)
