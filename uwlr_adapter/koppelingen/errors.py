"""Why an act on a koppeling is refused: one family, each with the Dutch sentence that the school reads.

No sentence holds a code or a name. A refused act leaves everything as it was.
"""

from typing import ClassVar

from uwlr_adapter.errors import UwlrAdapterError


class KoppelingError(UwlrAdapterError):
    """An act on a koppeling is refused; `str()` of it is what the school reads."""

    text: ClassVar[str]

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text or self.text)


class UnknownVestigingError(KoppelingError):
    """There is no vestiging with this brin6."""

    text = "Deze vestiging is niet bekend. Voer eerst de gegevens van de school in."


class UnknownEntryError(KoppelingError):
    """The catalogue has no koppeling with this id."""

    text = "Deze koppeling staat niet in de lijst van beschikbare koppelingen."


class AlwaysOnError(KoppelingError):
    """Every school has this koppeling; there is nothing to activate or to end."""

    text = "Deze koppeling staat voor elke school aan en kan niet worden gewijzigd."


class NotYetAvailableError(KoppelingError):
    """The afnemer of this koppeling is not there, or is disabled."""

    text = "Deze koppeling is nog niet beschikbaar: het leerplatform is nog niet aangesloten."


class AlreadyActivatedError(KoppelingError):
    """There is a living koppeling of this kind at this vestiging."""

    text = "Deze koppeling is al geactiveerd. Beëindig eerst de bestaande koppeling, of wijzig die."


class NoKoppelingError(KoppelingError):
    """There is no such living koppeling."""

    text = "Deze koppeling is niet geactiveerd."


class EndedError(KoppelingError):
    """An ended koppeling takes no act any more."""

    text = "Deze koppeling is beëindigd. Activeer haar opnieuw als u gegevens wilt uitwisselen."


class AlreadyPausedError(KoppelingError):
    """There is no code to clear."""

    text = "Deze koppeling is al gepauzeerd."


class NoCodeError(KoppelingError):
    """This kind of koppeling has no verificatiecode."""

    text = "Deze koppeling heeft geen verificatiecode; zij kan alleen worden geactiveerd en beëindigd."


class AlreadyAgreedError(KoppelingError):
    """The present version of the terms is the one that was agreed to."""

    text = "Uw school is al akkoord met deze versie van de gebruikersvoorwaarden."


class AkkoordMissingError(KoppelingError):
    """The agreement is not complete."""

    text = "Vul uw naam in en vink 'Voor akkoord' aan."


class InvalidStartdatumError(KoppelingError):
    """The Startdatum lies in the past or more than a year ahead."""

    text = "Kies als startdatum vandaag of een dag binnen een jaar."


class InvalidCodeError(KoppelingError):
    """The verificatiecode breaks a rule; `zinnen` has a sentence for each."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class CodeInUseError(KoppelingError):
    """Another living koppeling of the vestiging has this verificatiecode."""

    text = "Deze verificatiecode hoort al bij een andere koppeling van uw school. Kies een andere code."


class ChangedMeanwhileError(KoppelingError):
    """Somebody else acted on the koppeling since it was looked at."""

    text = "Iemand anders heeft deze koppeling zojuist gewijzigd. Bekijk de koppeling opnieuw."
