"""The page Collega's of a vestiging: who has access, inviting, and what can be done about the access of one colleague.

Each act is on the version of the account that was shown. A form that is sent twice does its act once, and a link is
shown again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.clock import date_time
from uwlr_adapter.gebruikers import access, accounts, invitations
from uwlr_adapter.gebruikers.accounts import LINK_LIFETIME, Gebruiker
from uwlr_adapter.gebruikers.errors import ColleagueError, NoColleagueError, NoLongerAllowedError
from uwlr_adapter.gebruikers.invitations import Invitation, NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.mail.telling import tell_owner
from uwlr_adapter.mail.words import account_letter, user_in_words
from uwlr_adapter.portal import kept_form, link_once, login_session
from uwlr_adapter.portal.account_forms import ROLES, ROLES_EXPLAINED, IdentityForm, InviteForm
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.forms import UNSEEN_VERSION, add_error
from uwlr_adapter.portal.paths import INVITATION_PREFIX, PASSWORD_PREFIX

PER_PAGE = 50
"""Colleagues on one page, and users of the bestuur that it names."""
AGAIN, WITHDRAW = "opnieuw", "intrekken"
"""The values of the buttons of an invitation."""
RESET, REMOVE = "herstellen", "verwijderen"
"""The values of the buttons of a colleague, beside the roles."""


@dataclass(frozen=True, slots=True)
class ShownUser:
    """A user as a page shows it."""

    gebruiker: Gebruiker
    rol: str
    state: str
    is_well: bool


@dataclass(frozen=True, slots=True)
class ShownLink:
    """An invitation that waits, as the page shows it."""

    invitation: Invitation
    rol: str
    state: str


@SCHOOL.get("/collegas")
def show_colleagues(brin6: str) -> str:
    """Show who has access."""
    form = InviteForm(rol=str(GebruikerRol.LEZER))
    kept_form.restore(form)
    return _show_list(brin6, form)


@SCHOOL.post("/collegas")
def invite(brin6: str) -> ResponseReturnValue:
    """Invite a colleague, and show the link once."""
    form = InviteForm(request.form)
    if not form.validate():
        return _show_list(brin6, form), 422
    token = str(form.bon.data)
    if not link_once.is_offered(token):
        return _show_list(brin6, form, link_once.STALE), 409
    new = NewInvitation(brin6, str(form.login.data), str(form.naam.data), GebruikerRol(str(form.rol.data)))
    try:
        with database().writing() as connection:
            made = invitations.invite(connection, new, token, now(), actor=login_session.actor())
    except NoLongerAllowedError as error:
        return _lost(brin6, error)
    except ColleagueError as error:
        add_error(form.login, str(error))
        return _show_list(brin6, form), 422
    return _show_invitation_link(brin6, made, token)


@SCHOOL.post("/collegas/uitnodiging/<id:invitation_id>")
def change_invitation(brin6: str, invitation_id: int) -> ResponseReturnValue:
    """Make another link for an invitation, or withdraw it."""
    pressed, token, who = request.form.get("actie"), request.form.get("bon", ""), login_session.actor()
    if pressed not in {AGAIN, WITHDRAW}:
        return _to_list(brin6)
    if pressed == AGAIN and not link_once.is_offered(token):
        flash(link_once.STALE, "let-op")
        return _to_list(brin6)
    try:
        with database().writing() as connection:
            if pressed == WITHDRAW:
                gone = invitations.withdraw(connection, brin6, invitation_id, now(), actor=who)
            else:
                made = invitations.renew(connection, brin6, invitation_id, token, now(), actor=who)
    except NoLongerAllowedError as error:
        return _lost(brin6, error)
    except ColleagueError as error:
        flash(str(error), "let-op")
        return _to_list(brin6)
    if pressed == AGAIN:
        return _show_invitation_link(brin6, made, token)
    flash(f"De uitnodiging voor {gone.naam} is ingetrokken; de link werkt niet meer.", "goed")
    return _to_list(brin6)


@SCHOOL.get("/collegas/<id:gebruiker_id>")
def show_colleague(brin6: str, gebruiker_id: int) -> ResponseReturnValue:
    """Show one colleague, with what can be done."""
    return _show_one(brin6, gebruiker_id, IdentityForm())


@SCHOOL.post("/collegas/<id:gebruiker_id>")
def change_colleague(brin6: str, gebruiker_id: int) -> ResponseReturnValue:
    """Do what a button of the page asks: another role, no access any more, or a new link to log in with."""
    pressed, form = request.form.get("actie"), IdentityForm(request.form)
    seen = UNSEEN_VERSION if form.versie.data is None else form.versie.data
    if pressed == RESET:
        return _reset(brin6, gebruiker_id, form, seen)
    if pressed == REMOVE:
        return _act(brin6, gebruiker_id, lambda connection: _remove(connection, brin6, gebruiker_id, seen))
    if pressed in {GebruikerRol.SCHOOLBEHEERDER, GebruikerRol.LEZER}:
        rol = GebruikerRol(str(pressed))
        return _act(brin6, gebruiker_id, lambda connection: _set_rol(connection, brin6, gebruiker_id, rol, seen))
    return redirect(url_for(".show_colleague", brin6=brin6, gebruiker_id=gebruiker_id), 303)


def _set_rol(connection: sa.Connection, brin6: str, gebruiker_id: int, rol: GebruikerRol, seen: int) -> str:
    """Give a colleague another role, unless it has that already; return what was done."""
    known = accounts.by_id(connection, gebruiker_id)
    if known is None or not access.is_colleague(known, brin6):
        raise NoColleagueError
    if known.rol_at(brin6) is not rol:
        access.set_rol(connection, brin6, gebruiker_id, rol, seen, now(), actor=login_session.actor())
    return f"{known.naam} is nu {rol} van deze school."


def _remove(connection: sa.Connection, brin6: str, gebruiker_id: int, seen: int) -> str:
    """Take the access of a colleague away; return what was done."""
    gone = access.remove(connection, brin6, gebruiker_id, seen, now(), actor=login_session.actor())
    ended = "" if gone.is_enabled else " Het account is afgesloten, en is overal uitgelogd."
    return f"{gone.naam} heeft geen toegang meer tot deze school.{ended}"


def _act(brin6: str, gebruiker_id: int, act: Callable[[sa.Connection], str]) -> Response:
    """Do an act in a transaction, and say what was done, or why not."""
    try:
        with database().writing() as connection:
            done = act(connection)
    except ColleagueError as error:
        return _refuse(brin6, gebruiker_id, error)
    flash(done, "goed")
    own = gebruiker_id == login_session.require_gebruiker().id
    return redirect(url_for("account.start"), 303) if own else _to_list(brin6)


def _refuse(brin6: str, gebruiker_id: int, error: ColleagueError) -> Response:
    """Say why nothing was done, on the nearest page that the user still has."""
    if isinstance(error, NoLongerAllowedError):
        return _lost(brin6, error)
    flash(str(error), "let-op")
    if isinstance(error, NoColleagueError):
        return _to_list(brin6)
    return redirect(url_for(".show_colleague", brin6=brin6, gebruiker_id=gebruiker_id), 303)


def _reset(brin6: str, gebruiker_id: int, form: IdentityForm, seen: int) -> ResponseReturnValue:
    """Make a new link for a colleague, who lost the phone or the password, and show it once."""
    if not form.validate():
        return _show_one(brin6, gebruiker_id, form, status=422)
    token, actor = str(form.bon.data), login_session.require_gebruiker()
    if not link_once.is_offered(token):
        flash(link_once.STALE, "let-op")
        return redirect(url_for(".show_colleague", brin6=brin6, gebruiker_id=gebruiker_id), 303)
    try:
        with database().writing() as connection:
            found = access.reset(connection, brin6, gebruiker_id, seen, token, now(), actor=actor)
            if has_mail():
                tell_reset(connection, found, user_in_words(actor.login, actor.naam), token)
    except ColleagueError as error:
        return _refuse(brin6, gebruiker_id, error)
    back = url_for(".show_colleagues", brin6=brin6)
    hours = int(LINK_LIFETIME.total_seconds() // 3600)
    return link_once.show(
        PASSWORD_PREFIX, token, naam=found.naam, login=found.login, hours=hours, back=back, kind=RESET
    )


def tell_reset(connection: sa.Connection, found: Gebruiker, who: str, token: str) -> None:
    """Tell a user that the own account was set up anew, and by whom; once for each link."""
    sentence = (
        f"{who} heeft uw account opnieuw ingesteld: uw wachtwoord, uw tweede stap, uw herstelcodes en het inloggen "
        "via een inlogdienst werken niet meer. U begint opnieuw met een link die u van diegene krijgt."
    )
    letter = account_letter("Uw account is opnieuw ingesteld", sentence)
    tell_owner(connection, found.id, f"reset:{accounts.link_digest(token)[:16]}", letter, now())


def state_of(one: Gebruiker) -> tuple[str, bool]:
    """Return the state of an account in words, and whether its owner can log in as it is."""
    if not one.is_enabled:
        return "Geblokkeerd" if one.is_blocked else "Afnemer uitgeschakeld", False
    if not one.has_way_in:
        if one.link_until is not None and one.link_until > now():
            return f"Heeft een link, tot {date_time(one.link_until)}", False
        return "De link is verlopen", False
    if one.must_set_up_totp and not one.has_provider:
        return "Tweede stap nog niet ingesteld", False
    return "Kan inloggen", True


def _shown(one: Gebruiker, brin6: str) -> ShownUser:
    state, is_well = state_of(one)
    return ShownUser(one, ROLES[one.rol_at(brin6)], state, is_well)


def _to_list(brin6: str) -> Response:
    return redirect(url_for("school.show_colleagues", brin6=brin6), 303)


def _lost(brin6: str, error: ColleagueError) -> Response:
    """Send somebody who may not do this any more to the overview."""
    flash(str(error), "let-op")
    return redirect(url_for("school.show_overview", brin6=brin6), 303)


def _show_invitation_link(brin6: str, made: Invitation, token: str) -> str:
    back = url_for("school.show_colleagues", brin6=brin6)
    hours = int(invitations.LIFETIME.total_seconds() // 3600)
    return link_once.show(
        INVITATION_PREFIX, token, naam=made.naam, login=made.login, hours=hours, back=back, kind="uitnodiging"
    )


def _show_list(brin6: str, form: InviteForm, error: str | None = None) -> str:
    after = request.args.get("na", "")[:64]
    with database().reading() as connection:
        found = access.list_colleagues(connection, brin6, after, PER_PAGE + 1)
        others = access.list_others(connection, brin6, PER_PAGE)
        waiting = invitations.list_of_vestiging(connection, brin6)
    shown = found[:PER_PAGE]
    form.bon.data = link_once.offer()
    return render_template(
        "colleagues.html",
        form=form,
        error=error,
        rows=[_shown(one, brin6) for one in shown],
        after=shown[-1].login if len(found) > PER_PAGE else None,
        is_continued=bool(after),
        others=[_shown(one, brin6) for one in others],
        links=[_link(one) for one in waiting],
        roles=ROLES_EXPLAINED,
    )


def _link(one: Invitation) -> ShownLink:
    is_open = one.is_open(now())
    return ShownLink(one, ROLES[one.rol], f"{'Geldig tot' if is_open else 'Verlopen op'} {date_time(one.until)}")


def _show_one(brin6: str, gebruiker_id: int, form: IdentityForm, *, status: int = 200) -> ResponseReturnValue:
    with database().reading() as connection:
        found = accounts.by_id(connection, gebruiker_id)
    if found is None or not access.is_colleague(found, brin6):
        flash(str(NoColleagueError()), "let-op")
        return _to_list(brin6)
    manager = login_session.require_gebruiker()
    form.bon.data = link_once.offer()
    page = render_template(
        "colleague.html",
        form=form,
        shown=_shown(found, brin6),
        one=found,
        rol=found.rol_at(brin6),
        is_self=found.id == manager.id,
        can_reset=found.is_enabled and found.id != manager.id and access.can_reset(manager, found),
    )
    return page, status
