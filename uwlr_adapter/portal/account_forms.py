"""The forms about accounts: the own password and second factor, a colleague, and a user of the operator."""

from typing import Any

from wtforms import BooleanField, Form, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Optional, ValidationError

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import MAX_NAAM
from uwlr_adapter.gebruikers.errors import GebruikerError
from uwlr_adapter.gebruikers.tables import SCHOOL_ROLES, GebruikerRol
from uwlr_adapter.koppelingen.afnemers import MAX_KLANTNAAM
from uwlr_adapter.portal.forms import MAX_SEARCH, PasswordForm, RotateForm, require_printable

LOGIN_RULE = (
    "Een gebruikersnaam heeft 3 tot 64 kleine letters, cijfers of . _ @ + -, en begint en eindigt niet met een teken."
)
ROLES = {
    GebruikerRol.SCHOOLBEHEERDER: "Schoolbeheerder",
    GebruikerRol.LEZER: "Lezer",
    GebruikerRol.LEERKRACHT: "Leerkracht",
    GebruikerRol.BESTUUR: "Bestuur",
    GebruikerRol.OPERATOR: "Beheerder van de koppelingen",
    GebruikerRol.AFNEMER: "Afnemer",
}
"""The name of each role, as it is read."""
ROLES_EXPLAINED = {
    GebruikerRol.SCHOOLBEHEERDER: "Schoolbeheerder: ziet en doet alles voor deze school, en beheert wie toegang heeft",
    GebruikerRol.LEZER: "Lezer: ziet de koppelingen en het logboek, en kan niets wijzigen",
}
"""The roles that a school hands out, as a choice."""
MAX_PLACES = 1000
"""Characters of a list of vestigingen as typed: 140 of them."""


class RolField(SelectField):
    """A choice of one of some roles."""

    def __init__(self, label: str, roles: tuple[GebruikerRol, ...], **options: Any) -> None:  # noqa: ANN401 - of WTForms
        rules = [AnyOf([*map(str, roles)], "Kies een rol.")]
        super().__init__(label, rules, coerce=str, validate_choice=False, **options)
        self.choices = [(str(rol), ROLES[rol]) for rol in roles]


class OwnPasswordForm(Form):
    """The present password of the user."""

    huidig = PasswordField("Uw wachtwoord van nu", [InputRequired("Vul uw wachtwoord van nu in.")])


class ChangePasswordForm(PasswordForm):
    """The present password, and a new one typed twice."""

    huidig = PasswordField("Uw wachtwoord van nu", [InputRequired("Vul uw wachtwoord van nu in.")])


class RenewForm(OwnPasswordForm):
    """The present password and the present second factor."""

    code = StringField(
        "Code uit uw app, of een herstelcode",
        [InputRequired("Vul een code in."), Length(max=MAX_SEARCH, message="Dat is geen code.")],
    )


class OwnKlantcodeForm(RotateForm):
    """A new klantcode of the own afnemer, with the proof of who asks: one of the last two fields."""

    code = StringField("Code uit uw app, of een herstelcode", [Length(max=MAX_SEARCH, message="Dat is geen code.")])
    huidig = PasswordField("Uw wachtwoord van nu")


class RecoveryForm(Form):
    """A recovery code."""

    code = StringField(
        "Herstelcode",
        [InputRequired("Vul een herstelcode in."), Length(max=MAX_SEARCH, message="Dat is geen herstelcode.")],
    )


def _require_login(_form: Form, field: Any) -> None:  # noqa: ANN401 - WTForms has no type for it
    """Refuse a login of another form. Raises ValidationError."""
    try:
        accounts.require_login(str(field.data or ""))
    except GebruikerError:
        raise ValidationError(LOGIN_RULE) from None


class PersonForm(Form):
    """A person who gets an account."""

    naam = StringField(
        "Naam",
        [
            DataRequired("Vul een naam in."),
            Length(max=MAX_NAAM, message=f"Een naam heeft maximaal {MAX_NAAM} tekens."),
            require_printable,
        ],
    )
    login = StringField("Gebruikersnaam", [InputRequired("Vul een gebruikersnaam in."), _require_login])
    bon = StringField()


class InviteForm(PersonForm):
    """A colleague to invite."""

    rol = StringField("Rol", [AnyOf([*map(str, SCHOOL_ROLES)], "Kies een rol.")])


class LeerkrachtForm(PersonForm):
    """Somebody who gets the results of groepen; the groepen are ticks beside it."""

    schooljaar = StringField()


class UserForm(PersonForm):
    """A new user of the operator."""

    rol = RolField("Rol", tuple(rol for rol in ROLES if rol is not GebruikerRol.LEERKRACHT))
    vestigingen = StringField("Vestigingen", [Optional(), Length(max=MAX_PLACES, message="Vul er minder tegelijk in.")])
    afnemer = StringField("Klantnaam van de afnemer", [Optional(), Length(max=MAX_KLANTNAAM), require_printable])


class PlacesForm(Form):
    """The vestigingen of a user that come and go."""

    versie = IntegerField()
    erbij = StringField("Erbij", [Optional(), Length(max=MAX_PLACES, message="Vul er minder tegelijk in.")])
    eraf = StringField("Eraf", [Optional(), Length(max=MAX_PLACES, message="Vul er minder tegelijk in.")])
    rol = RolField("Rol bij wat erbij komt", SCHOOL_ROLES)


class IdentityForm(Form):
    """The confirmation that whoever asks for a new link is the owner of the account."""

    versie = IntegerField()
    bon = StringField()
    bevestigd = BooleanField(
        "Ik heb vastgesteld dat mijn collega dit zelf vraagt: ik zag of sprak mijn collega.",
        [InputRequired("Stel eerst vast dat uw collega dit zelf vraagt, en vink dat dan aan.")],
    )


class OwnerForm(IdentityForm):
    """The same confirmation by an operator, who is no colleague of the owner."""

    bevestigd = BooleanField(
        "Ik heb vastgesteld dat de eigenaar van het account dit zelf vraagt: ik zag of sprak de eigenaar.",
        [InputRequired("Stel eerst vast dat de eigenaar van het account dit zelf vraagt, en vink dat dan aan.")],
    )
