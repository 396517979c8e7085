"""The program in a process of its own, without the second that loading its modules takes each time.

One process for each worker of pytest loads them, and nothing else. `python -m uwlr_adapter` is then a fork of it, with
the arguments, environment, folder, files and signals of a program that was started by name; it loads `__main__`, and
ends as any program. What a fork cannot be given starts by name as ever: other settings of Python or of the loader of
the system, other options of Popen. With UWLR_LONG=1 everything does (`make test-long`).

A fork waits less where the program only waits (SHORTER): time that no rule hangs on, which the tests would sit out.

`Popen` asks for a process over a socket; the status of its end comes through a pipe, as it has another parent.
"""

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAM = "uwlr_adapter"
_LATER = ("alembic.command", "alembic.config", "psycopg")
"""Libraries that the program loads when it needs them."""
SHORTER: dict[str, dict[str, float]] = {
    "uwlr_adapter.server.serve": {"DRAIN_SECONDS": 2, "_POLL_SECONDS": 0.01},
    "uwlr_adapter.server.key_reporter": {"BEAT_SECONDS": 1},
    "uwlr_adapter.web.readiness": {"KEEP_SECONDS": 0.1},
}
"""Seconds of a fork, by module and name: beside the next worker, between two looks, for which a look is good."""
_READ_BY_THE_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_")
"""Beginnings of the variables that count when a process starts, and not later."""
_LENGTH, _NUMBER = struct.Struct("!I"), struct.Struct("!q")


def preload_program() -> None:
    """Make every process of the program that this one starts from now on a fork of one that has loaded it."""
    if os.environ.get("UWLR_LONG") != "1" and hasattr(os, "pidfd_open"):
        subprocess.Popen = PreloadedPopen  # type: ignore[misc] # each test starts the program in its own way


class _Loaded:
    """A process that has loaded the program; it is gone when this one is."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.owner = os.getpid()
        self.environment = _of_the_start(os.environ)
        self.socket, theirs = socket.socketpair()
        with theirs:
            arguments = [sys.executable, __file__, str(theirs.fileno())]
            self.process = BY_NAME(arguments, pass_fds=[theirs.fileno()], cwd="/")
        atexit.register(self._end)

    def start(self, wanted: dict[str, Any], files: Iterable[int]) -> tuple[int, int]:
        """Start a process of the program; return its id, and the file that tells of its end."""
        message = json.dumps(wanted).encode()
        told, tells = os.pipe()
        try:
            with self.lock:
                socket.send_fds(self.socket, [_LENGTH.pack(len(message))], [*files, tells])
                self.socket.sendall(message)
        finally:
            os.close(tells)
        if not (number := os.read(told, _NUMBER.size)):
            raise ChildProcessError("the process that loads the program ended: start it by name to see why")
        return _NUMBER.unpack(number)[0], told

    def _end(self) -> None:
        if os.getpid() == self.owner:
            self.socket.close()
            self.process.wait()


BY_NAME = subprocess.Popen
_loaded: list[_Loaded] = []
_starting = threading.Lock()


def _preloaded() -> _Loaded:
    with _starting:
        if not _loaded or _loaded[-1].owner != os.getpid():
            _loaded.append(_Loaded())
    return _loaded[-1]


class PreloadedPopen(subprocess.Popen[Any]):
    """`subprocess.Popen`, of which a process of the program begins with its modules loaded."""

    _told = -1
    """The file that tells of the end of a fork; -1 of a process that was started by name, and after the end."""

    @property
    def is_fork(self) -> bool:
        """Whether it is a fork of which the end was not seen yet."""
        return self._told != -1

    def _execute_child(  # the one place where Popen makes a process
        self,
        args: Any,
        executable: Any,
        preexec_fn: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: Any,
        env: Any,
        startupinfo: Any,
        creationflags: Any,
        shell: Any,
        *rest: Any,
    ) -> None:
        files, others = rest[:6], rest[7:]  # others: ids of users and groups, a session or group of its own
        environment = {
            os.fsdecode(name): os.fsdecode(value) for name, value in (os.environ if env is None else env).items()
        }
        is_ours = not isinstance(args, (str, bytes)) and [*args[:3]] == [sys.executable, "-m", PROGRAM]
        is_usual = not (executable or preexec_fn or pass_fds or shell) and set(others) <= {None, False, -1}
        if not (is_ours and is_usual and _of_the_start(environment) == _preloaded().environment):
            super()._execute_child(  # type: ignore[misc] # not public
                args,
                executable,
                preexec_fn,
                close_fds,
                pass_fds,
                cwd,
                env,
                startupinfo,
                creationflags,
                shell,
                *rest,
            )
            return
        try:
            wanted = {
                "arguments": [os.fsdecode(word) for word in args[3:]],
                "environment": environment,
                "folder": os.fsdecode(cwd or Path.cwd()),
            }
            theirs = (
                own if given == -1 else given
                for given, own in zip((files[0], files[3], files[5]), (0, 1, 2), strict=True)
            )
            self.pid, self._told = _preloaded().start(wanted, theirs)
            self._child_created = True
        finally:
            self._close_pipe_fds(*files)  # type: ignore[attr-defined] # as the one by name does

    def _wait_for(self, pid: int, flags: int) -> tuple[int, int]:
        """Do what `os.waitpid` does."""
        if self._told == -1:
            return os.waitpid(pid, flags)
        if flags & os.WNOHANG and not select.select([self._told], [], [], 0)[0]:
            return 0, 0
        status = os.read(self._told, _NUMBER.size)
        os.close(self._told)
        self._told = -1
        return pid, _NUMBER.unpack(status)[0] if status else 0  # as of a child that somebody else waited for

    def _internal_poll(self, _deadstate: Any = None) -> Any:
        if self._told == -1:
            return super()._internal_poll(_deadstate)  # type: ignore[misc] # not public
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):  # type: ignore[attr-defined]
            try:  # as the one by name does, in whose place each Python has other arguments
                pid, status = self._wait_for(self.pid, os.WNOHANG)
                if pid == self.pid:
                    self._handle_exitstatus(status)  # type: ignore[attr-defined]
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._told == -1:
            return super()._try_wait(wait_flags)  # type: ignore[misc,no-any-return] # not public
        return self._wait_for(self.pid, wait_flags)


def _of_the_start(environment: Any) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_BY_THE_START)}


# From here on: what the process does that has loaded the program.


def _load() -> None:
    """Load every module of the program."""
    package = importlib.import_module(PROGRAM)
    for found in pkgutil.walk_packages(package.__path__, f"{PROGRAM}."):
        if not found.name.endswith(".__main__") and ".migrations" not in found.name:
            importlib.import_module(found.name)
    for name in _LATER:
        importlib.import_module(name)
    for name, seconds in SHORTER.items():
        module = importlib.import_module(name)
        for variable, value in seconds.items():
            assert hasattr(module, variable), f"{name} waits no longer by {variable}"
            setattr(module, variable, value)
    gc.collect()
    gc.freeze()


def _serve(asked: socket.socket) -> Callable[[], None]:
    """Make the processes that are asked for, until nobody is left to ask; in each of them, return how it begins."""
    running: dict[int, tuple[int, int]] = {}
    waiting = select.poll()
    waiting.register(asked, select.POLLIN)
    while True:
        for ready, _ in waiting.poll():
            if ready in running:
                waiting.unregister(ready)
                pid, tells = running.pop(ready)
                os.close(ready)
                _tell(tells, os.waitpid(pid, 0)[1])
                os.close(tells)
                continue
            length, files, _, _ = socket.recv_fds(asked, _LENGTH.size, 4)
            if not length:
                os._exit(0)
            wanted = json.loads(_read(asked, _LENGTH.unpack(length)[0]))
            *standard, tells = files
            if not (pid := os.fork()):
                asked.detach()
                return lambda: _begin(wanted, standard)
            for file in standard:
                os.close(file)
            _tell(tells, pid)
            running[(ended := os.pidfd_open(pid))] = pid, tells
            waiting.register(ended, select.POLLIN)


def _read(asked: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        found += asked.recv(length - len(found))
    return found


def _tell(tells: int, number: int) -> None:
    with suppress(BrokenPipeError):  # who asked for it does not wait for its end
        os.write(tells, _NUMBER.pack(number))


def _begin(wanted: dict[str, Any], standard: list[int]) -> None:
    """Make this process what a program is that was started by name."""
    for number, file in enumerate(standard):
        os.dup2(file, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    tempfile.tempdir = None
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")  # type: ignore[misc]
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.FileIO(number, "w", closefd=False)
        stream = io.TextIOWrapper(
            raw if unbuffered else io.BufferedWriter(raw),
            encoding="utf-8",
            errors=getattr(sys, name).errors,
            line_buffering=number == 2,
            write_through=unbuffered,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path[0] = wanted["folder"]
    sys.argv[1:] = wanted["arguments"]
    try:
        runpy.run_module(PROGRAM, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _end(ended)
        raise


def _end(ended: SystemExit) -> None:
    """End as a program does, but leave its modules to the system: to take them apart would copy them all first."""
    if not isinstance(ended.code, int | None):
        return
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for the threads, as the interpreter does
    atexit._run_exitfuncs()  # noqa: SLF001 - as above
    with suppress(OSError):  # the interpreter tells it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code or 0)


if __name__ == "__main__":
    control = socket.socket(fileno=int(sys.argv[1]))
    _load()
    _serve(control)()
