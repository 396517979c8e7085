"""The refusals of an act on a koppeling: a class for each cause, with a sentence for the school and one for operators.

No sentence holds a code or a name. A refused act changes nothing.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from uwlr_adapter.errors import SchoolRefusedError


class KoppelingError(SchoolRefusedError):
    """An act on a koppeling is refused."""

    text: ClassVar[str]
    """The Dutch sentence of the class."""

    def __init__(self, text: str | None = None, english: str | None = None) -> None:
        super().__init__(text or self.text, english or self.english)


class UnknownVestigingError(KoppelingError):
    """There is no vestiging with this brin6."""

    text = "Deze vestiging is niet bekend. Voer eerst de gegevens van de school in."
    english = "there is no such vestiging: import its records, or `uwlr-adapter school add` it, first"


class MergedVestigingError(KoppelingError):
    """The vestiging went to another brincode (fusie), whose brin6 the sentence names."""

    def __init__(self, into: str) -> None:
        super().__init__(
            f"Deze vestiging is door een fusie {into} geworden. Activeer de koppeling daar.",
            f"this vestiging became {into} by a fusie: activate the koppeling there",
        )


class UnknownEntryError(KoppelingError):
    """The catalogue has no koppeling with this id."""

    text = "Deze koppeling staat niet in de lijst van beschikbare koppelingen."
    english = "there is no koppeling of this id in the catalogue"


class AlwaysOnError(KoppelingError):
    """Every school has this koppeling: it cannot be activated or ended."""

    text = "Deze koppeling staat voor elke school aan en kan niet worden gewijzigd."
    english = "this koppeling is on for every school, and cannot be changed"


class NotYetAvailableError(KoppelingError):
    """The afnemer of this koppeling does not exist, or is disabled."""

    text = "Deze koppeling is nog niet beschikbaar: het leerplatform is nog niet aangesloten."
    english = "its afnemer does not exist or is disabled: see `uwlr-adapter afnemer list`"


class AlreadyActivatedError(KoppelingError):
    """The vestiging has a living koppeling of this catalogue entry."""

    text = "Deze koppeling is al geactiveerd. Beëindig eerst de bestaande koppeling, of wijzig die."
    english = "this koppeling is active or paused already: end it first, or change it"


class NoKoppelingError(KoppelingError):
    """The vestiging has no such living koppeling."""

    text = "Deze koppeling is niet geactiveerd."
    english = "this koppeling is not activated"


class EndedError(KoppelingError):
    """The koppeling is ended, which is final."""

    text = "Deze koppeling is beëindigd. Activeer haar opnieuw als u gegevens wilt uitwisselen."
    english = "this koppeling has ended: activate it anew to exchange data"


class AlreadyPausedError(KoppelingError):
    """The koppeling is paused: it has no code to clear."""

    text = "Deze koppeling is al gepauzeerd."
    english = "this koppeling is paused already"


class NoCodeError(KoppelingError):
    """The koppeling is not a UWLR koppeling, and has no verificatiecode."""

    text = "Deze koppeling heeft geen verificatiecode; zij kan alleen worden geactiveerd en beëindigd."
    english = "this koppeling has no verificatiecode: it can only be activated and ended"


class NoExchangeError(KoppelingError):
    """The koppeling carries no data, so that nobody can be withheld from it."""

    text = "Met deze koppeling worden geen gegevens gedeeld; er is dus niets om niet te delen."
    english = "this koppeling carries no data, so that nobody can be withheld from it"


class UnknownLeerlingError(KoppelingError):
    """The school has no such leerling."""

    text = "Deze leerling is niet bekend bij uw school."
    english = "this school has no such leerling"


class AlreadyWithheldError(KoppelingError):
    """The leerling is withheld from the koppeling."""

    text = "Deze leerling wordt al niet gedeeld met deze koppeling."
    english = "this leerling is withheld from this koppeling already"


class NotWithheldError(KoppelingError):
    """The leerling is not withheld from the koppeling."""

    text = "Deze leerling wordt al gedeeld met deze koppeling."
    english = "this leerling is not withheld from this koppeling"


class ToestemmingPausedError(KoppelingError):
    """This toestemming is paused already."""

    text = "Dit is al gepauzeerd."
    english = "this toestemming is paused already"


class ToestemmingOnError(KoppelingError):
    """This toestemming is on: there is nothing to resume."""

    text = "Dit staat al aan."
    english = "this toestemming is on already"


class ToestemmingNotGivenError(KoppelingError):
    """The school never agreed to this: there is nothing to pause or resume."""

    text = "Uw school is hiermee nog niet akkoord gegaan."
    english = "the school has not agreed to this toestemming: see `koppeling agree`"


class ToestemmingNotOfferedError(KoppelingError):
    """The koppeling does not offer this: its entry in the catalogue has no profile, or no terms of results."""

    text = "Deze koppeling biedt dit niet aan."
    english = "the catalogue does not offer this toestemming for this koppeling"


class AlreadyAgreedError(KoppelingError):
    """The present version of the terms was agreed to already."""

    text = "Uw school is al akkoord met deze versie van de gebruikersvoorwaarden."
    english = "this version of the terms was agreed to already"


class TermsChangedError(KoppelingError):
    """The catalogue has another text for a version of the terms that somebody agreed to."""

    text = (
        "De tekst van deze gebruikersvoorwaarden is gewijzigd zonder nieuwe versie. De beheerder van de koppelingen "
        "moet dat eerst herstellen; daarna kunt u akkoord gaan."
    )
    english = "its terms have another text than when schools agreed to this versie: give the changed text a new versie"


class OtherTermsError(KoppelingError):
    """What would be agreed to is not what the school was shown."""

    text = (
        "De gebruikersvoorwaarden of de gegevens die worden gedeeld, zijn gewijzigd terwijl u las. Lees ze opnieuw; er "
        "is niets vastgelegd."
    )
    english = "the terms, or the fields that are shared, changed meanwhile: look again; nothing was recorded"


class AkkoordMissingError(KoppelingError):
    """The tick, the name or the login of the agreement is missing or too long."""

    text = "Vul uw naam in en vink 'Voor akkoord' aan."
    english = "the agreement takes a name, a login and --akkoord"


class InvalidStartdatumError(KoppelingError):
    """The Startdatum lies before today, or more than a year ahead."""

    text = "Kies als startdatum vandaag of een dag binnen een jaar."
    english = "the startdatum is today or a day within a year"


class StartedError(KoppelingError):
    """The Startdatum has come, so that it cannot be changed any more."""

    text = "De koppeling is al begonnen; de startdatum kan niet meer worden gewijzigd."
    english = "the startdatum has come, and cannot be changed any more"


class SameStartdatumError(KoppelingError):
    """The new Startdatum is the one that the koppeling has."""

    text = "Dit is de startdatum al."
    english = "this is the startdatum already"


class BrokenRule(NamedTuple):
    """A rule of the verificatiecode that a code breaks: a Dutch sentence for the school, and words for an operator."""

    text: str
    english: str


class InvalidCodeError(KoppelingError):
    """The verificatiecode breaks rules; `sentences` has a Dutch sentence for each."""

    def __init__(self, rules: Sequence[BrokenRule]) -> None:
        self.sentences = tuple(one.text for one in rules)
        super().__init__(
            " ".join(self.sentences), f"the verificatiecode must {', and '.join(one.english for one in rules)}"
        )


class CodeInUseError(KoppelingError):
    """Another living koppeling of the vestiging has this verificatiecode."""

    text = "Deze verificatiecode hoort al bij een andere koppeling van uw school. Kies een andere code."
    english = "another koppeling of this vestiging has this verificatiecode: choose another one"


class ChangedMeanwhileError(KoppelingError):
    """The koppeling has changed since the caller read it."""

    text = "Iemand anders heeft deze koppeling zojuist gewijzigd. Bekijk de koppeling opnieuw."
    english = "somebody else has just changed this koppeling: look at it again"
