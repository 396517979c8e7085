"""What every page needs: the database, the gate, the clock, and the answers that pages share."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app, request

from uwlr_adapter.clock import Clock
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.web.client_address import client_address

_EXTENSION = "uwlr"


@dataclass(frozen=True, slots=True)
class PortalContext:
    """What `make_portal` was given; `https` tells whether people reach it in TLS."""

    database: Database
    catalogue: Catalogue
    server_keys: ServerKeys
    clock: Clock = field(repr=False)
    https: bool


def install(extensions: dict[str, object], context: PortalContext) -> None:
    """Put it where `huis()` finds it."""
    extensions[_EXTENSION] = context


def portal_context() -> PortalContext:
    """Give the house of the request that is being answered."""
    found: PortalContext = current_app.extensions[_EXTENSION]
    return found


def moment() -> datetime:
    """Give the present."""
    return portal_context().clock()


def source_of_request() -> str:
    """Give the network address of the person."""
    return client_address(request.environ)
