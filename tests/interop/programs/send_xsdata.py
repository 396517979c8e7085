"""Results brought with the classes and the client that xsdata makes; see README.md for what goes in and comes out.

The classes are in the package `uwlr_results`, which PYTHONPATH has.
"""

import importlib
import os
from typing import Any

from result_lines import HEADER, answer, messages
from xsdata.formats.dataclass.client import Client
from xsdata.formats.dataclass.transports import DefaultTransport
from xsdata.models.datatype import XmlDate, XmlDateTime

uwlr: Any = importlib.import_module("uwlr_results")
TYPES = {
    "school": "CtpSchool",
    "toetsafnames": "Toetsafnames",
    "toetsafname": "CtpToetsafname",
    "resultaten": "Resultaten",
    "resultaat": "CtpResultaat",
    "osoresultaat": "CtpOsoResultaat",
    "toetsscore": "Toetsscore",
    "referentiescore": "Referentiescore",
    "betrouwbaarheidsinterval": "Betrouwbaarheidsinterval",
    "toetsen": "Toetsen",
    "toets": "CtpToets",
    "toetscode": "CtpVocabulaireGebondenVeld",
    "toetsonderdeelcode": "CtpVocabulaireGebondenVeld",
    "toetshierarchie": "Toetshierarchie",
    "ingang": "Ingang",
    "toetsnormering": "CtpNormering",
    "norm": "Norm",
    "toetsonderdelen": "Toetsonderdelen",
    "toetsonderdeel": "CtpToetsOnderdeel",
}
"""The class of each element that holds others, or attributes."""


def made(naam: str, value: Any) -> Any:
    """Return a value as the classes have it; every number is a text here."""
    if isinstance(value, list):
        return [made(naam, one) for one in value]
    if isinstance(value, dict):
        parts = {"value" if part == "_value_1" else part: made(part, one) for part, one in value.items()}
        return getattr(uwlr, TYPES[naam])(**parts)
    if naam == "afnamedatum":
        return XmlDate.from_date(value)
    return XmlDateTime.from_datetime(value) if naam == "aanmaakdatum" else str(value)


service = uwlr.PrtLeerresultatenBrengLeerresultaten
client = Client.from_service(service, location=os.environ["ENDPOINT"])
client.transport = DefaultTransport(timeout=60)  # it waits 2 seconds by itself
header = service.input.Header(autorisatie=uwlr.Autorisatie(**HEADER))
for message in messages():
    verzoek = uwlr.LeerresultatenVerzoek(**{naam: made(naam, value) for naam, value in message.items()})
    body = service.input.Body(leerresultaten_verzoek=verzoek)
    fault = client.send(service.input(header=header, body=body)).body.fault
    if fault is None:
        answer("bevestigd")
    else:
        fout = getattr(fault.detail, "fout", None)
        told = (getattr(fout, "pad", None), getattr(fout, "regel", None))
        answer("fout", fault.faultcode, fault.faultstring, *told)
