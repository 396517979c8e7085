"""A network between a service and its database that stops passing: connections stay open, and nothing comes through."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Network:
    """Passes what comes on `port` on to an address, as long as it `passes`."""

    port: int
    target: str | tuple[str, int]
    """A host and a port, or the path of a socket."""
    passing: threading.Event = field(default_factory=threading.Event)
    _open: list[socket.socket] = field(default_factory=list)

    def stop(self) -> None:
        """Let nothing through any more; who connects is accepted, and hears nothing."""
        self.passing.clear()

    def go_on(self) -> None:
        """Let everything through, what came meanwhile too."""
        self.passing.set()

    def serve(self, listener: socket.socket) -> None:
        """Accept connections until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def close(self) -> None:
        """End every connection."""
        self.passing.set()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _connect(self, near: socket.socket) -> None:
        self.passing.wait()
        family = socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET
        with near, socket.socket(family) as far, suppress(OSError):
            far.connect(self.target)
            self._open += [near, far]
            self._pump(near, far)

    def _pump(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(near, selectors.EVENT_READ, far)
            waiting.register(far, selectors.EVENT_READ, near)
            while True:
                for key, _ in waiting.select():
                    content = key.fileobj.recv(65536)  # type: ignore[union-attr] # a socket
                    if not content:
                        return
                    self.passing.wait()
                    key.data.sendall(content)


@contextmanager
def network(target: str | tuple[str, int]) -> Iterator[Network]:
    """Run a network to an address until the block ends; it passes until it is stopped."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Network(listener.getsockname()[1], target)
        made.go_on()
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        try:
            yield made
        finally:
            made.close()
