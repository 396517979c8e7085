"""The refusals of an act on a koppeling: one class for each cause, with the Dutch sentence that the school reads.

No sentence holds a code or a name. A refused act changes nothing.
"""

from typing import ClassVar

from uwlr_adapter.errors import RefusedError


class KoppelingError(RefusedError):
    """An act on a koppeling is refused; `str()` is the Dutch sentence for the school."""

    text: ClassVar[str]
    """The sentence of the class."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text or self.text)


class UnknownVestigingError(KoppelingError):
    """There is no vestiging with this brin6."""

    text = "Deze vestiging is niet bekend. Voer eerst de gegevens van de school in."


class MergedVestigingError(KoppelingError):
    """The vestiging went to another brincode (fusie), whose brin6 the sentence names."""

    def __init__(self, into: str) -> None:
        super().__init__(f"Deze vestiging is door een fusie {into} geworden. Activeer de koppeling daar.")


class UnknownEntryError(KoppelingError):
    """The catalogue has no koppeling with this id."""

    text = "Deze koppeling staat niet in de lijst van beschikbare koppelingen."


class AlwaysOnError(KoppelingError):
    """Every school has this koppeling: it cannot be activated or ended."""

    text = "Deze koppeling staat voor elke school aan en kan niet worden gewijzigd."


class NotYetAvailableError(KoppelingError):
    """The afnemer of this koppeling does not exist, or is disabled."""

    text = "Deze koppeling is nog niet beschikbaar: het leerplatform is nog niet aangesloten."


class AlreadyActivatedError(KoppelingError):
    """The vestiging has a living koppeling of this catalogue entry."""

    text = "Deze koppeling is al geactiveerd. Beëindig eerst de bestaande koppeling, of wijzig die."


class NoKoppelingError(KoppelingError):
    """The vestiging has no such living koppeling."""

    text = "Deze koppeling is niet geactiveerd."


class EndedError(KoppelingError):
    """The koppeling is ended, which is final."""

    text = "Deze koppeling is beëindigd. Activeer haar opnieuw als u gegevens wilt uitwisselen."


class AlreadyPausedError(KoppelingError):
    """The koppeling is paused: it has no code to clear."""

    text = "Deze koppeling is al gepauzeerd."


class NoCodeError(KoppelingError):
    """The koppeling is not a UWLR koppeling, and has no verificatiecode."""

    text = "Deze koppeling heeft geen verificatiecode; zij kan alleen worden geactiveerd en beëindigd."


class NoExchangeError(KoppelingError):
    """The koppeling carries no data, so that nobody can be withheld from it."""

    text = "Met deze koppeling worden geen gegevens gedeeld; er is dus niets om niet te delen."


class UnknownLeerlingError(KoppelingError):
    """The school has no such leerling."""

    text = "Deze leerling is niet bekend bij uw school."


class AlreadyWithheldError(KoppelingError):
    """The leerling is withheld from the koppeling."""

    text = "Deze leerling wordt al niet gedeeld met deze koppeling."


class NotWithheldError(KoppelingError):
    """The leerling is not withheld from the koppeling."""

    text = "Deze leerling wordt al gedeeld met deze koppeling."


class AlreadyAgreedError(KoppelingError):
    """The present version of the terms was agreed to already."""

    text = "Uw school is al akkoord met deze versie van de gebruikersvoorwaarden."


class TermsChangedError(KoppelingError):
    """The catalogue has another text for a version of the terms that somebody agreed to."""

    text = (
        "De tekst van deze gebruikersvoorwaarden is gewijzigd zonder nieuwe versie. De beheerder van de koppelingen "
        "moet dat eerst herstellen; daarna kunt u akkoord gaan."
    )


class OtherTermsError(KoppelingError):
    """What would be agreed to is not what the school was shown."""

    text = (
        "De gebruikersvoorwaarden of de gegevens die worden gedeeld, zijn gewijzigd terwijl u las. Lees ze opnieuw; er "
        "is niets vastgelegd."
    )


class AkkoordMissingError(KoppelingError):
    """The tick, the name or the login of the agreement is missing or too long."""

    text = "Vul uw naam in en vink 'Voor akkoord' aan."


class InvalidStartdatumError(KoppelingError):
    """The Startdatum lies before today, or more than a year ahead."""

    text = "Kies als startdatum vandaag of een dag binnen een jaar."


class InvalidCodeError(KoppelingError):
    """The verificatiecode breaks a rule; `sentences` has a Dutch sentence for each."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class CodeInUseError(KoppelingError):
    """Another living koppeling of the vestiging has this verificatiecode."""

    text = "Deze verificatiecode hoort al bij een andere koppeling van uw school. Kies een andere code."


class ChangedMeanwhileError(KoppelingError):
    """The koppeling has changed since the caller read it."""

    text = "Iemand anders heeft deze koppeling zojuist gewijzigd. Bekijk de koppeling opnieuw."
