"""Answers of an endpoint that says the same to everybody, and what the kit is told of it."""

from support.hostile_server import Answer, response, says
from uwlr_adapter.contract import names
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS

KLANTCODE, KEY = "een-geheime-klantcode", "21QW00een-geheime-code"
SECRETS = {"UWLR_KLANTCODE": KLANTCODE, "UWLR_AUTORISATIESLEUTEL": KEY}
SCHOOLJAAR = "2026-2027"
PUPIL = "Geheimnaam"
DATA = (
    f'<s:Envelope xmlns:s="{names.SOAP11}"><s:Body>'
    f'<{HAAL_LEERLINGGEGEVENS.answer} xmlns="{names.LEERLINGGEGEVENS}"><leerlinggegevens>'
    f"<school><schooljaar>{SCHOOLJAAR}</schooljaar><brincode>21QW</brincode><dependancecode>00</dependancecode>"
    "<aanmaakdatum>2026-11-30T10:00:00+01:00</aanmaakdatum><xsdversie>2.2</xsdversie></school>"
    f'<leerlingen><leerling key="1"><achternaam>{PUPIL}</achternaam><jaargroep>3</jaargroep></leerling></leerlingen>'
    f"</leerlinggegevens></{HAAL_LEERLINGGEGEVENS.answer}></s:Body></s:Envelope>"
).encode()
"""Valid data of a school with one leerling; there is no XML declaration, which is a warning of the kit."""


def always_data() -> Answer:
    """Return an answer with data to whatever is asked, whoever asks it."""
    return says(response("200 OK", DATA))


def fault(code: str, text: str = "Nee.", detail: str = "") -> bytes:
    """Return a fault as XML."""
    inner = f"<faultcode>soap:{code}</faultcode><faultstring>{text}</faultstring>{detail}"
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<soap:Envelope xmlns:soap="{names.SOAP11}"><soap:Body><soap:Fault>{inner}</soap:Fault></soap:Body>'
        "</soap:Envelope>"
    ).encode()
