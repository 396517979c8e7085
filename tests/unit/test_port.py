"""How a port is held and taken: two holders, one winner, and no port 0 that somebody holds."""

import socket

import pytest

from uwlr_adapter.server.port import ListenError, hold_port, take_port
from uwlr_adapter.server.serve import run
from uwlr_adapter.settings import Settings

LOOPBACK = "127.0.0.1"


def test_one_of_two_holders_takes_the_port() -> None:
    """Both may hold it; the first that listens has it, and the other gets a sentence that names the port."""
    with hold_port(LOOPBACK, 0) as first:
        port = first.getsockname()[1]
        with hold_port(LOOPBACK, port) as second:
            take_port(second)
            with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1, port {port}: "):
                take_port(first)


def test_a_taken_port_cannot_be_held() -> None:
    """Nor when its owner already allows more sockets of its own on it."""
    with hold_port(LOOPBACK, 0) as owner:
        take_port(owner)
        with pytest.raises(ListenError, match="port"):
            hold_port(LOOPBACK, owner.getsockname()[1])


def test_a_held_port_does_not_listen() -> None:
    """A caller that comes too early is refused at once."""
    with hold_port(LOOPBACK, 0) as held, pytest.raises(ConnectionRefusedError):
        socket.create_connection(held.getsockname())


def test_port_0_is_never_a_port_that_is_held() -> None:
    """Each holder of a free port has one of its own."""
    held = [hold_port(LOOPBACK, 0) for _ in range(500)]
    try:
        assert len({one.getsockname()[1] for one in held}) == len(held)
    finally:
        for one in held:
            one.close()


@pytest.mark.parametrize("host", ["localhost", "0", "", "127.1", "*"])
def test_the_server_wants_an_ip_address(host: str) -> None:
    """A name to listen on is one sentence: the server behind it takes none, and would fail as if it were our fault."""
    with pytest.raises(ListenError, match="it is no IP address"):
        run(Settings(host=host), lambda _settings: None)
