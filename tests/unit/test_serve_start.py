"""How `serve` starts: what is forked must not inherit a lock that another thread held at that moment."""

import signal
import threading
from pathlib import Path

import pytest
from granian.server.mp import MPServer

from uwlr_adapter.server import serve, worker
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import metrics_files


def test_no_thread_of_ours_runs_when_the_workers_are_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The thread that waits for the service starts after the fork: a worker can never wait for a lock of its."""
    monkeypatch.setenv(metrics_files.FOLDER, str(tmp_path))
    present: list[set[str]] = []
    announced = threading.Event()
    forked = threading.Event()

    def announce(_settings: Settings, _ready: object) -> None:
        announced.set()
        forked.wait(60)  # so that it is seen when it was there too early

    monkeypatch.setattr(serve, "_announce", announce)
    monkeypatch.setattr(
        MPServer, "startup", lambda _self, *_given: present.append({one.name for one in threading.enumerate()})
    )
    monkeypatch.setattr(MPServer, "serve", lambda self, **_given: self.startup(None, None))
    before = {one.name for one in threading.enumerate()}
    heard = signal.getsignal(worker.DRAIN_SIGNAL)
    try:
        serve.run(Settings(data=tmp_path).model_copy(update={"port": 0}), lambda _settings: None)
    finally:
        forked.set()
        signal.signal(worker.DRAIN_SIGNAL, heard)
    assert present == [before]
    assert announced.wait(60)
