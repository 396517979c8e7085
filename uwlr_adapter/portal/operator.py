"""The pages of operators: the afnemers and their klantcodes, each of which is shown once."""

from collections.abc import Callable
from datetime import timedelta

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response
from wtforms import StringField

from uwlr_adapter.gebruikers import directory, of_afnemer
from uwlr_adapter.koppelingen import afnemer_counts, afnemers, certificates
from uwlr_adapter.koppelingen.afnemers import Afnemer, AfnemerError, RotatedMeanwhileError
from uwlr_adapter.portal import kept_form, link_once, login_session, operator_afnemers
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import catalogue, database, now, server_keys
from uwlr_adapter.portal.forms import AfnemerForm, DisableForm, RotateForm, add_error

USUAL_OVERLAP = 14
"""Days that the form proposes: a vendor needs time to plan the change."""
MAX_USERS = 20
"""Users of an afnemer that its page names; the list of users has all."""


@OPERATOR.get("/afnemers")
def list_afnemers() -> str:
    """List the afnemers, with a form to add one."""
    form = AfnemerForm()
    kept_form.restore(form)
    return _show_list(form)


@OPERATOR.post("/afnemers")
def add_afnemer() -> ResponseReturnValue:
    """Add an afnemer, and show its klantcode once."""
    form = AfnemerForm(request.form)
    if not form.validate():
        return _show_list(form), 422
    klantnaam = form.klantnaam.data or ""
    try:
        with database().writing() as connection:
            if afnemers.find(connection, klantnaam) is not None:
                add_error(form.klantnaam, "Er is al een afnemer met deze klantnaam.")
                return _show_list(form), 422
            afnemer, klantcode = afnemers.add(connection, server_keys(), klantnaam, now(), actor=login_session.actor())
    except AfnemerError:
        add_error(form.klantnaam, "Deze klantnaam kan niet.")
        return _show_list(form), 422
    entries = operator_afnemers.entries_of(catalogue(), afnemer)
    return render_template("klantcode.html", afnemer=afnemer, klantcode=klantcode, is_new=True, entries=entries)


@OPERATOR.get("/afnemers/<id:afnemer_id>")
def show_afnemer(afnemer_id: int) -> str:
    """Show one afnemer, with forms for its klantcode and to disable or enable it."""
    form = RotateForm()
    form.overlap.data = USUAL_OVERLAP
    kept_form.restore(form)
    return _show(_require_afnemer(afnemer_id), form)


@OPERATOR.post("/afnemers/<id:afnemer_id>")
def rotate_klantcode(afnemer_id: int) -> ResponseReturnValue:
    """Replace the klantcode of an afnemer, and show the new one once."""
    afnemer = _require_afnemer(afnemer_id)
    form = RotateForm(request.form)
    if not form.validate() or not _may_rotate(afnemer, form):
        return _show(afnemer, form), 422
    ticket = form.bon.data or ""
    if not link_once.is_offered(ticket):
        flash(link_once.STALE, "let-op")
        return _to_afnemer(afnemer_id)
    overlap = timedelta(days=form.overlap.data or 0)
    try:
        with database().writing() as connection:
            rotated, klantcode = afnemers.rotate(
                connection,
                server_keys(),
                afnemer.klantnaam,
                now(),
                overlap,
                actor=login_session.actor(),
                seen=form.stand.data,
                ticket=ticket,
            )
    except RotatedMeanwhileError:
        flash("De klantcode is intussen al vernieuwd. Er is nu niets gewijzigd.", "let-op")
        return _to_afnemer(afnemer_id)
    except AfnemerError:
        flash("Deze afnemer is uitgeschakeld. Schakel hem eerst in.", "let-op")
        return _to_afnemer(afnemer_id)
    return render_template("klantcode.html", afnemer=rotated, klantcode=klantcode, is_new=False)


@OPERATOR.get("/afnemers/<id:afnemer_id>/uitschakelen")
def confirm_disable(afnemer_id: int) -> ResponseReturnValue:
    """Ask for the klantnaam before an afnemer is disabled, with the number of schools that it concerns."""
    afnemer = _require_afnemer(afnemer_id)
    return _ask_disable(afnemer, DisableForm()) if afnemer.is_enabled else _to_afnemer(afnemer_id)


@OPERATOR.post("/afnemers/<id:afnemer_id>/uitschakelen")
def disable_afnemer(afnemer_id: int) -> ResponseReturnValue:
    """Refuse every call of an afnemer from now on, when its klantnaam was typed."""
    afnemer, form = _require_afnemer(afnemer_id), DisableForm(request.form)
    if not afnemer.is_enabled:
        flash(f"{afnemer.klantnaam} was al uitgeschakeld. Er is nu niets gewijzigd.", "let-op")
        return _to_afnemer(afnemer_id)
    if not form.validate() or not _is_named(form.klantnaam, afnemer):
        return _ask_disable(afnemer, form), 422
    return _switch(afnemer_id, of_afnemer.disable, "{name} is uitgeschakeld: alle verzoeken worden geweigerd.")


@OPERATOR.post("/afnemers/<id:afnemer_id>/inschakelen")
def enable_afnemer(afnemer_id: int) -> Response:
    """Allow the calls of a disabled afnemer again."""
    return _switch(afnemer_id, afnemers.enable, "{name} is ingeschakeld, met de klantcode van voorheen.")


def _may_rotate(afnemer: Afnemer, form: RotateForm) -> bool:
    """Return whether a klantcode may be replaced so; where one becomes void at once, that takes the klantnaam.

    As disabling does: without an overlap, and during that of the last time, of which the oldest one is void then.
    """
    if (form.overlap.data and afnemer.overlap_until(now()) is None) or not _reach(afnemer.id)[0]:
        return True
    return _is_named(form.klantnaam, afnemer)


def _is_named(field: StringField, afnemer: Afnemer) -> bool:
    """Return whether the klantnaam of an afnemer was typed; add the error to the field when it was not."""
    if (field.data or "").strip() == afnemer.klantnaam:
        return True
    add_error(field, f"Typ ter bevestiging precies: {afnemer.klantnaam}")
    return False


def _reach(afnemer_id: int) -> tuple[int, int]:
    """Return how many koppelingen go by an afnemer, and of how many vestigingen."""
    with database().reading() as connection:
        return afnemer_counts.reach(connection, afnemer_id)


def _ask_disable(afnemer: Afnemer, form: DisableForm) -> str:
    koppelingen, vestigingen = _reach(afnemer.id)
    return render_template(
        "afnemer_uitschakelen.html", afnemer=afnemer, form=form, koppelingen=koppelingen, vestigingen=vestigingen
    )


def _switch(afnemer_id: int, act: Callable[..., None], done: str) -> Response:
    afnemer = _require_afnemer(afnemer_id)
    with database().writing() as connection:
        act(connection, afnemer.klantnaam, now(), actor=login_session.actor())
    flash(done.format(name=afnemer.klantnaam), "goed")
    return _to_afnemer(afnemer_id)


def _require_afnemer(afnemer_id: int) -> Afnemer:
    """Return an afnemer. Raises NotFound."""
    with database().reading() as connection:
        return afnemers.by_id(connection, afnemer_id) or abort(404)


def _to_afnemer(afnemer_id: int) -> Response:
    return redirect(url_for(".show_afnemer", afnemer_id=afnemer_id), 303)


def _show(afnemer: Afnemer, form: RotateForm) -> str:
    """Show an afnemer with a new ticket: a form that is sent twice rotates once, and the code shown stays valid."""
    form.bon.data = link_once.offer()
    with database().reading() as connection:
        insight = operator_afnemers.insight_of(connection, catalogue(), afnemer, now())
        users = directory.of_afnemer(connection, afnemer.id, MAX_USERS + 1)
    return render_template(
        "afnemer.html",
        afnemer=afnemer,
        form=form,
        overlap_until=afnemer.overlap_until(now()),
        insight=insight,
        users=users[:MAX_USERS],
        has_more_users=len(users) > MAX_USERS,
        certificates=certificates.parse(afnemer.certificates),
        certificates_until=certificates.last_end(afnemer.certificates),
    )


def _show_list(form: AfnemerForm) -> str:
    toon = request.args.get("toon", "")
    with database().reading() as connection:
        rows = operator_afnemers.rows_of(connection, catalogue(), now())
    found = [row for row in rows if operator_afnemers.is_shown(row, toon)]
    page, after = operator_afnemers.page_of(found, request.args.get("na"))
    return render_template(
        "afnemers.html",
        form=form,
        rows=page,
        after=after,
        total=len(rows),
        toon=toon if toon in operator_afnemers.SHOWN else "",
        choices=operator_afnemers.SHOWN,
        without_afnemer=operator_afnemers.without_afnemer(catalogue(), (row.afnemer for row in rows)),
    )
