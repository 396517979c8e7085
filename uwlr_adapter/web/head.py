"""The head of an HTTP request, as far as the service reads it, for every driver alike."""

import re
from typing import NamedTuple

from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.web.accept_encoding import accepts_gzip
from uwlr_adapter.web.client_certificate import CertificateOf
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.source import FORWARDED, SourceOf

HEAD_OCTETS = 16 * 1024
"""Size of a head in bytes that is always read; one of twice this size is refused before it is read whole."""
MAX_CONTENT_TYPE = 256
"""Characters of a Content-Type, inclusive: five times the longest one seen."""
MAX_QUERY = 256
"""Characters of a query in which `wsdl` is looked for, inclusive."""
NO_HOST = "Een verzoek in HTTP/1.1 heeft een Host."
"""The refusal of a request without one."""
_CHARSET = re.compile(
    r';[ \t]*charset[ \t]*=[ \t]*(?:"([^"]*)"|\'([^\']*)\'|([^;," \t]+))|"(?:[^"\\]|\\.)*+"', re.IGNORECASE
)
"""A charset, or a quoted text, in which none is looked for."""
HEADERS = {
    "host": "host",
    "content-type": "content_type",
    "content-length": "content_length",
    "content-encoding": "content_encoding",
    "transfer-encoding": "transfer_encoding",
    "accept-encoding": "accept_encoding",
    "x-forwarded-for": "forwarded_for",
    "x-request-id": "request_id",
    "x-client-certificate": "client_certificate",
    "if-none-match": "if_none_match",
    "if-modified-since": "if_modified_since",
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
    content_encoding: str = ""
    transfer_encoding: str = ""
    accept_encoding: str = ""
    forwarded_for: str = ""
    request_id: str = ""
    host: str = ""
    client_certificate: str = ""
    """What a proxy says of the client certificate of its connection."""
    if_none_match: str = ""
    if_modified_since: str = ""
    version: str = ""
    """Of HTTP, such as `1.1`, which requires one Host (RFC 9112, 3.2)."""

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset of the body in lower case; None when the Content-Type names none."""
        if self.content_type == XML_TYPE:
            return "utf-8"
        found = [one for one in _CHARSET.findall(self.content_type) if any(one)]
        return "".join(found[0]).lower() if found else None

    def sender(self, source_of: SourceOf, certificate_of: CertificateOf) -> Sender:
        """Return what the exchange wants to know of the client."""
        gzip = self.accept_encoding != "" and accepts_gzip(self.accept_encoding)
        shown = self.client_certificate
        certificate = certificate_of(self.peer, shown) if shown else ""
        return Sender(source_of(self.peer, self.forwarded_for[FORWARDED]), gzip, certificate)
