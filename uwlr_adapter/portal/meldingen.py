"""The page Meldingen of a vestiging: who is told things by mail, what was sent, and when nothing is."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import calendar_acts, school_calendar
from uwlr_adapter.administratie.summer import Region, Summer, summer_of
from uwlr_adapter.clock import day_of, short_date_time
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_act
from uwlr_adapter.mail import addresses, outbox, recipients
from uwlr_adapter.mail.address import shown
from uwlr_adapter.mail.addresses import MailAddress, Owner
from uwlr_adapter.mail.outbox import MailFailure, MailRecord
from uwlr_adapter.mail.recipients import MailRecipient
from uwlr_adapter.portal import address_form, kept_form, login_session
from uwlr_adapter.portal.address_form import AddressForms
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.forms import RegionForm

SHOWN_MAILS = 20
"""Mails on the page."""
REGION = "regio"
"""The value of the button of the region."""
FAILURES = {
    MailFailure.UNREACHABLE: "de mailserver is niet bereikbaar",
    MailFailure.BROKEN_OFF: "de verbinding met de mailserver brak af",
    MailFailure.LATER: "de mailserver vroeg om het later te proberen",
    MailFailure.NO_SUCH_ADDRESS: "dit adres bestaat niet, zegt de mailserver",
    MailFailure.REFUSED: "de mailserver weigerde het bericht",
    MailFailure.UNSURE: "het is onzeker of het is aangekomen",
    MailFailure.TOO_LATE: "het lukte drie dagen lang niet",
    MailFailure.OBSOLETE: "het was niet meer nodig",
}


@dataclass(frozen=True, slots=True)
class Colleague:
    """A schoolbeheerder of the vestiging, and whether that user is told things."""

    naam: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class ShownMail:
    """A mail as the page shows it."""

    mail: MailRecord
    to: str
    state: str
    has_failed: bool


@dataclass(frozen=True, slots=True)
class MeldingenView:
    """The content of the page; `to` is who is told now when there is neither an address nor a colleague who is."""

    address: MailAddress | None
    shown_address: str
    colleagues: tuple[Colleague, ...]
    to: str | None
    region: Region | None
    summer: Summer
    mails: tuple[ShownMail, ...]


@SCHOOL.get("/meldingen")
def show_meldingen(brin6: str) -> str:
    """Show who is told, and what was sent."""
    forms, region_form = AddressForms(), RegionForm()
    kept_form.restore(forms.address, region_form)
    return _show(brin6, forms, region_form)


@SCHOOL.post("/meldingen")
def change_meldingen(brin6: str) -> ResponseReturnValue:
    """Enter, confirm or remove the address of the vestiging, or set its region."""
    if request.form.get("actie") == REGION:
        return _set_region(brin6)

    def record(connection: sa.Connection, confirmed: bool) -> None:  # noqa: FBT001 - as `act` calls it
        act = Act.ADDRESS_CONFIRMED if confirmed else Act.ADDRESS_REMOVED
        record_act(connection, moment=now(), act=act, koppeling_id=None, brin6=brin6, actor=login_session.actor())

    forms = address_form.act(Owner(brin6=brin6), record)
    return (_show(brin6, forms, RegionForm()), 422) if forms.is_wrong else _back(brin6)


def _set_region(brin6: str) -> ResponseReturnValue:
    form = RegionForm(request.form)
    if not form.validate():
        return _show(brin6, AddressForms(), form), 422
    with database().writing() as connection:
        calendar_acts.set_region(connection, brin6, Region(str(form.regio.data)), now(), actor=login_session.actor())
    flash("De vakantieregio is ingesteld.", "goed")
    return _back(brin6)


def _back(brin6: str) -> Response:
    return redirect(url_for("school.show_meldingen", brin6=brin6), 303)


def _show(brin6: str, forms: AddressForms, region_form: RegionForm) -> str:
    view = _read(brin6)
    if region_form.regio.data is None and view.region is not None:
        region_form.regio.data = str(view.region)
    return render_template(
        "meldingen.html", view=view, forms=forms, region_form=region_form, regions=Region, has_mail=has_mail()
    )


def _read(brin6: str) -> MeldingenView:
    with database().reading() as connection:
        address = addresses.find(connection, Owner(brin6=brin6))
        people = recipients.of_vestiging(connection, brin6)
        told = {one.gebruiker_id for one in people}
        users = accounts.list_of_vestiging(connection, brin6)
        colleagues = tuple(
            Colleague(one.naam, one.id in told)
            for one in users
            if one.rol is GebruikerRol.SCHOOLBEHEERDER and one.is_enabled
        )
        region = school_calendar.region_of(connection, brin6)
        names = {one.id: one.naam for one in users}
        mails = tuple(_shown(one, names) for one in outbox.list_mails(connection, brin6=brin6, limit=SHOWN_MAILS))
    return MeldingenView(
        address,
        "" if address is None else shown(address.address),
        colleagues,
        _instead(people),
        region,
        _next_summer(region),
        mails,
    )


def _next_summer(region: Region | None) -> Summer:
    """Return the present or the next summer holiday."""
    today = day_of(now())
    summer = summer_of(region, today.year)
    return summer if today <= summer.last else summer_of(region, today.year + 1)


def _instead(people: list[MailRecipient]) -> str | None:
    """Return who is told when there is no address of the school and no schoolbeheerder with one; else None."""
    if not people:
        return "niemand"
    return {GebruikerRol.BESTUUR: "het bestuur", GebruikerRol.OPERATOR: "de beheerder van de koppelingen"}.get(
        people[0].rol or GebruikerRol.SCHOOLBEHEERDER
    )


def _shown(mail: MailRecord, names: dict[int, str]) -> ShownMail:
    """Return a mail in words. The address of a colleague is not shown, but whose it is."""
    to = shown(mail.address) if mail.gebruiker_id is None else names.get(mail.gebruiker_id, "een andere gebruiker")
    why = "" if mail.failure is None else f": {FAILURES[mail.failure]}"
    if mail.sent_at is not None:
        return ShownMail(mail, to, f"Verstuurd op {short_date_time(mail.sent_at)}", has_failed=False)
    if mail.next_try_at is None:
        return ShownMail(mail, to, f"Niet verstuurd{why}", has_failed=mail.failure is not MailFailure.OBSOLETE)
    if mail.failure is None:
        return ShownMail(mail, to, "Wordt verstuurd", has_failed=False)
    again = f"; nieuwe poging vanaf {short_date_time(mail.next_try_at)}"
    return ShownMail(mail, to, f"Nog niet verstuurd{why}{again}", has_failed=True)
