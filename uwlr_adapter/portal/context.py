"""What views take from application and request: database, catalogue, server keys, present moment, client source."""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app, request

from uwlr_adapter.clock import Clock
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.hash_queue import HashQueue
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.web.client_address import client_address

_EXTENSION = "uwlr"


@dataclass(frozen=True, slots=True)
class PortalContext:
    """The objects that every view of one application shares."""

    database: Database
    catalogue: Catalogue
    server_keys: ServerKeys
    clock: Clock = field(repr=False)
    hash_queue: HashQueue = field(default_factory=HashQueue, repr=False)


def install(app: Flask, context: PortalContext) -> None:
    """Store the context in the application, where the functions below find it."""
    app.extensions[_EXTENSION] = context


def database() -> Database:
    """Return the database."""
    return _context().database


def catalogue() -> Catalogue:
    """Return the catalogue of koppelingen."""
    return _context().catalogue


def server_keys() -> ServerKeys:
    """Return the server keys."""
    return _context().server_keys


def hash_queue() -> HashQueue:
    """Return the queue for hashing passwords in this process."""
    return _context().hash_queue


def now() -> datetime:
    """Return the present moment, timezone-aware."""
    return _context().clock()


def request_address() -> str:
    """Return the network address of the client."""
    return client_address(request.environ)


def request_source() -> str:
    """Return the source of the request, as `network_of` has it."""
    return network_of(request_address())


def network_of(address: str) -> str:
    """Return the network that counts as one source: an IPv4 address, or the /64 of an IPv6 address.

    Whoever has an IPv6 address has its whole /64. What is no address counts as one source, `unknown`.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((parsed.packed, 64), strict=False))


def _context() -> PortalContext:
    context: PortalContext = current_app.extensions[_EXTENSION]
    return context
