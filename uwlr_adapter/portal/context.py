"""What every page needs: the database, the gate, the clock, and the answers that pages share."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app, request

from uwlr_adapter.clock import Klok
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.keys.server_keys import Sleutelbos
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.web.source import source_of

_NAAM = "uwlr"


@dataclass(frozen=True, slots=True)
class Huis:
    """What `make_portal` was given; `https` tells whether people reach it in TLS."""

    opslag: Opslag
    catalogus: Catalogus
    sleutels: Sleutelbos
    klok: Klok = field(repr=False)
    https: bool


def furnish(extensions: dict[str, object], huis: Huis) -> None:
    """Put it where `huis()` finds it."""
    extensions[_NAAM] = huis


def huis() -> Huis:
    """Give the house of the request that is being answered."""
    found: Huis = current_app.extensions[_NAAM]
    return found


def moment() -> datetime:
    """Give the present."""
    return huis().klok()


def bron() -> str:
    """Give the network address of the person."""
    return source_of(request.environ)
