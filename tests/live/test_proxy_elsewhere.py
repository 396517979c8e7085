"""nginx on another machine: the service listens on one address of this machine, nginx and the callers have others."""

import socket
from pathlib import Path

import sqlalchemy as sa
from support.front_door import FrontDoor, find_nginx, head, running
from support.served_school import furnish
from support.server import WAIT, read_response, serving, split

from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.tables import refusal
from uwlr_adapter.settings import Settings

SERVICE, NGINX, STRANGER = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def test_only_the_proxy_that_is_named_speaks_for_others(tmp_path: Path) -> None:
    """A caller through nginx is its own source; a stranger who comes straight to the service is, whatever it says."""
    nginx, prefix, data = find_nginx(), tmp_path / "nginx", tmp_path / "data"
    prefix.mkdir()
    school = furnish(data)
    address = {"UWLR_PUBLIC_URL": "https://localhost", "UWLR_TRUSTED_PROXIES": NGINX}
    with (
        serving(data, "--host", SERVICE, environment=address) as server,
        running(nginx, prefix, server.port, service=SERVICE, site=f"proxy_bind {NGINX};\n") as ports,
    ):
        door = FrontDoor(*ports, prefix, server)
        assert door.post(school.request())[0] == 200
        assert door.post(b"x", "X-Forwarded-For: 198.51.100.9", "X-Test-Source: 203.0.113.5")[0] == 500
        with socket.create_connection((SERVICE, server.port), WAIT, (STRANGER, 0)) as connection:
            connection.sendall(head(1, "X-Forwarded-For: 203.0.113.6") + b"x")
            assert split(read_response(connection))[0] == 500
    with Database(Settings(data=data).database_url).reading() as connection:
        assert set(connection.scalars(sa.select(refusal.c.source))) == {"203.0.113.5", STRANGER}
