"""The port that a server is going to listen on, held from the moment that it is chosen."""

import socket
from ipaddress import ip_address

from uwlr_adapter.errors import UwlrAdapterError


class ListenError(UwlrAdapterError):
    """The address cannot be listened on; the text names it and the cause."""


def is_address(host: str) -> bool:
    """Return whether a host is an IP address, which the server wants to listen on."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def hold_port(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address that does not listen yet; port 0 takes a free one.

    While it is open, the system assigns this port to no process that asks for a free one. Two processes can hold the
    same port; only one of them can take it (`take_port`). Raises ListenError when another process listens on it.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run do not count
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise _listen_error(host, port, error) from None
    return held


def take_port(held: socket.socket) -> None:
    """Listen on a held port, then allow other sockets of this user to share it (SO_REUSEPORT).

    The order matters: without the option only one socket can listen on a port, so that of several holders the first
    one wins. Raises ListenError for every other one.
    """
    try:
        held.listen()
    except OSError as error:
        host, port, *_ = held.getsockname()
        raise _listen_error(host, port, error) from None
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def _listen_error(host: str, port: int, error: OSError) -> ListenError:
    return ListenError(f"cannot listen on {host}, port {port}: {error.strerror or error}")
