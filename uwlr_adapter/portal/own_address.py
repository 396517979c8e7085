"""The page of a user's own account: the e-mail address for meldingen, and logins from a new browser."""

import sqlalchemy as sa
from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.gebruikers import accounts, new_browsers, recovery
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.address import shown
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.portal import address_form, kept_form, login_session, proof
from uwlr_adapter.portal.address_form import AddressForms
from uwlr_adapter.portal.blueprints import ACCOUNT
from uwlr_adapter.portal.context import database, has_mail
from uwlr_adapter.portal.invitation import waiting_for

ALL_SCHOOLS = (
    "De meldingen gaan over al uw scholen, en u bent nu niet voor al uw scholen ingelogd. Log eerst zo in dat u ze "
    "alle ziet, zoals met uw wachtwoord. Er is niets gewijzigd."
)
SHOWN_LOGINS = 5
"""Logins from a new browser on the page."""


@ACCOUNT.get("/account")
def show_account() -> str:
    """Show the account of the user."""
    forms = AddressForms()
    kept_form.restore(forms.address)
    return _show(forms)


@ACCOUNT.post("/account")
def change_account() -> ResponseReturnValue:
    """Enter, confirm or remove the address of the user."""
    gebruiker = login_session.require_gebruiker()

    if _leaves_out(gebruiker):
        flash(ALL_SCHOOLS, "let-op")
        return redirect(url_for(".show_account"), 303)

    def record(connection: sa.Connection, confirmed: bool) -> None:  # noqa: FBT001 - as `act` calls it
        proof.record(connection, gebruiker, Act.EMAIL_CONFIRMED if confirmed else Act.EMAIL_REMOVED)

    forms = address_form.act(Owner(gebruiker_id=gebruiker.id), record)
    return (_show(forms), 422) if forms.is_wrong else redirect(url_for(".show_account"), 303)


def _leaves_out(gebruiker: Gebruiker) -> bool:
    """Return whether the session is narrowed to fewer vestigingen than the mails to this user are about."""
    with database().reading() as connection:
        return gebruiker.places != accounts.get(connection, gebruiker.login).places


def _show(forms: AddressForms) -> str:
    gebruiker = login_session.require_gebruiker()
    with database().reading() as connection:
        address = addresses.find(connection, Owner(gebruiker_id=gebruiker.id))
        logins = new_browsers.last(connection, gebruiker.id, SHOWN_LOGINS)
        is_of_afnemer = gebruiker.rol is GebruikerRol.AFNEMER  # it can join no school, and learns nothing of one
        waiting = [] if is_of_afnemer else waiting_for(connection, gebruiker.login)
        codes_left = recovery.count(connection, gebruiker.id)
    return render_template(
        "account.html",
        address=address,
        shown_address="" if address is None else shown(address.address),
        logins=logins,
        waiting=waiting,
        codes_left=codes_left,
        forms=forms,
        has_mail=has_mail(),
    )
