"""The server of a listening run: one process, a thread per connection, within bounds. It is no server for a service."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from uwlr_adapter.kit.listening.chunked import ChunkedBody
from uwlr_adapter.kit.listening.incoming import AS_SENT
from uwlr_adapter.server.port import hold_port, take_port

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAX_CONNECTIONS = 32
"""Connections at once (inclusive); a further one is closed."""
READ_SECONDS = 60
"""Seconds for which a connection may send nothing while it is read."""
DRAIN_SECONDS = 5
"""Seconds for which the connections in progress may go on after the end of a run."""
_POLL = 0.1


class ListeningHandler(WSGIRequestHandler):
    """Handles one connection. It logs nothing: a line of a log would hold what a caller sent."""

    timeout = READ_SECONDS

    def make_environ(self) -> "WSGIEnvironment":
        """Return the request, with its headers as they came; a chunked body is read by a reader of our own."""
        environ = super().make_environ()
        environ[AS_SENT] = tuple(self.headers.items())
        if environ.get("wsgi.input_terminated"):
            environ["wsgi.input"] = ChunkedBody(self.rfile)
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - as its base has it
        """Log nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response with its status alone: what is handed on has a Server and a Date of its own."""
        self.send_response_only(code, message)

    def end_headers(self) -> None:
        """End the headers, with a Date where there is none (RFC 9110, 6.6.1)."""
        if not any(line.lower().startswith(b"date:") for line in getattr(self, "_headers_buffer", [])):
            self.send_header("Date", self.date_time_string())
        super().end_headers()

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Take a caller that hung up for what it is."""


class ListeningServer(ThreadedWSGIServer):
    """A server of at most MAX_CONNECTIONS connections."""

    daemon_threads = True
    request_queue_size = MAX_CONNECTIONS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as its base has them
        super().__init__(*arguments, **named)
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its base has them
        """Handle a connection in a thread of its own, if there is room."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its base has them
        """Handle a connection, in its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def drain(self, seconds: float) -> None:
        """Wait until no connection is in progress, for so many seconds at most."""
        last = time.monotonic() + seconds
        for _ in range(MAX_CONNECTIONS):
            if not self._free.acquire(timeout=max(0.0, last - time.monotonic())):
                return

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as its base has them
        """Say nothing of an error of a connection: its text may hold what was sent."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401 - as its base has it
        """Log nothing."""


class Listener:
    """An address that is listened on; `serve` begins to answer there."""

    def __init__(self, held: socket.socket, host: str) -> None:
        self._held, self._host = held, host
        self._server: ListeningServer | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._held.getsockname()[1]}"

    def serve(self, application: "WSGIApplication") -> None:
        """Answer with this application, in threads beside this one."""
        port, number = self._held.getsockname()[1], self._held.fileno()
        self._server = ListeningServer(self._host, port, application, ListeningHandler, fd=number)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": _POLL}, daemon=True).start()

    def stop(self) -> None:
        """Take no more connections, and let those that there are come to their end, for some seconds."""
        if self._server is not None:
            self._server.shutdown()
            self._server.drain(DRAIN_SECONDS)
            self._server.server_close()


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[Listener]:
    """Hold an address until the block ends; port 0 takes a free one.

    Raises ListenError when the address cannot be listened on.
    """
    with hold_port(host, port) as held:
        take_port(held)
        listener = Listener(held, host)
        try:
            yield listener
        finally:
            listener.stop()


def wait_for_caller(environ: "WSGIEnvironment", seconds: float) -> float | None:
    """Wait for so many seconds; return after how many of them the caller hung up, None when it did not."""
    connection = environ.get("werkzeug.socket")
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if isinstance(connection, socket.socket) and _is_gone(connection):
            return passed
        time.sleep(min(_POLL, seconds - passed))
    return None


def _is_gone(connection: socket.socket) -> bool:
    """Whether the other end closed a connection; what it sends meanwhile is not read."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
