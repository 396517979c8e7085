"""The head of an HTTP request, as far as the service reads it, for every driver alike."""

import re
from typing import NamedTuple

from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.web.accept_encoding import accepts_gzip
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.source import FORWARDED, SourceOf

_CHARSET = re.compile(r';[ \t]*charset[ \t]*=[ \t]*(?:"([^"]*)"|([^;" \t]+))', re.IGNORECASE)
HEADERS = {
    "content-type": "content_type",
    "content-length": "content_length",
    "transfer-encoding": "transfer_encoding",
    "accept-encoding": "accept_encoding",
    "x-forwarded-for": "forwarded_for",
    "x-request-id": "request_id",
}
"""The headers that are read, in lower case, and their fields in a Head."""


class Head(NamedTuple):
    """The head of a request; a header that is absent is empty, one that is there twice has both values with a comma."""

    method: str
    query: str
    peer: str
    """The network address of the other end of the connection, with or without its port."""
    content_type: str = ""
    content_length: str = ""
    transfer_encoding: str = ""
    accept_encoding: str = ""
    forwarded_for: str = ""
    request_id: str = ""

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset of the body in lower case; None when the Content-Type names none."""
        if self.content_type == XML_TYPE:
            return "utf-8"
        found = _CHARSET.search(self.content_type)
        return None if found is None else (found[1] or found[2] or "").lower() or None

    def sender(self, source_of: SourceOf) -> Sender:
        """Return what the exchange wants to know of the client."""
        gzip = self.accept_encoding != "" and accepts_gzip(self.accept_encoding)
        return Sender(source_of(self.peer, self.forwarded_for[FORWARDED]), gzip)
