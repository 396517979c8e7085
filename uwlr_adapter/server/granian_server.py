"""Granian's server of worker processes, with listening sockets that outlive the workers."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer

from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.server import parent
from uwlr_adapter.server.port import take_port
from uwlr_adapter.web import metrics_files


class Server(MPServer):
    """A granian server in which each worker has a listening socket of its own, made by the server.

    Linux divides new connections over the sockets (SO_REUSEPORT); with one socket for all workers, the first worker to
    wake would take everything. Granian by itself has each worker make its own socket, and connections that wait in it
    are reset when that worker ends. Here the server makes the sockets, and the next worker takes over what waits.
    """

    held: socket.socket
    """The port, held by `hold_port`; closed as soon as the workers' own sockets listen on it."""
    started: Callable[[], object] = staticmethod(lambda: None)
    """Called after the workers are forked. A thread that runs before the fork may hold a lock of the interpreter, such
    as that of a module being imported, and the forked worker would wait for that lock for ever."""

    def startup(self, spawn_target: Any, target_loader: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Fork the workers. Raises ListenError when another process listens on the port."""
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]
        self.started()

    def _init_shared_socket(self) -> None:
        """Make the listening sockets. They listen before the workers are ready, so that no other process can join."""
        take_port(self.held)
        spec = SocketSpec(self.bind_addr, self.bind_port, self.backlog)
        self._ssp, self._sso = None, None
        self._listeners = [spec.build() for _ in range(self.workers)]
        for listener in self._listeners:
            with socket.socket(fileno=os.dup(listener.get_fd())) as own:
                own.listen(self.backlog)
        self.held.close()

    def _drop_shared_socket(self) -> None:
        _close(self._listeners)

    def _respawn_workers(self, workers: Any, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as above
        """Replace workers, and keep what the old ones counted, without their files."""
        super()._respawn_workers(workers, *given, **named)
        if folder := os.environ.get(metrics_files.FOLDER):
            metrics_files.merge_ended(Path(folder))
        log_event("workers replaced", number=len(workers))

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Callable[[], Any], *more: Any) -> Any:  # noqa: ANN401 - as above
        self._shd = self._listeners[idx]  # type: ignore[assignment]
        server = os.getpid()

        def load() -> Any:  # noqa: ANN401 - as above
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until it serves: the inherited handler would ignore it
            parent.end_with(server)
            # A socket that another worker inherits would stay open after its own worker has ended.
            _close(self._listeners[:idx] + self._listeners[idx + 1 :])
            return callback_loader()

        return super()._spawn_worker(idx, target, load, *more)


def _close(listeners: list[Any]) -> None:
    for listener in listeners:
        os.close(listener.get_fd())  # granian leaves them open
