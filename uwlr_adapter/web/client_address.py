"""The network address of the client of a WSGI request."""

from typing import TYPE_CHECKING

from uwlr_adapter.web.head import address_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def client_address(environ: "WSGIEnvironment") -> str:
    """Return the network address of the client of a WSGI request, without its port (`head.address_of`)."""
    return address_of(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""))
