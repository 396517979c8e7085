"""Vragen: the persons of whom it is not certain who they are, and the school's answer, after what it changes.

What an answer changes is shown by giving it in a transaction that is rolled back. The answer counts only while the
records of the school are as they were then: the number of their changes goes along with the form.
"""

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import leerlingen, schools
from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.importing.effect import YearEffect, answers_of, effect
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion, PersonPresentError, QuestionError
from uwlr_adapter.administratie.tables import PersonKind, groep, plaatsing, school, source_key
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.portal import login_session, question_words
from uwlr_adapter.portal.acts import ON_RECORDS, ActInWords, last_at
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now, undo_days
from uwlr_adapter.portal.forms import VersionForm
from uwlr_adapter.portal.question_words import QuestionInWords, Surroundings

_CHANGED = "De gegevens zijn intussen gewijzigd. Hieronder staat wat er nu verandert."
_PRESENT = (
    "Dat kan niet: die {kind} is ook nog een keer aangeleverd. Staat de {kind} dubbel in de leerlingadministratie, "
    "haal er dan één weg; na de volgende aanlevering is de vraag vanzelf weg. Is het iemand anders, kies dan een ander "
    "antwoord."
)
_NO_CHOICE = "Dit antwoord kan niet meer. Hieronder staan de vragen zoals zij nu zijn."


class _ShownAnswer(NamedTuple):
    """A question, what an answer to it would change, and the number of changes of the records until then."""

    question: ImportQuestion
    words: QuestionInWords
    changes: tuple[YearEffect, ...]
    version: int


@SCHOOL.get("/vragen")
def show_questions(brin6: str) -> str:
    """Show the open questions about persons of a vestiging."""
    with database().reading() as connection:
        found = questions.of_vestiging(connection, brin6)
        words = _in_words(connection, brin6, found)
    return render_template("questions.html", title=question_words.title_of(found), questions=words)


@SCHOOL.get("/vragen/<id:question_id>/<answer>")
def confirm_answer(brin6: str, question_id: int, answer: str) -> ResponseReturnValue:
    """Ask whether to give this answer, with what it changes."""
    return _ask(brin6, question_id, _choice_of(answer))


@SCHOOL.post("/vragen/<id:question_id>/<answer>")
def give_answer(brin6: str, question_id: int, answer: str) -> ResponseReturnValue:
    """Answer a question."""
    choice, seen = _choice_of(answer), VersionForm(request.form).versie.data
    try:
        with database().writing() as connection:
            question, version = _hold(connection, brin6, question_id)
            if question is not None and version == seen:
                questions.answer(connection, question_id, choice, now(), login_session.actor())
    except QuestionError as error:
        return _refuse(brin6, error)
    if question is None and not _was_answered(brin6, version, seen):
        return _gone(brin6)
    if question is not None and version != seen:
        return _ask(brin6, question_id, choice, _CHANGED)
    flash("De vraag is beantwoord.", "goed")
    return _to_questions(brin6)


def _ask(brin6: str, question_id: int, choice: Choice, error: str | None = None) -> ResponseReturnValue:
    try:
        preview = _preview(brin6, question_id, choice)
    except QuestionError as refused:
        return _refuse(brin6, refused)
    if preview is None:
        return _gone(brin6)
    here = [one for one in preview.changes if one.year.brin6 == brin6]
    page = render_template(
        "question_answer.html",
        question=preview.words,
        asked=question_words.sentence_of_choice(choice, preview.question.kind, asks=True),
        years=question_words.years_in_words(here),
        elsewhere=_numbers_elsewhere(preview.changes, brin6),
        somebody_goes=any(person.after is None for one in here for person in one.persons),
        version=preview.version,
        undo_days=undo_days(),
        error=error,
        last=None if error is None else _last(brin6),
    )
    return page, 200 if error is None else 409


def _preview(brin6: str, question_id: int, choice: Choice) -> _ShownAnswer | None:
    """Return what an answer changes, by giving it and taking it back; None without the question.

    Raises QuestionError.
    """
    day, brincode = day_of(now()), brincode_of(brin6)
    with database().writing() as connection:
        question, version = _hold(connection, brin6, question_id)
        if question is None:
            return None
        (words,) = _in_words(connection, brin6, [question])
        before = answers_of(connection, brincode, day)
        questions.answer(connection, question_id, choice, now(), login_session.actor())
        changes = effect(before, answers_of(connection, brincode, day))
        connection.rollback()
    return _ShownAnswer(question, words, changes, version)


def _hold(connection: sa.Connection, brin6: str, question_id: int) -> tuple[ImportQuestion | None, int]:
    """Lock the school of a vestiging; return an open question of the vestiging, and the number of changes so far."""
    brincode = brincode_of(brin6)
    schools.lock_school(connection, brincode)
    version = connection.scalar(sa.select(school.c.version).where(school.c.brincode == brincode))
    return questions.find(connection, brin6, question_id), version or 0


def _numbers_elsewhere(changes: Sequence[YearEffect], brin6: str) -> dict[str, int]:
    """Return the number of persons that change at other vestigingen of the school, by brin6."""
    found: dict[str, set[tuple[PersonKind, str]]] = {}
    for one in changes:
        if one.year.brin6 != brin6:
            found.setdefault(one.year.brin6, set()).update((person.kind, person.key) for person in one.persons)
    return {other: len(persons) for other, persons in found.items()}


def _in_words(connection: sa.Connection, brin6: str, found: Sequence[ImportQuestion]) -> list[QuestionInWords]:
    """Return questions with the names of groepen, and what is known here of the persons whom they may be about."""
    of_leerlingen = [one for one in found if one.kind is PersonKind.LEERLING]
    known = {side.id for one in of_leerlingen for side in one.known}
    years = {year.year.schooljaar for one in of_leerlingen for year in one.years_at(brin6)}
    groepen = connection.execute(
        sa.select(groep.c.schooljaar, groep.c.key, groep.c.naam).where(
            groep.c.brin6 == brin6, groep.c.schooljaar.in_(years), groep.c.soort == "groep"
        )
    )
    names = {(row.schooljaar, row.key): row.naam for row in groepen}
    placed = sa.select(plaatsing.c.persoon_id, plaatsing.c.schooljaar, plaatsing.c.groep_key).where(
        plaatsing.c.brin6 == brin6, plaatsing.c.schooljaar.in_(years), plaatsing.c.persoon_id.in_(known)
    )
    places = {
        (one.persoon_id, question_words.OTHERWISE): f"{one.groep or 'geen groep'} ({one.schooljaar})"
        for one in leerlingen.leerlingen(connection, brin6, day_of(now()), known)
        if one.schooljaar
    }
    places |= {
        (row.persoon_id, row.schooljaar): f"{names[row.schooljaar, row.groep_key]} ({row.schooljaar})"
        for row in connection.execute(placed)
        if (row.schooljaar, row.groep_key) in names
    }
    owners = sa.select(source_key.c.soort, source_key.c.key, source_key.c.persoon_id).where(
        source_key.c.brincode == brincode_of(brin6), source_key.c.key.in_({one.key for one in found})
    )
    surroundings = Surroundings(
        groepen=names,
        places=places,
        owners={(PersonKind(row.soort), row.key): row.persoon_id for row in connection.execute(owners)},
    )
    return [question_words.question_in_words(one, brin6, surroundings) for one in found]


def _choice_of(answer: str) -> Choice:
    """Return the choice that a path names. Raises NotFound."""
    return question_words.PATHS.get(answer) or abort(404)


def _was_answered(brin6: str, version: int, seen: int | None) -> bool:
    """Return whether this user gave the answer since the version that was seen, and nothing came after it.

    So it is when a form is sent twice.
    """
    last = _last(brin6)
    by_this_user = last is not None and (last.act, last.actor) == (Act.QUESTION_ANSWERED, login_session.actor())
    return by_this_user and seen is not None and version == seen + 1


def _last(brin6: str) -> ActInWords | None:
    """Return what was done last to the records of a vestiging: an answer of a colleague, an import, or the operator."""
    with database().reading() as connection:
        return last_at(connection, brin6, ON_RECORDS)


def _gone(brin6: str) -> ResponseReturnValue:
    """Return the page for a question that is not there: answered, gone, of another vestiging, or never there."""
    return render_template("question_gone.html", last=_last(brin6)), 404


def _refuse(brin6: str, error: QuestionError) -> Response:
    """Return to the questions with the reason why an answer cannot be given."""
    flash(_PRESENT.format(kind=error.kind) if isinstance(error, PersonPresentError) else _NO_CHOICE, "let-op")
    return _to_questions(brin6)


def _to_questions(brin6: str) -> Response:
    return redirect(url_for("school.show_questions", brin6=brin6), 303)
