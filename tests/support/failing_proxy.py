"""A proxy before PostgreSQL that makes the n-th statement of a client fail, or kills the client or the backend at it.

It speaks as much of the protocol as it takes to know where a message begins. Counted is what makes the server do
something: a Query, an Execute, the end of a COPY, and a Sync that ends a pipeline (it commits).
"""

import os
import signal
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from enum import IntEnum
from pathlib import Path

import sqlalchemy as sa

from support.auditor import connect
from support.failing import Struck

_COUNTED = frozenset(b"QEcS")
_NO_PORTAL = b"E" + struct.pack(">I", 4 + len(b"no-such-portal\0") + 4) + b"no-such-portal\0" + bytes(4)
_FLUSH = b"H" + struct.pack(">I", 4)
_WAIT = 30


class ProxyKind(IntEnum):
    """The fate of the n-th statement."""

    FAILS = 1
    """The server raises an error for it: a portal that does not exist, a division by zero."""
    CLIENT_DEAD_BEFORE = 2
    CLIENT_DEAD_AFTER = 3
    """The client is killed when the server has done it, before it can know."""
    BACKEND_DEAD_BEFORE = 4
    """Its backend is ended (pg_terminate_backend)."""
    BACKEND_DEAD_AFTER = 5
    """Its backend is ended when it has done it; the client does not get its answer."""


class Proxy:
    """Listens on a socket in a folder, for one client process at a time."""

    def __init__(self, folder: Path, server: sa.URL) -> None:
        self._server, self._admin = server, connect(server.render_as_string(hide_password=False))
        self._lock = threading.Lock()
        self._counting, self._kind, self._n, self._seen, self._struck = False, ProxyKind.FAILS, 0, 0, False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._sessions: list[_Session] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, kind: ProxyKind, n: int) -> None:
        """As Striker says."""
        with self._lock:
            self._kind, self._n, self._seen, self._struck, self._counting = kind, n, 0, False, True

    def disarm(self) -> Struck:
        """As Striker says."""
        with self._lock:
            self._counting = False
            return Struck(self._struck, self._seen, 0)

    def hang_up(self) -> None:
        """Close every connection."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def close(self) -> None:
        """Listen no longer."""
        self.hang_up()
        self._listener.close()
        self._admin.close()

    def strikes(self) -> ProxyKind | None:
        """Count a statement; return what becomes of it, or None."""
        with self._lock:
            if not self._counting:
                return None
            self._seen += 1
            if self._seen != self._n:
                return None
            self._struck = True
            return self._kind

    def end_backend(self, pid: int) -> None:
        """End a backend, and wait until it is gone."""
        self._admin.execute("SELECT pg_terminate_backend(%s, %s)", (pid, _WAIT * 1000))

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = self._connect()
                session = _Session(self, client, server)
                with self._lock:
                    self._sessions.append(session)
                session.start()

    def _connect(self) -> socket.socket:
        port = self._server.port or 5432
        host = self._server.host or str(self._server.query.get("host", "localhost"))
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server


class _Session:
    """One connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        self._client_pid: int = struct.unpack("3i", credentials)[0]
        self._backend_pid = 0
        self._waiting: deque[int] = deque()
        """The messages that the server has not answered yet, each by the kind of its message: Q, E or S."""
        self._held = False
        self._in_transaction = False
        self._done = threading.Event()
        self._threads = [threading.Thread(target=one, daemon=True) for one in (self._from_client, self._from_server)]

    def start(self) -> None:
        """Carry messages until either side is gone."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Hang up on both sides, and wait for the threads."""
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_WAIT)
        for one in (self._client, self._server):
            one.close()

    def _from_client(self) -> None:
        with suppress(OSError):
            start = _exactly(self._client, 4)
            self._server.sendall(start + _exactly(self._client, struct.unpack(">I", start)[0] - 4))
            pending = b""
            while chunk := self._client.recv(65536):
                pending += chunk
                out = b""
                while len(pending) >= 5 and len(pending) >= (size := 1 + struct.unpack(">I", pending[1:5])[0]):
                    message, pending = pending[:size], pending[size:]
                    kind = self._proxy.strikes() if message[0] in _COUNTED else None
                    if kind is not None:
                        self._strike(kind, out, message)
                        out = b""
                        continue
                    self._wait_for(message)
                    out += message
                self._server.sendall(out)
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _strike(self, kind: ProxyKind, before: bytes, message: bytes) -> None:
        """Do the n-th statement, or something else in its place."""
        if kind is ProxyKind.FAILS:
            is_harmless = message[:1] == b"S" and self._in_transaction  # it ends a pipeline, and no transaction
            self._wait_for(message)
            self._server.sendall(before + (message if is_harmless else _failing(message)))
            return
        if kind in {ProxyKind.CLIENT_DEAD_AFTER, ProxyKind.BACKEND_DEAD_AFTER}:
            self._do_unheard(before, message)
        else:
            self._server.sendall(before)
        if kind in {ProxyKind.CLIENT_DEAD_BEFORE, ProxyKind.CLIENT_DEAD_AFTER}:
            os.kill(self._client_pid, signal.SIGKILL)
        else:
            self._proxy.end_backend(self._backend_pid)
            self._threads[1].join(_WAIT)  # it carries the last words of the backend
        raise ConnectionError

    def _do_unheard(self, before: bytes, message: bytes) -> None:
        """Send a statement and wait until the server has done it; the client gets no more of its answers."""
        self._done.clear()
        self._held = True
        self._wait_for(message)
        self._server.sendall(before + message + (b"" if message[:1] in {b"Q", b"S", b"c"} else _FLUSH))
        if not self._done.wait(_WAIT):
            raise RuntimeError("the server did not do what it was asked")

    def _wait_for(self, message: bytes) -> None:
        if message[0] in b"QES":
            self._waiting.append(message[0])

    def _is_answered(self, kind: int) -> bool:
        """Note a message of the server; return whether nothing is waited for any more."""
        if kind == ord("G"):  # it waits for the rows of a COPY
            return True
        if kind == ord("E"):  # it passes over everything until the next Sync
            while self._waiting and self._waiting[0] == ord("E"):
                self._waiting.popleft()
        elif self._waiting and (kind == ord("Z")) == (self._waiting[0] != ord("E")) and kind in b"ZCsI":
            self._waiting.popleft()
        return not self._waiting

    def _from_server(self) -> None:
        with suppress(OSError):
            pending = b""
            while chunk := self._server.recv(65536):
                pending += chunk
                while len(pending) >= 5 and len(pending) >= (size := 1 + struct.unpack(">I", pending[1:5])[0]):
                    message, pending = pending[:size], pending[size:]
                    if message[:1] == b"K":
                        self._backend_pid = struct.unpack(">I", message[5:9])[0]
                    if message[:1] == b"Z":
                        self._in_transaction = message[5:6] != b"I"
                    if self._is_answered(message[0]):
                        self._done.set()
                    if not self._held:
                        self._client.sendall(message)
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)


def _failing(message: bytes) -> bytes:
    """Return what makes the server raise an error instead of doing this statement."""
    if message[:1] == b"Q":
        text = b"SELECT 1/0\0"
        return b"Q" + struct.pack(">I", 4 + len(text)) + text
    if message[:1] == b"c":
        text = b"made to fail by a test\0"
        return b"f" + struct.pack(">I", 4 + len(text)) + text
    return _NO_PORTAL + (message if message[:1] == b"S" else b"")


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        chunk = connection.recv(count - len(found))
        if not chunk:
            raise ConnectionError
        found += chunk
    return found
