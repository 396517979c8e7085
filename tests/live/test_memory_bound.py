"""A thousand fetches in a row from a real server."""

import psutil
from support.served_school import ServedSchool
from support.server import Server, split

FETCHES = 1000
BOUND = 24 * 1024 * 1024
"""Maximum growth in bytes over a thousand answers; 24 kB each would be a leak."""


def resident(server: Server) -> int:
    """Return the memory of the server's processes together, in bytes."""
    parent = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True)))


def test_memory_stays_within_its_bound(served: ServedSchool, server: Server) -> None:
    """After a warm-up, a thousand fetches of a whole school grow the server by less than the bound."""
    message = served.request()
    for _ in range(100):
        assert split(server.post(message, "Content-Type: text/xml"))[0] == 200
    before = resident(server)
    for _ in range(FETCHES):
        assert split(server.post(message, "Content-Type: text/xml"))[0] == 200
    assert resident(server) - before < BOUND
