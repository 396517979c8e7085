"""Accepting an invitation by its link: without an account by making one, and with one after logging in.

The page of a link says the same whether an account with its login exists or not. The own account shows what waits, and
cannot accept it: only who was given the link can, not whoever had an account made with that login elsewhere.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.schools import find_vestiging
from uwlr_adapter.gebruikers import accounts, invitations, passwords
from uwlr_adapter.gebruikers.errors import ColleagueError, LoginTakenError
from uwlr_adapter.gebruikers.hash_queue import BusyError, Rank
from uwlr_adapter.gebruikers.invitations import Invitation
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.portal import known_browser, login_session
from uwlr_adapter.portal.blueprints import ACCOUNT, PUBLIC
from uwlr_adapter.portal.context import database, hash_queue, now, request_source
from uwlr_adapter.portal.error_pages import BUSY, retry_later
from uwlr_adapter.portal.forms import PasswordForm
from uwlr_adapter.portal.password_link import check_strength

ACCEPT, DECLINE = "aannemen", "afwijzen"
"""The values of the buttons of somebody who is logged in."""
JOINED = "Uw account is gemaakt. Log nu in met het wachtwoord dat u koos."
ACCEPTED_ELSEWHERE = (
    "U hebt de uitnodiging aangenomen. U ziet de school als u opnieuw inlogt; met een inlogdienst alleen als die de "
    "school noemt."
)


@dataclass(frozen=True, slots=True)
class ShownInvitation:
    """An invitation with the name of its school, and of the colleague who made it, as far as that is known."""

    invitation: Invitation
    school: str
    by: str


@PUBLIC.get("/uitnodiging/<token>")
def show_invitation(token: str) -> ResponseReturnValue:
    """Show what an invitation is for, and the two ways to accept it."""
    return _show(PasswordForm(), _find(token))


@PUBLIC.post("/uitnodiging/<token>")
def join(token: str) -> ResponseReturnValue:
    """Make the account of an invitation, which uses up the link."""
    form = PasswordForm(request.form)
    try:
        shown = _find(token)
        own = shown.invitation
        if not (form.validate() and check_strength(form, own.login, own.naam, [own.brin6])):
            return _show(form, shown), 422
        with hash_queue().place(request_source(), Rank.KNOWN_BROWSER):  # the link is proof enough
            hash_ = passwords.make_hash(str(form.wachtwoord.data))
        with database().writing() as connection:
            joined = invitations.join(connection, token, hash_, now())
    except LoginTakenError as error:
        return _show(form, shown, str(error)), 409
    except BusyError as error:
        return retry_later(_show(form, shown, BUSY), 503, error.wait)
    session.clear()
    flash(JOINED, "goed")
    response = redirect(url_for(".show_login"), 303)
    known_browser.remember(response, joined.login)
    return response


@ACCOUNT.post("/account/uitnodiging/<id:invitation_id>")
def answer_invitation(invitation_id: int) -> ResponseReturnValue:
    """Accept or decline an invitation for the login of the user; accepting asks for the token of its link."""
    gebruiker, pressed = login_session.require_gebruiker(), request.form.get("actie")
    back = redirect(url_for(".show_account"), 303)
    if pressed not in {ACCEPT, DECLINE}:
        return back
    try:
        with database().writing() as connection:
            if pressed == ACCEPT:
                found = invitations.accept(connection, gebruiker, request.form.get("bon", ""), now())
            else:
                table = invitations.table_of(
                    GebruikerRol.LEERKRACHT if request.form.get("soort") else GebruikerRol.LEZER
                )
                found = invitations.decline(connection, gebruiker, invitation_id, now(), table)
    except ColleagueError as error:
        flash(str(error), "let-op")
        return back
    if pressed == DECLINE:
        flash("U hebt de uitnodiging afgewezen.", "goed")
        return back
    if login_session.is_narrowed():
        flash(ACCEPTED_ELSEWHERE, "goed")
        return back
    flash("U hebt de uitnodiging aangenomen.", "goed")
    if found.taught is not None:
        return redirect(url_for("leerkracht.show_groepen"), 303)
    return redirect(url_for("school.show_overview", brin6=found.brin6), 303)


def waiting_for(connection: sa.Connection, login: str) -> list[ShownInvitation]:
    """Return the open invitations for a login."""
    return [_in_words(connection, one) for one in invitations.list_of_login(connection, login, now())]


def _find(token: str) -> ShownInvitation:
    """Return the invitation of a link. Raises InvalidLinkError."""
    with database().reading() as connection:
        return _in_words(connection, invitations.by_token(connection, token, now()))


def _in_words(connection: sa.Connection, one: Invitation) -> ShownInvitation:
    vestiging = find_vestiging(connection, one.brin6)
    names = accounts.names_of(connection, [one.invited_by])
    return ShownInvitation(
        one,
        one.brin6 if vestiging is None else f"{vestiging.naam} ({one.brin6})",
        names[one.invited_by][0] if one.invited_by in names else "Een collega",
    )


def _show(form: PasswordForm, shown: ShownInvitation, error: str | None = None) -> str:
    return render_template("invitation.html", form=form, shown=shown, error=error)
