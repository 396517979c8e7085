"""What every door of the service shares: who calls, and how a failure of our own is logged."""

import logging
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LANGSTE_BRON = 45
"""Characters of a network address: IPv6 with an IPv4 tail."""


def source_of(environ: "WSGIEnvironment") -> str:
    """Give the network address of the caller, without its port."""
    address: str = environ.get("REMOTE_ADDR", "")
    host, separator, port = address.rpartition(":")
    bare = host.strip("[]") if separator and port.isdigit() and (":" not in host or "[" in host) else address
    return bare[:LANGSTE_BRON]


def log_failure(error: BaseException, logger: logging.Logger) -> None:
    """Log a failure of our own: its kinds and places, never its text, which may quote values."""
    causes = []
    step: BaseException | None = error
    while step is not None:
        places = []
        trace = step.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        causes.append(f"{type(step).__module__}.{type(step).__qualname__} at {' > '.join(places)}")
        step = step.__cause__ or step.__context__
    logger.error("own failure: %s", " caused by ".join(causes))


def client_of(environ: "WSGIEnvironment") -> str:
    """Give the network address of the person behind a proxy on this machine, or of the caller itself.

    The proxy adds the address it sees as the last one of X-Forwarded-For. From elsewhere that header is only a claim,
    so it counts from loopback alone.
    """
    source = source_of(environ)
    if not _is_loopback(source):
        return source
    claimed = environ.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return source_of({"REMOTE_ADDR": claimed}) or source


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
