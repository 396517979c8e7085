"""The operator's list of users: searched, some at a time; and adding one."""

import re

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.gebruikers import by_operator, directory
from uwlr_adapter.gebruikers.accounts import LINK_LIFETIME, NewGebruiker
from uwlr_adapter.gebruikers.directory import DirectoryRow
from uwlr_adapter.gebruikers.errors import ColleagueError, GebruikerError
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.portal import kept_form, link_once, login_session
from uwlr_adapter.portal.account_forms import ROLES, UserForm
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import MAX_SEARCH, add_error
from uwlr_adapter.portal.paths import PASSWORD_PREFIX

PER_PAGE = 50
"""Users on one page."""
BRIN6 = re.compile("[0-9]{2}[A-Z]{2}[0-9]{2}")
NO_PLACES = "Vul BRIN- en vestigingsnummers in, zoals 21QW00, met een spatie ertussen."
TAKEN = "Er is al een gebruiker met deze gebruikersnaam."


@OPERATOR.get("/gebruikers")
def list_users() -> str:
    """List the users that the form asks for."""
    text, after = request.args.get("zoek", "").strip()[:MAX_SEARCH], request.args.get("na", "")[:64]
    with database().reading() as connection:
        found = directory.search(connection, text, after, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    return render_template(
        "users.html",
        rows=[(one, ROLES[one.rol], _state(one)) for one in shown],
        text=text,
        after=shown[-1].login if len(found) > PER_PAGE else None,
        is_continued=bool(after),
    )


@OPERATOR.get("/gebruikers/toevoegen")
def show_new_user() -> str:
    """Show the form for a new user."""
    form = UserForm()
    kept_form.restore(form)
    return _show(form)


@OPERATOR.post("/gebruikers/toevoegen")
def add_user() -> ResponseReturnValue:
    """Add a user, and show the link once."""
    form = UserForm(request.form)
    if not form.validate():
        return _show(form), 422
    token, rol = str(form.bon.data), GebruikerRol(form.rol.data)
    if not link_once.is_offered(token):
        return _show(form, link_once.STALE), 409
    brin6s = _no_places(form) if rol is GebruikerRol.AFNEMER else _places(form, rol)
    if brin6s is None:
        return _show(form), 422
    klantnaam = (form.afnemer.data or "").strip() if rol is GebruikerRol.AFNEMER else None
    new = NewGebruiker(str(form.login.data), str(form.naam.data), rol, tuple(brin6s), klantnaam=klantnaam)
    try:
        with database().writing() as connection:
            added = by_operator.add(connection, new, token, now(), actor=login_session.actor())
    except GebruikerError:
        add_error(form.login, TAKEN)
        return _show(form), 422
    except ColleagueError:
        return redirect(url_for("account.start"), 303)
    back = url_for(".show_user", gebruiker_id=added.id)
    hours = int(LINK_LIFETIME.total_seconds() // 3600)
    return link_once.show(
        PASSWORD_PREFIX, token, naam=added.naam, login=added.login, hours=hours, back=back, kind="nieuw"
    )


def _no_places(form: UserForm) -> list[str] | None:
    """Return no vestigingen when the afnemer that was typed exists; else None, with the error beside the field."""
    if (form.vestigingen.data or "").strip():
        add_error(form.vestigingen, "Een gebruiker van een afnemer krijgt geen vestigingen. Laat dit leeg.")
        return None
    with database().reading() as connection:
        if afnemers.find(connection, (form.afnemer.data or "").strip()) is None:
            add_error(form.afnemer, "Vul de klantnaam in van een afnemer die bestaat, met precies deze hoofdletters.")
            return None
    return []


def _places(form: UserForm, rol: GebruikerRol) -> list[str] | None:
    """Return the vestigingen that were typed, each of which exists; else None, with the error beside the field."""
    if (form.afnemer.data or "").strip():
        add_error(form.afnemer, "Alleen bij de rol Afnemer hoort een klantnaam. Laat dit leeg.")
        return None
    found = places_of(form.vestigingen.data)
    if found is None:
        add_error(form.vestigingen, NO_PLACES)
        return None
    if not found and rol is not GebruikerRol.OPERATOR:
        add_error(form.vestigingen, "Vul minstens één vestiging in.")
        return None
    with database().reading() as connection:
        unknown = [brin6 for brin6 in found if find_vestiging(connection, brin6) is None]
    if unknown:
        add_error(form.vestigingen, f"Deze vestiging bestaat niet: {unknown[0]}.")
    return None if unknown else found


def places_of(typed: str | None) -> list[str] | None:
    """Return the brin6s that were typed, each once; None when something else stands there."""
    words = list(dict.fromkeys(re.split(r"[\s,;]+", (typed or "").strip().upper()))) if typed else []
    found = [word for word in words if word]
    return found if all(map(BRIN6.fullmatch, found)) else None


def _state(one: DirectoryRow) -> str:
    if not one.is_enabled:
        return "Geblokkeerd"
    if one.is_kept_out:
        return "Afnemer uitgeschakeld"
    if not one.has_way_in:
        return "Wachtwoord nog niet gekozen"
    return "Tweede stap nog niet ingesteld" if one.needs_totp and not one.has_totp else "Kan inloggen"


def _show(form: UserForm, error: str | None = None) -> str:
    form.bon.data = link_once.offer()
    return render_template("user_new.html", form=form, error=error)
