"""The faults of UWLR: a code, a Dutch sentence, and their bytes.

Source: UWLR 2.2.1, Structuur voor foutafhandeling (codes as SOAP 1.1 dotted extensions in the envelope namespace). The
sentence is shown to a school's administrator: it says what to do and never holds a key, a code or a name.
"""

from typing import ClassVar

from uwlr_adapter.contract import names, versions
from uwlr_adapter.contract.escape import escape_attribute, escape_text
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.errors import UwlrAdapterError


class Fault(UwlrAdapterError):
    """A refusal on the wire. `finding` says what is wrong where, unless that would tell what a caller may not know."""

    code: ClassVar[str]
    text: ClassVar[str]
    retry_after: int | None = None
    """Seconds after which the caller may try again, for the header Retry-After."""

    def __init__(self, finding: Finding | None = None) -> None:
        super().__init__(self.code)
        self.finding = finding


class OngeldigBericht(Fault):
    """The message is not valid against WSDL and schemas."""

    code = "Client.OngeldigBericht"
    text = "Het bericht voldoet niet aan de UWLR-afspraak. De leverancier van het leerplatform kan dit herstellen."


class OngeldigeKlantIdentificatie(Fault):
    """Klantnaam and klantcode are unknown or do not belong together."""

    code = "Client.OngeldigeKlantIdentificatie"
    text = (
        "De klantnaam en klantcode zijn niet bekend of horen niet bij elkaar. De leverancier van het leerplatform kan "
        "dit nakijken."
    )


class AutorisatieOngeldig(Fault):
    """The autorisatiesleutel gives no access to the school in the message."""

    code = "Client.AutorisatieOngeldig"
    text = (
        "Met deze verificatiecode is er geen toegang tot deze school. Controleer in het Koppelingenoverzicht of de "
        "koppeling actief is, en vul bij het leerplatform precies dezelfde verificatiecode in."
    )


class AutorisatieOnvolledig(AutorisatieOngeldig):
    """The message has no whole autorisatie; nobody is known yet, so that this tells nothing about a school."""

    text = (
        "In het bericht staat geen volledige autorisatie: autorisatiesleutel, klantcode en klantnaam. De leverancier "
        "van het leerplatform kan dit herstellen."
    )


class XsdVersieOngeldig(Fault):
    """The asked version of the agreement is not supported."""

    code = "Client.XsdVersieOngeldig"
    text = f"De gevraagde versie (xsdversie) van de UWLR-afspraak wordt niet ondersteund. Vraag {versions.in_dutch()}."


class VocabulaireTermOngeldig(Fault):
    """A term is bound to a vocabulary that does not hold it (results)."""

    code = "Client.VocabulaireTermOngeldig"
    text = "Een term in het bericht staat niet in de genoemde vocabulaire. De leverancier kan dit herstellen."


class LeerlingOngeldig(Fault):
    """A leerling in the message is not known (results)."""

    code = "Client.LeerlingOngeldig"
    text = "Een leerling in het bericht is bij deze school niet bekend. Haal de leerlinggegevens opnieuw op."


class ToetsNormeringOngeldig(Fault):
    """A norm is not one (results)."""

    code = "Client.ToetsNormeringOngeldig"
    text = "Een normering in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class ScoreOngeldig(Fault):
    """A score is not one (results)."""

    code = "Client.ScoreOngeldig"
    text = "Een score in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class EldResultaatOngeldig(Fault):
    """An ELD (now OSO) result is not one (results); its name in UWLR 2 is not known for certain."""

    code = "Client.EldResultaatOngeldig"
    text = "Een resultaat in het bericht klopt niet. De leverancier van de toets kan dit herstellen."


class InterneFout(Fault):
    """Our own failure; its cause stands in the log."""

    code = "Server.InterneFout"
    text = "Er ging bij ons iets mis. Probeer het later opnieuw; blijft het misgaan, meld het dan bij uw leverancier."


class TijdelijkNietBeschikbaar(Fault):
    """The service cannot answer now, and will later; `retry_after` is given to a caller that failed too often."""

    code = "Server.TijdelijkNietBeschikbaar"
    text = "De dienst is tijdelijk niet beschikbaar. Probeer het later opnieuw."

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class VersionMismatch(Fault):
    """The envelope is not one of SOAP 1.1 (SOAP 1.1, 4.4.1)."""

    code = "VersionMismatch"
    text = "Het bericht is geen SOAP 1.1-bericht. De leverancier van het leerplatform kan dit herstellen."


class MustUnderstand(Fault):
    """A header that must be understood is not known here (SOAP 1.1, 4.2.3)."""

    code = "MustUnderstand"
    text = "Het bericht heeft een verplichte header die hier niet bekend is."


def render(fault: Fault, catalogue: str | None = None) -> bytes:
    """Return the SOAP 1.1 fault as bytes in UTF-8; it travels with HTTP 500.

    `catalogue` is the URL of the page that explains each word of `regel`: a detail then links to its word there.
    """
    detail = ""
    if fault.finding is not None:
        path, rule = escape_attribute(fault.finding.path), escape_attribute(fault.finding.rule)
        more = "" if catalogue is None else f' uitleg="{escape_attribute(catalogue)}#{rule}"'
        detail = f'<detail><fout xmlns="{names.FAULT_DETAIL}" pad="{path}" regel="{rule}"{more}/></detail>'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<soap:Envelope xmlns:soap="{names.SOAP11}"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{fault.code}</faultcode><faultstring>{escape_text(fault.text)}</faultstring>{detail}"
        "</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()
