"""Large messages to a sandbox, which anybody may call: what is held of them is bounded as in the service."""

from pathlib import Path

import pytest
from support.event_loop import run
from support.result_messages import class_of
from support.result_school import PATH
from support.rsgi import Protocol, send
from support.sandbox import sandbox_in

from uwlr_adapter.web import body_room

XML, CHUNKED = ("content-type", "text/xml"), ("transfer-encoding", "chunked")


@pytest.mark.parametrize("room", [100_000, 300_000])
def test_a_large_body_takes_room_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Without room for it a body is read no further; with room it is answered, and holds nothing after that."""
    monkeypatch.setattr(body_room, "ROOM", room)
    content, pieces = class_of(30, 40), 50
    assert 150_000 < len(content) < 300_000
    with sandbox_in(tmp_path) as bench:
        inner = bench.rsgi.inner

        async def send_one() -> Protocol:
            found = await send(bench.rsgi, content, XML, CHUNKED, path=PATH, pieces=pieces)
            assert inner.octets_held == 0
            return found

        found = run(send_one())
    assert (found.statuses, "retry-after" in found.headers) == ([500], room < len(content))
    assert (found.pieces_read < pieces) == (room < len(content))
