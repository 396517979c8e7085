"""Results brought with suds-community; see README.md for what goes in and comes out."""

import os
from typing import Any

from result_lines import HEADER, answer, messages
from suds import WebFault
from suds.client import Client
from suds.sudsobject import Property

ATTRIBUTES = ("key", "niveau", "vocabulaire")


def as_suds(value: Any) -> Any:
    """Return a value as suds takes it: an attribute has an underscore before it, and a text with one is a Property."""
    if isinstance(value, list):
        return [as_suds(one) for one in value]
    if not isinstance(value, dict):
        return value
    parts = {f"_{naam}" if naam in ATTRIBUTES else naam: as_suds(one) for naam, one in value.items()}
    if "_value_1" not in parts:
        return parts
    text = Property(parts.pop("_value_1"))
    for naam, attribute in parts.items():
        setattr(text, naam, attribute)
    return text


client = Client(f"{os.environ['ENDPOINT']}?wsdl", cache=None)
header = client.factory.create("{http://www.edustandaard.nl/leerresultaten/2/autorisatie}autorisatie")
for part, given in HEADER.items():
    setattr(header, part, given)
client.set_options(soapheaders=header)
for message in messages():
    try:
        client.service.BrengLeerresultaten(**as_suds(message))
        answer("bevestigd")
    except WebFault as error:
        fout = getattr(getattr(error.fault, "detail", None), "fout", None)
        told = (getattr(fout, "_pad", None), getattr(fout, "_regel", None))
        answer("fout", error.fault.faultcode, error.fault.faultstring, *told)
