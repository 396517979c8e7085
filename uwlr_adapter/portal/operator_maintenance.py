"""The operator's page of announced maintenance: what is announced, announcing, and withdrawing."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.clock import date_time
from uwlr_adapter.maintenance import announced
from uwlr_adapter.maintenance.announced import MAX_OPEN, MaintenanceError
from uwlr_adapter.portal import kept_form, link_once, login_session
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import MaintenanceForm
from uwlr_adapter.portal.operator_words import actor_in_words

MAX_SHOWN = 2 * MAX_OPEN
"""Announcements that the page shows, the latest: those that are open, and as many that ended."""


@OPERATOR.get("/onderhoud")
def list_maintenance() -> str:
    """Show what is announced, with a form to announce more."""
    form = MaintenanceForm()
    kept_form.restore(form)
    return _show(form)


@OPERATOR.post("/onderhoud")
def announce_maintenance() -> ResponseReturnValue:
    """Announce maintenance."""
    form = MaintenanceForm(request.form)
    if not form.validate():
        return _show(form), 422
    ticket = str(form.bon.data)
    if not link_once.is_offered(ticket):
        return _show(form, link_once.STALE), 409
    try:
        with database().writing() as connection:
            made = announced.announce(
                connection,
                form.van.moment,
                form.tot.moment,
                str(form.tekst.data),
                now(),
                actor=login_session.actor(),
                ticket=ticket,
            )
    except MaintenanceError as error:
        return _show(form, str(error)), 422
    flash(f"Het onderhoud van {date_time(made.starts_at)} is aangekondigd.", "goed")
    return _back()


@OPERATOR.post("/onderhoud/<id:maintenance_id>/intrekken")
def withdraw_maintenance(maintenance_id: int) -> Response:
    """Withdraw an announcement."""
    try:
        with database().writing() as connection:
            gone = announced.withdraw(connection, maintenance_id, now(), actor=login_session.actor())
    except MaintenanceError as error:
        flash(str(error), "let-op")
    else:
        flash(f"De aankondiging van {date_time(gone.starts_at)} is ingetrokken.", "goed")
    return _back()


def _back() -> Response:
    return redirect(url_for(".list_maintenance"), 303)


def _show(form: MaintenanceForm, error: str | None = None) -> str:
    form.bon.data = link_once.offer()
    with database().reading() as connection:
        rows = announced.list_all(connection, MAX_SHOWN)
    return render_template(
        "beheer_onderhoud.html", form=form, error=error, rows=[(row, actor_in_words(row.announced_by)) for row in rows]
    )
