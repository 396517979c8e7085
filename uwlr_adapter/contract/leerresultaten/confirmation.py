"""The answer to a message with results: an empty element that says that all of it was taken."""

from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, LEERRESULTATEN
from uwlr_adapter.contract.names import SOAP11

BEVESTIGING = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><{BRENG_LEERRESULTATEN.answer} xmlns="{LEERRESULTATEN}"/></s:Body>'
    "</s:Envelope>"
).encode()
"""The whole answer, in the shape that answers with data have too; UTF-8."""
