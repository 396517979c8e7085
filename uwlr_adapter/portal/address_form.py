"""The shared part of the pages with an e-mail address: entering, confirming, asking for another code, and removing it.

A form sent twice, or from two tabs, does nothing twice: what is typed replaces what was there, a code counts once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import flash, request

from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.address import AddressError
from uwlr_adapter.mail.addresses import ConfirmationError, Owner
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.forms import AddressCodeForm, AddressForm, add_error

ENTER, CONFIRM, AGAIN, REMOVE = "adres", "code", "opnieuw", "verwijderen"
"""The values of the buttons."""
NO_MAIL = "Er is geen mailserver ingesteld; er wordt niets gemaild. Vraag de beheerder ernaar."
WRONG_CODE = "Deze code is niet juist. Kijk in de nieuwste mail die u kreeg."


@dataclass(slots=True)
class AddressForms:
    """The two forms of the page of an address."""

    address: AddressForm = field(default_factory=AddressForm)
    code: AddressCodeForm = field(default_factory=AddressCodeForm)

    @property
    def is_wrong(self) -> bool:
        """Whether what was sent was wrong, so that they are shown again."""
        return bool(self.address.errors or self.code.errors)


def act(owner: Owner, record: Callable[[sa.Connection, bool], None]) -> AddressForms:
    """Do what a button of the page asks, and return the forms.

    `record` writes in the journaal that the address was confirmed (True) or removed (False), in the same transaction.
    """
    forms, pressed = AddressForms(), request.form.get("actie")
    try:
        if pressed == REMOVE:
            _remove(owner, record)
        elif pressed in {ENTER, CONFIRM, AGAIN} and not has_mail():
            flash(NO_MAIL, "let-op")
        elif pressed == ENTER:
            _enter(owner, forms, record)
        elif pressed == CONFIRM:
            _confirm(owner, forms, record)
        elif pressed == AGAIN:
            with database().writing() as connection:
                addresses.send_code(connection, owner, now())
            flash("Er wordt een nieuwe code gestuurd. De vorige werkt dan niet meer.", "goed")
    except ConfirmationError as error:
        flash(str(error), "let-op")
    return forms


def _enter(owner: Owner, forms: AddressForms, record: Callable[[sa.Connection, bool], None]) -> None:
    forms.address = AddressForm(request.form)
    if not forms.address.validate():
        return
    try:
        with database().writing() as connection:
            before = addresses.find(connection, owner)
            entered = addresses.enter(connection, owner, str(forms.address.adres.data), now())
            if before is not None and before.is_usable and not entered.is_usable:
                record(connection, False)  # noqa: FBT003 - removed: nothing is told to it any more
    except AddressError as error:
        add_error(forms.address.adres, str(error))
        return
    if entered.is_usable:
        flash("Dit e-mailadres was al bevestigd.", "goed")
    else:
        flash(
            "Er wordt een code naar dit adres gestuurd. Vul die hieronder in; tot dan gaan er geen meldingen heen.",
            "goed",
        )


def _confirm(owner: Owner, forms: AddressForms, record: Callable[[sa.Connection, bool], None]) -> None:
    forms.code = AddressCodeForm(request.form)
    if not forms.code.validate():
        return
    with database().writing() as connection:
        is_right = addresses.confirm(connection, owner, str(forms.code.code.data), now())
        if is_right:
            record(connection, True)  # noqa: FBT003 - confirmed
    if is_right:
        flash("Het e-mailadres is bevestigd. Meldingen gaan er voortaan heen.", "goed")
    else:
        add_error(forms.code.code, WRONG_CODE)


def _remove(owner: Owner, record: Callable[[sa.Connection, bool], None]) -> None:
    with database().writing() as connection:
        was_there = addresses.remove(connection, owner, now())
        if was_there:
            record(connection, False)  # noqa: FBT003 - removed
    flash("Het e-mailadres is verwijderd." if was_there else "Er was geen e-mailadres meer.", "goed")
