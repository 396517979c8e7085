"""A WSGI application of a test on a port of loopback, in a thread of its process: for a client that needs a server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, demo_app, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Quiet(WSGIRequestHandler):
    """Logs no requests."""

    def log_message(self, *_: object) -> None:
        """Do nothing."""


@contextmanager
def on_loopback(make_app: "Callable[[str], WSGIApplication]") -> Iterator[str]:
    """Serve what `make_app` returns for the URL that it is served at, without a slash; yields that URL."""
    with make_server("127.0.0.1", 0, demo_app, handler_class=Quiet) as server:  # it needs its port
        url = f"http://127.0.0.1:{server.server_port}"
        server.set_app(make_app(url))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()
