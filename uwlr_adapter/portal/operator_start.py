"""The start of operators: one search over schools and platforms, and what needs them now."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import render_template, request, url_for

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.importing.naming import fold
from uwlr_adapter.koppelingen import afnemers, verdict_counts, vestigingen
from uwlr_adapter.koppelingen.afnemers import Afnemer
from uwlr_adapter.koppelingen.facts import stale_since
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.koppelingen.vestigingen import VestigingFilter
from uwlr_adapter.mail import outbox
from uwlr_adapter.portal import operator_afnemers, operator_jobs, operator_schools
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.forms import OperatorStartForm
from uwlr_adapter.portal.operator_mail import SINCE

MAX_FOUND = 20
"""Schools, and afnemers, that a search of both shows; the lists have all."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that needs the operator: how much of it, and the list that has it."""

    words: str
    number: int
    url: str


@OPERATOR.get("/")
def show_start() -> str:
    """Show what needs the operator, and what a search found."""
    form = OperatorStartForm(request.args)
    text = (form.zoek.data or "").strip() if form.validate() else ""
    with database().reading() as connection:
        if text:
            schools, number = _schools(connection, text)
            return render_template(
                "beheer.html",
                form=form,
                text=text,
                schools=schools,
                number=number,
                afnemers=_afnemers(connection, text),
                needs=(),
            )
        needs = _needs(connection)
    return render_template("beheer.html", form=form, text="", needs=needs)


def _schools(connection: sa.Connection, text: str) -> tuple[tuple[tuple[str, str], ...], int]:
    """Return the first schools that a text is found in, each as brin6 and name, and the number of all."""
    found = vestigingen.find(connection, catalogue(), None, VestigingFilter(text=text), now())
    return found.page(size=MAX_FOUND).vestigingen, len(found.keys)


def _afnemers(connection: sa.Connection, text: str) -> list[tuple[Afnemer, tuple[str, ...]]]:
    """Return the first afnemers of which each word of a text is in the klantnaam or the name of an entry."""
    words = [folded for word in text.split() if (folded := fold(word))]
    found = []
    for one in afnemers.list_all(connection):
        entries = tuple(entry.naam for entry in operator_afnemers.entries_of(catalogue(), one))
        folded = fold(" ".join((one.klantnaam, *entries)))
        if words and all(word in folded for word in words):
            found.append((one, entries))
    return found[:MAX_FOUND]


def _needs(connection: sa.Connection) -> list[Need]:
    moment = now()
    refused = verdict_counts.vestigingen_with(connection, catalogue(), VerdictKind.REFUSED, moment)
    rows = operator_afnemers.rows_of(connection, catalogue(), moment, with_calls=False)
    nameless = sum(not row.entries for row in rows)
    absent = operator_afnemers.without_afnemer(catalogue(), (row.afnemer for row in rows))
    failed = sum(job.is_failed for job in operator_jobs.jobs_in_words(connection))
    stale, asking = stale_since(connection, None, moment), questions.numbers_at(connection)
    schools, klanten = "operator.list_schools", "operator.list_afnemers"
    return [
        Need("Scholen met een weigering", len(refused), url_for(schools, oordeel=VerdictKind.REFUSED.value)),
        Need("Scholen met verouderde gegevens", len(stale), url_for(schools, toon=operator_schools.STALE)),
        Need("Scholen met vragen over personen", len(asking), url_for(schools, toon=operator_schools.QUESTIONS)),
        Need("Afnemers met een storing", sum(row.outages > 0 for row in rows), url_for(klanten, toon="storing")),
        Need("Afnemers buiten de catalogus", nameless, url_for(klanten, toon="catalogus")),
        Need("Koppelingen zonder afnemer", len(absent), url_for(klanten)),
        Need("Taken die mislukken", failed, url_for("operator.list_jobs")),
        Need(
            "Mails die niet aankomen", outbox.count_failing(connection, moment - SINCE), url_for("operator.list_mail")
        ),
    ]
