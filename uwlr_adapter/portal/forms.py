"""The forms of the portal: fields, and errors beside them in Dutch. The rules themselves stand in their own rooms."""

from typing import Any

from wtforms import BooleanField, DateField, Field, Form, IntegerField, PasswordField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from uwlr_adapter.koppelingen import verificatiecode
from uwlr_adapter.koppelingen.lifecycle import MAX_NAAM

MAKE_CODE = "maak"
"""The value of the button `Maak een code`, for who has no script."""
MAX_LOGIN = 200
"""What may be typed as a login: more than any has."""


def readable(_form: Form, field: Field) -> None:
    """Refuse signs that cannot be read, which no keyboard gives."""
    if not str(field.data or "").isprintable():
        raise ValidationError("Gebruik alleen gewone letters en tekens.")


class LoginForm(Form):
    """Login and password."""

    login = StringField(
        "Gebruikersnaam",
        [
            InputRequired("Vul uw gebruikersnaam in."),
            Length(max=MAX_LOGIN, message="Dat is geen gebruikersnaam."),
            readable,
        ],
    )
    wachtwoord = PasswordField("Wachtwoord", [InputRequired("Vul uw wachtwoord in.")])


class TotpForm(Form):
    """The code of the app."""

    code = StringField("Code uit uw app", [InputRequired("Vul de code van 6 cijfers in.")])


class PasswordForm(Form):
    """A new password, typed twice."""

    wachtwoord = PasswordField("Nieuw wachtwoord", [InputRequired("Kies een wachtwoord.")])
    nogmaals = PasswordField("Nogmaals", [InputRequired("Vul het wachtwoord nog een keer in.")])

    def validate_nogmaals(self, field: Any) -> None:  # noqa: ANN401 - WTForms gives a field without a type
        """Refuse two different passwords."""
        if field.data != self.wachtwoord.data:
            raise ValidationError("De twee wachtwoorden zijn niet gelijk.")


class DutchDateField(DateField):
    """A day, as a browser sends it or as it is typed in Dutch."""

    def __init__(self, label: str, **more: Any) -> None:  # noqa: ANN401 - what WTForms adds
        super().__init__(label, format=["%Y-%m-%d", "%d-%m-%Y"], **more)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read it. Raises ValueError with the sentence for the person."""
        if not any(valuelist):
            self.data = None
            raise ValueError("Kies een startdatum.")
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027.") from None


class AkkoordForm(Form):
    """The agreement with the terms."""

    naam = StringField(
        "Uw naam",
        [
            InputRequired("Vul uw naam in."),
            Length(max=MAX_NAAM, message=f"Een naam heeft maximaal {MAX_NAAM} tekens."),
            readable,
        ],
    )
    akkoord = BooleanField("Voor akkoord", [InputRequired("Vink 'Voor akkoord' aan om verder te gaan.")])


class ActivationForm(AkkoordForm):
    """The activation of a koppeling; one without a code does not show that field."""

    startdatum = DutchDateField("Startdatum")
    verificatiecode = StringField("Verificatiecode")


class CodeForm(Form):
    """A verificatiecode, and which version of the koppeling was looked at."""

    versie = IntegerField()
    verificatiecode = StringField("Verificatiecode")


class VersionForm(Form):
    """A confirmation: which version of the koppeling was looked at."""

    versie = IntegerField()


class NewAkkoordForm(AkkoordForm):
    """The agreement with a newer version of the terms."""

    versie = IntegerField()


def check_code(field: StringField, brin6: str) -> bool:
    """Put the rules that a verificatiecode breaks beside its field; True when there are none."""
    sentences = verificatiecode.broken_rules(field.data or "", brin6)
    for sentence in sentences:
        add_error(field, sentence)
    return not sentences


def add_error(field: Field, text: str) -> None:
    """Put an error beside a field."""
    field.errors = [*field.errors, text]
