"""The faults of UWLR: a code, a Dutch sentence, and their bytes.

Source: UWLR 2.2.1, Structuur voor foutafhandeling (codes as SOAP 1.1 dotted extensions in the envelope namespace). The
sentence is shown to a school's administrator: it says what to do and never holds a key, a code or a name.
"""

from typing import ClassVar

from uwlr_adapter.contract import names
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.contract.xml import escape_attribute, escape_text
from uwlr_adapter.errors import UwlrAdapterError


class UwlrFout(UwlrAdapterError):
    """A refusal on the wire. `bevinding` says where the body is wrong, for faults about the body only."""

    code: ClassVar[str]
    tekst: ClassVar[str]

    def __init__(self, bevinding: Bevinding | None = None) -> None:
        super().__init__(self.code)
        self.bevinding = bevinding


class OngeldigBericht(UwlrFout):
    """The message is not valid against WSDL and schemas."""

    code = "Client.OngeldigBericht"
    tekst = "Het bericht voldoet niet aan de UWLR-afspraak. De leverancier van het leerplatform kan dit herstellen."


class OngeldigeKlantIdentificatie(UwlrFout):
    """Klantnaam and klantcode are unknown or do not belong together."""

    code = "Client.OngeldigeKlantIdentificatie"
    tekst = (
        "De klantnaam en klantcode zijn niet bekend of horen niet bij elkaar. De leverancier van het leerplatform kan "
        "dit nakijken."
    )


class AutorisatieOngeldig(UwlrFout):
    """The autorisatiesleutel gives no access to the school in the message."""

    code = "Client.AutorisatieOngeldig"
    tekst = (
        "Met deze verificatiecode is er geen toegang tot deze school. Controleer in het Koppelingenoverzicht of de "
        "koppeling actief is, en vul bij het leerplatform precies dezelfde verificatiecode in."
    )


class XsdVersieOngeldig(UwlrFout):
    """The asked version of the agreement is not supported."""

    code = "Client.XsdVersieOngeldig"
    tekst = "De gevraagde versie (xsdversie) van de UWLR-afspraak wordt niet ondersteund. Vraag 2.1, 2.2 of 2.3."


class VocabulaireTermOngeldig(UwlrFout):
    """A term is bound to a vocabulary that does not hold it (results)."""

    code = "Client.VocabulaireTermOngeldig"
    tekst = "Een term in het bericht staat niet in de genoemde vocabulaire. De leverancier kan dit herstellen."


class LeerlingOngeldig(UwlrFout):
    """A leerling in the message is not known (results)."""

    code = "Client.LeerlingOngeldig"
    tekst = "Een leerling in het bericht is bij deze school niet bekend. Haal de leerlinggegevens opnieuw op."


class ToetsNormeringOngeldig(UwlrFout):
    """A norm is not one (results)."""

    code = "Client.ToetsNormeringOngeldig"
    tekst = "Een normering in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class ScoreOngeldig(UwlrFout):
    """A score is not one (results)."""

    code = "Client.ScoreOngeldig"
    tekst = "Een score in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class EldResultaatOngeldig(UwlrFout):
    """An ELD (now OSO) result is not one (results); its name in UWLR 2 is not known for certain."""

    code = "Client.EldResultaatOngeldig"
    tekst = "Een resultaat in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class InterneFout(UwlrFout):
    """Our own failure; its cause stands in the log."""

    code = "Server.InterneFout"
    tekst = "Er ging bij ons iets mis. Probeer het later opnieuw; blijft het misgaan, meld het dan bij uw leverancier."


class TijdelijkNietBeschikbaar(UwlrFout):
    """The service cannot answer now, and will later."""

    code = "Server.TijdelijkNietBeschikbaar"
    tekst = "De dienst is tijdelijk niet beschikbaar. Probeer het later opnieuw."


class VersionMismatch(UwlrFout):
    """The envelope is not one of SOAP 1.1 (SOAP 1.1, 4.4.1)."""

    code = "VersionMismatch"
    tekst = "Het bericht is geen SOAP 1.1-bericht. De leverancier van het leerplatform kan dit herstellen."


class MustUnderstand(UwlrFout):
    """A header that must be understood is not known here (SOAP 1.1, 4.2.3)."""

    code = "MustUnderstand"
    tekst = "Het bericht heeft een verplichte header die hier niet bekend is."


def render(fout: UwlrFout) -> bytes:
    """Give the SOAP 1.1 fault as bytes in UTF-8; it travels with HTTP 500."""
    detail = ""
    if fout.bevinding is not None:
        pad, regel = escape_attribute(fout.bevinding.pad), escape_attribute(fout.bevinding.regel)
        detail = f'<detail><fout xmlns="{names.FOUT}" pad="{pad}" regel="{regel}"/></detail>'
    return (
        f'<soap:Envelope xmlns:soap="{names.SOAP11}"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{fout.code}</faultcode><faultstring>{escape_text(fout.tekst)}</faultstring>{detail}"
        "</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()
