"""The forms of the portal: their fields, and the Dutch errors beside them.

Rules of koppelingen and gebruikers are not repeated here; their errors are added with `add_error`.
"""

from datetime import datetime
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    Form,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
)
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from uwlr_adapter.administratie.summer import Region
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.koppelingen import verificatiecode
from uwlr_adapter.koppelingen.afnemers import MAX_KLANTNAAM
from uwlr_adapter.koppelingen.lifecycle import MAX_NAAM
from uwlr_adapter.mail.tables import MAX_ADDRESS
from uwlr_adapter.maintenance.tables import MAX_TEXT

GENERATE_CODE = "maak"
"""The value of the button `Maak een code` in a browser without JavaScript."""
MAX_LOGIN = 200
"""Characters of a login as typed: more than any login has."""
MAX_SEARCH = 100
"""Characters of a name that is searched for: more than a person types."""
MAX_NAAM_PART = 60
"""Characters of a name of a vestiging that is searched for: beside forty ticks it fits in a query."""
MAX_OVERLAP = 366
"""Days during which two klantcodes may both be valid, inclusive; a longer time is not a rotation."""
DATE_FORMATS = ["%Y-%m-%d", "%d-%m-%Y"]
"""A date as a browser sends it, and as it is typed in Dutch."""
NO_DATE = "Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d-%m-%Y %H:%M"]
"""A moment as a browser sends it, and as it is typed in Dutch."""
NO_MOMENT = "Vul datum en tijd in, bijvoorbeeld 27-12-2026 22:00."
FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years of a date (inclusive); far from the first and the last day that can be reckoned with."""
UNSEEN_VERSION = 0
"""The version of a form that names none; a koppeling never has it."""


def require_printable(_form: Form, field: Field) -> None:
    """Refuse control characters and other characters that are not printable. Raises ValidationError."""
    if not str(field.data or "").isprintable():
        raise ValidationError("Gebruik alleen gewone letters en tekens.")


def _without_outer_space(typed: str | None) -> str | None:
    """Return what was typed without the space around it, which comes along with what is copied."""
    return None if typed is None else typed.strip()


class LoginForm(Form):
    """The first step of logging in."""

    login = StringField(
        "Gebruikersnaam",
        [
            InputRequired("Vul uw gebruikersnaam in."),
            Length(max=MAX_LOGIN, message="Dat is geen gebruikersnaam."),
            require_printable,
        ],
    )
    wachtwoord = PasswordField("Wachtwoord", [InputRequired("Vul uw wachtwoord in.")])


class TotpForm(Form):
    """A code of the authenticator app."""

    code = StringField("Code uit uw app", [InputRequired("Vul de code van 6 cijfers in.")])


class PasswordForm(Form):
    """A new password, typed twice."""

    wachtwoord = PasswordField("Nieuw wachtwoord", [InputRequired("Kies een wachtwoord.")])
    nogmaals = PasswordField("Nogmaals", [InputRequired("Vul het wachtwoord nog een keer in.")])

    def validate_nogmaals(self, field: Any) -> None:  # noqa: ANN401 - WTForms has no type for it
        """Refuse two different passwords. Raises ValidationError."""
        if field.data != self.wachtwoord.data:
            raise ValidationError("De twee wachtwoorden zijn niet gelijk.")


class DutchDateField(DateField):
    """A date, as a browser sends it or as it is typed in Dutch."""

    def __init__(self, label: str, validators: Any = None, **options: Any) -> None:  # noqa: ANN401 - passed on to WTForms
        super().__init__(label, validators, format=DATE_FORMATS, **options)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the date. Raises ValueError with a Dutch sentence."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(NO_DATE) from None


class SearchDateField(DutchDateField):
    """A date of FIRST_YEAR to LAST_YEAR, or none."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the date. Raises ValueError with a Dutch sentence."""
        super().process_formdata(valuelist)
        if self.data is not None and not FIRST_YEAR <= self.data.year <= LAST_YEAR:
            self.data = None
            raise ValueError(NO_DATE)


class StartDateField(DutchDateField):
    """The required day on which a koppeling opens."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Parse the date. Raises ValueError with a Dutch sentence."""
        if not any(valuelist):
            self.data = None
            raise ValueError("Kies een startdatum.")
        super().process_formdata(valuelist)


class LocalMomentField(DateTimeLocalField):
    """A moment as the clock in Amsterdam has it; of the doubled hour of October the first one."""

    data: Any

    def __init__(self, label: str, rules: list[Any], **options: Any) -> None:  # noqa: ANN401 - of WTForms
        super().__init__(label, rules, format=MOMENT_FORMATS, **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the moment. Raises ValueError, which WTForms shows beside the field."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(NO_MOMENT) from None
        if self.data is not None and not FIRST_YEAR <= self.data.year <= LAST_YEAR:
            self.data = None
            raise ValueError(NO_MOMENT)

    @property
    def moment(self) -> datetime:
        """The moment, timezone-aware."""
        found: datetime = self.data
        return found.replace(tzinfo=AMSTERDAM)


class AkkoordForm(Form):
    """The akkoord with the voorwaarden."""

    naam = StringField(
        "Uw naam",
        [
            InputRequired("Vul uw naam in."),
            Length(max=MAX_NAAM, message=f"Een naam heeft maximaal {MAX_NAAM} tekens."),
            require_printable,
        ],
    )
    akkoord = BooleanField("Voor akkoord", [InputRequired("Vink 'Voor akkoord' aan om verder te gaan.")])
    gezien = StringField()
    """The digest of what was shown to agree to (`agreements.offer_of`)."""


class ActivationForm(AkkoordForm):
    """The activation of a koppeling; the page leaves out the verificatiecode of a koppeling that has none."""

    akkoord_resultaten = BooleanField("Voor akkoord")
    """For results, where the koppeling offers them (`akkoord_choice.py`)."""
    startdatum = StartDateField("Startdatum")
    verificatiecode = StringField("Verificatiecode", filters=[_without_outer_space])


class ManyActivationForm(AkkoordForm):
    """The activation of one koppeling at many vestigingen: their codes follow from `zaad`, a random seed."""

    akkoord_resultaten = BooleanField("Voor akkoord")
    startdatum = StartDateField("Startdatum")
    zaad = StringField()


class ManyEndForm(Form):
    """The confirmation that one koppeling ends at many vestigingen: its name, typed."""

    bevestiging = StringField("Typ de naam van de koppeling ter bevestiging")


class CodeForm(Form):
    """A verificatiecode, and the version of the koppeling that was shown."""

    versie = IntegerField()
    verificatiecode = StringField("Verificatiecode", filters=[_without_outer_space])


class StartdatumForm(Form):
    """Another Startdatum, and the version of the koppeling that was shown."""

    versie = IntegerField()
    startdatum = StartDateField("Startdatum")


class VersionForm(Form):
    """A confirmation: the version of the koppeling that was shown."""

    versie = IntegerField()


class NewAkkoordForm(AkkoordForm):
    """The akkoord with a newer version of the voorwaarden."""

    versie = IntegerField()


class LeerlingForm(Form):
    """A search for a leerling by name."""

    naam = StringField(
        "Naam van de leerling",
        [
            DataRequired("Vul een naam in, of een deel ervan."),
            Length(max=MAX_SEARCH, message=f"Vul maximaal {MAX_SEARCH} tekens in."),
            require_printable,
        ],
    )


class AddressForm(Form):
    """An e-mail address; `parse` of `mail/address.py` has the rules."""

    adres = StringField(
        "E-mailadres",
        [
            InputRequired("Vul een e-mailadres in."),
            Length(max=MAX_ADDRESS, message=f"Een e-mailadres heeft maximaal {MAX_ADDRESS} tekens."),
            require_printable,
        ],
    )


class AddressCodeForm(Form):
    """The code that was mailed to an address."""

    code = StringField(
        "Code uit de mail",
        [InputRequired("Vul de code in die u per mail kreeg."), Length(max=MAX_SEARCH, message="Dat is geen code.")],
    )


class RegionForm(Form):
    """The region of the holidays."""

    regio = StringField("Vakantieregio", [AnyOf([*map(str, Region)], "Kies een regio.")])


class InsightSearchForm(Form):
    """A search for a leerling by name, by groep, or by both."""

    naam = StringField(
        "Naam van de leerling",
        [Length(max=MAX_SEARCH, message=f"Vul maximaal {MAX_SEARCH} tekens in."), require_printable],
    )
    groep = SelectField("Groep", [Optional()], coerce=str.strip)

    def validate_naam(self, field: StringField) -> None:
        """Refuse a search for nothing. Raises ValidationError."""
        if not (field.data or "").strip() and not self.groep.data:
            raise ValidationError("Vul een naam in, of een deel ervan, of kies een groep.")


class InsightForm(Form):
    """The confirmation that whoever asks about a leerling may know it."""

    bevestigd = BooleanField(
        "Ik heb vastgesteld wie de vraag stelt, en dat diegene de gegevens van deze leerling mag inzien.",
        [InputRequired("Stel eerst vast wie de vraag stelt en of diegene gezag heeft, en vink dat dan aan.")],
    )


class VestigingenForm(Form):
    """A search among the vestigingen that a user acts for; every field may be empty."""

    zoek = StringField(
        "Naam of BRIN",
        [Length(max=MAX_NAAM_PART, message=f"Vul maximaal {MAX_NAAM_PART} tekens in."), require_printable],
    )
    oordeel = SelectField("Stand", [Optional()], coerce=str.strip)
    platform = SelectField("Leerplatform", [Optional()], coerce=str.strip)
    sorteer = SelectField("Volgorde", [Optional()], coerce=str.strip)
    aandacht = BooleanField("Alleen wat aandacht nodig heeft")


class SearchForm(Form):
    """A search in the journaal; every field may be empty."""

    koppeling = SelectField("Koppeling", [Optional()], coerce=str.strip)
    van = SearchDateField("Vanaf", [Optional()])
    tot = SearchDateField("Tot en met", [Optional()])
    uitkomst = SelectField("Uitkomst", [Optional()], coerce=str.strip)


class OperatorSearchForm(Form):
    """A search for schools by an operator; every field may be empty."""

    zoek = StringField(
        "Naam of BRIN",
        [Length(max=MAX_SEARCH, message=f"Vul maximaal {MAX_SEARCH} tekens in."), require_printable],
    )
    toon = SelectField("Toon", [Optional()], coerce=str.strip)
    oordeel = SelectField("Oordeel", [Optional()], coerce=str.strip)
    platform = SelectField("Platform", [Optional()], coerce=str.strip)
    volgorde = SelectField("Volgorde", [Optional()], coerce=str.strip)


class OperatorStartForm(Form):
    """A search by an operator for schools and afnemers together."""

    zoek = StringField(
        "Zoek een school of een platform",
        [Length(max=MAX_SEARCH, message=f"Vul maximaal {MAX_SEARCH} tekens in."), require_printable],
    )


class OwnKoppelingenForm(Form):
    """A search among the koppelingen of an afnemer."""

    zoek = StringField("BRIN- en vestigingsnummer, of een deel", [Length(max=MAX_SEARCH), require_printable])
    toegang = SelectField("Toegang", validate_choice=False)


class MaintenanceForm(Form):
    """Maintenance to announce; the moments are in Amsterdam."""

    van = LocalMomentField("Begin", [InputRequired(NO_MOMENT)])
    tot = LocalMomentField("Einde", [InputRequired(NO_MOMENT)])
    tekst = StringField(
        "Wat leveranciers en scholen lezen",
        [
            DataRequired("Vul een tekst in."),
            Length(max=MAX_TEXT, message=f"De tekst heeft maximaal {MAX_TEXT} tekens."),
            require_printable,
        ],
    )
    bon = StringField()


class ImportSearchForm(Form):
    """A search for imports; every field may be empty."""

    school = StringField("BRIN", [Length(max=MAX_SEARCH, message=f"Vul maximaal {MAX_SEARCH} tekens in.")])
    toon = SelectField("Toon", [Optional()], coerce=str.strip)


class AfnemerForm(Form):
    """A new afnemer."""

    klantnaam = StringField(
        "Klantnaam",
        [
            InputRequired("Vul een klantnaam in."),
            Length(max=MAX_KLANTNAAM, message=f"Een klantnaam heeft maximaal {MAX_KLANTNAAM} tekens."),
            require_printable,
        ],
    )

    def validate_klantnaam(self, field: StringField) -> None:
        """Refuse leading and trailing space, which clients leave out. Raises ValidationError."""
        if field.data != (field.data or "").strip():
            raise ValidationError("Een klantnaam begint en eindigt niet met een spatie.")


class RotateForm(Form):
    """A new klantcode, and the number of days that the old one stays valid."""

    overlap = IntegerField(
        "Dagen dat de oude klantcode geldig blijft",
        [
            InputRequired("Vul een aantal dagen in; 0 is meteen ongeldig."),
            NumberRange(0, MAX_OVERLAP, f"Kies 0 tot en met {MAX_OVERLAP} dagen."),
        ],
    )
    klantnaam = StringField("Typ de klantnaam ter bevestiging")
    """Asked for when a klantcode that may be in use would be void at once."""
    stand = StringField()
    """The `Afnemer.rotation` that was shown with the form."""
    bon = StringField()
    """The ticket of the form, from which the klantcode follows."""


class DisableForm(Form):
    """The confirmation that an afnemer is disabled, for all schools: its klantnaam, typed."""

    klantnaam = StringField("Typ de klantnaam ter bevestiging")


def seen_version(form: CodeForm | StartdatumForm | VersionForm | NewAkkoordForm) -> int:
    """Return the version of the koppeling that was shown with the form, or UNSEEN_VERSION."""
    version = form.versie.data
    return UNSEEN_VERSION if version is None else version


def check_code(field: StringField, brin6: str) -> bool:
    """Return whether a verificatiecode keeps to the rules; add each broken rule to its field."""
    rules = verificatiecode.broken_rules(field.data or "", brin6)
    for rule in rules:
        add_error(field, rule.text)
    return not rules


def add_error(field: Field, text: str) -> None:
    """Add an error to a field."""
    field.errors = [*field.errors, text]
