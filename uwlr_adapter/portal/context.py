"""What views take from application and request: database, catalogue, server keys, present moment, client source."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Flask, current_app, request

from uwlr_adapter.clock import Clock
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.hash_queue import HashQueue
from uwlr_adapter.jobs.terms import months_before
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.settings import JOURNAAL_MONTHS, NOT_PROCESSED_DAYS, UNDO_DAYS
from uwlr_adapter.web.source import ENVIRON

if TYPE_CHECKING:
    from uwlr_adapter.oidc.provider import Provider

_EXTENSION = "uwlr"


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whoever runs this service for schools, as every page names it; each part may be absent."""

    name: str | None = None
    help_url: str | None = None
    contact_url: str | None = None
    privacy_url: str | None = None

    @property
    def links(self) -> list[tuple[str, str]]:
        """The links at the foot of every page: a word and its URL, which `Settings` checked."""
        links = (("Hulp", self.help_url), ("Contact", self.contact_url), ("Privacy", self.privacy_url))
        return [(word, url) for word, url in links if url is not None]


@dataclass(frozen=True, slots=True)
class PortalContext:
    """The objects that every view of one application shares."""

    database: Database
    catalogue: Catalogue
    server_keys: ServerKeys
    clock: Clock = field(repr=False)
    undo_days: int = UNDO_DAYS
    """For how many days what an answer to a question did can be undone."""
    journaal_months: int = JOURNAAL_MONTHS
    """For how many months an entry of the journaal is kept."""
    not_processed_days: int = NOT_PROCESSED_DAYS
    """For how many days it is kept whose results were not taken."""
    has_mail: bool = False
    """Whether there is a mail server, so that people are told things."""
    base_url: str = ""
    """The address of the service for people, without a slash at its end; no link is made of a Host header."""
    provider: "Provider | None" = None
    """The provider of OpenID Connect, if there is one."""
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


def journaal_since() -> datetime:
    """Return since when the entries of the journaal are kept."""
    return months_before(now(), _context().journaal_months)


def undo_days() -> int:
    """Return for how many days an import or an answer can be undone."""
    return _context().undo_days


def not_processed_days() -> int:
    """Return for how many days it is kept whose results were not taken."""
    return _context().not_processed_days


def has_mail() -> bool:
    """Return whether there is a mail server."""
    return _context().has_mail


def provider() -> "Provider | None":
    """Return the provider of OpenID Connect; None without one."""
    return _context().provider


def public_url(path: str) -> str:
    """Return the public address of a path of the portal, whatever the Host header says."""
    return f"{_context().base_url}{path}"


def now() -> datetime:
    """Return the present moment, timezone-aware."""
    return _context().clock()


def request_source() -> str:
    """Return the source of the request (`web/source.py`); callers without one are a source together, `unknown`."""
    return request.environ[ENVIRON] or "unknown"


def _context() -> PortalContext:
    context: PortalContext = current_app.extensions[_EXTENSION]
    return context
