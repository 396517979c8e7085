"""Why an act on a koppeling is refused: one family, each with the Dutch sentence that the school reads.

No sentence holds a code or a name. A refused act leaves everything as it was.
"""

from typing import ClassVar

from uwlr_adapter.errors import UwlrAdapterError


class KoppelingFout(UwlrAdapterError):
    """An act on a koppeling is refused; `str()` of it is what the school reads."""

    tekst: ClassVar[str]

    def __init__(self, tekst: str | None = None) -> None:
        super().__init__(tekst or self.tekst)


class OnbekendeVestiging(KoppelingFout):
    """There is no vestiging with this brin6."""

    tekst = "Deze vestiging is niet bekend. Voer eerst de gegevens van de school in."


class OnbekendAanbod(KoppelingFout):
    """The catalogue has no koppeling with this id."""

    tekst = "Deze koppeling staat niet in de lijst van beschikbare koppelingen."


class StaatAltijdAan(KoppelingFout):
    """Every school has this koppeling; there is nothing to activate or to end."""

    tekst = "Deze koppeling staat voor elke school aan en kan niet worden gewijzigd."


class NogNietBeschikbaar(KoppelingFout):
    """The afnemer of this koppeling is not there, or is disabled."""

    tekst = "Deze koppeling is nog niet beschikbaar: het leerplatform is nog niet aangesloten."


class AlGeactiveerd(KoppelingFout):
    """There is a living koppeling of this kind at this vestiging."""

    tekst = "Deze koppeling is al geactiveerd. Beëindig eerst de bestaande koppeling, of wijzig die."


class GeenKoppeling(KoppelingFout):
    """There is no such living koppeling."""

    tekst = "Deze koppeling is niet geactiveerd."


class Beeindigd(KoppelingFout):
    """An ended koppeling takes no act any more."""

    tekst = "Deze koppeling is beëindigd. Activeer haar opnieuw als u gegevens wilt uitwisselen."


class AlGepauzeerd(KoppelingFout):
    """There is no code to clear."""

    tekst = "Deze koppeling is al gepauzeerd."


class ZonderCode(KoppelingFout):
    """This kind of koppeling has no verificatiecode."""

    tekst = "Deze koppeling heeft geen verificatiecode; zij kan alleen worden geactiveerd en beëindigd."


class AlAkkoord(KoppelingFout):
    """The present version of the terms is the one that was agreed to."""

    tekst = "Uw school is al akkoord met deze versie van de gebruikersvoorwaarden."


class AkkoordOntbreekt(KoppelingFout):
    """The agreement is not complete."""

    tekst = "Vul uw naam in en vink 'Voor akkoord' aan."


class StartdatumOngeldig(KoppelingFout):
    """The Startdatum lies in the past or more than a year ahead."""

    tekst = "Kies als startdatum vandaag of een dag binnen een jaar."


class CodeOngeldig(KoppelingFout):
    """The verificatiecode breaks a rule; `zinnen` has a sentence for each."""

    def __init__(self, zinnen: tuple[str, ...]) -> None:
        super().__init__(" ".join(zinnen))
        self.zinnen = zinnen


class CodeBezet(KoppelingFout):
    """Another living koppeling of the vestiging has this verificatiecode."""

    tekst = "Deze verificatiecode hoort al bij een andere koppeling van uw school. Kies een andere code."


class IntussenGewijzigd(KoppelingFout):
    """Somebody else acted on the koppeling since it was looked at."""

    tekst = "Iemand anders heeft deze koppeling zojuist gewijzigd. Bekijk de koppeling opnieuw."
