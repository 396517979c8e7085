"""The processes of `serve` end together, and leave no files: of workers that were replaced, nor of killed servers."""

import signal
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from support.served_school import CODE_OF_ONE, furnish
from support.server import WAIT, serving, split, until

from uwlr_adapter.cli import main
from uwlr_adapter.server.application import MetricsTokenError, metrics_token
from uwlr_adapter.server.port import hold_port
from uwlr_adapter.settings import Settings

TOKEN = "een-lang-genoeg-token"


def folders(place: Path, pid: int) -> list[Path]:
    """Return the folders with the metrics of a server that keeps its temporary files in a place."""
    return list(place.glob(f"uwlr-metrics-{pid}-*"))


def test_the_workers_of_a_server_that_is_killed_end_with_it(tmp_path: Path) -> None:
    """No worker stays on the port, which the next server takes; that one removes the files of the killed one.

    Before it, a reload: the files of a worker that was replaced go, and what it counted stays. /metrics asks for its
    token.
    """
    school = furnish(tmp_path / "school")
    message = school.request(key=CODE_OF_ONE, brin6="30AB00")
    (apart := tmp_path / "apart").mkdir()  # a server of another test would remove the files of the killed one
    environment = {"UWLR_METRICS_TOKEN": TOKEN, "TMPDIR": str(apart)}
    with serving(school.data, environment=environment) as server:
        assert split(server.post(message, "Content-Type: text/xml"))[0] == 200
        (folder,) = folders(apart, server.process.pid)
        before = psutil.Process(server.process.pid).children()
        server.process.send_signal(signal.SIGHUP)
        psutil.wait_procs(before, timeout=WAIT)
        until((folder / "counter_ended.db").exists)
        until(lambda: any('"workers replaced"' in line for line in server.log))
        workers = psutil.Process(server.process.pid).children()
        assert {file.name for file in folder.glob("counter_*.db")} <= {
            "counter_ended.db",
            *(f"counter_{worker.pid}.db" for worker in workers),
        }
        for given, status in ((), 401), ((f"Authorization: Bearer {TOKEN}x",), 401), ((TOKEN,), 401):
            headers = tuple(one if ":" in one else f"Authorization: {one}" for one in given)
            assert split(server.post(b"", *headers, method="GET", path="/metrics"))[0] == status
        shown = server.post(b"", f"Authorization: bearer {TOKEN}", method="GET", path="/metrics")
        assert b'outcome="leerlinggegevens"} 1.0' in shown
        server.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=WAIT / 2)  # the watch ends one that was not told much later
        assert not alive
        hold_port("127.0.0.1", server.port).close()
        assert folder.exists()
    events = [line for line in server.log if '"uwlr_adapter.event"' in line]
    assert [
        word for word in ("start", "reload", "workers replaced") if any(f'"{word}"' in line for line in events)
    ] == [
        "start",
        "reload",
        "workers replaced",
    ]
    with serving(school.data, environment=environment):
        assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("UWLR_METRICS_TOKEN", "kort", "must have at least 16"),
        ("UWLR_METRICS_TOKEN", "met een spatie erin en lang", "must have at least 16"),
        ("UWLR_METRICS_TOKEN", "één-lang-genoeg-token", "must have at least 16"),
        ("UWLR_METRICS_TOKEN_FILE", "/nergens/token", "cannot be read: No such file or directory"),
    ],
)
def test_a_token_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, given: str, reason: str
) -> None:
    """Before anything is served, without showing it."""
    monkeypatch.setenv(name, given)
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "serve"])
    assert result.exit_code == 1
    assert reason in result.output
    assert given not in result.output


def test_a_token_may_stand_in_a_file(tmp_path: Path) -> None:
    """As a secret that is mounted in a container; two answers are refused."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    assert metrics_token(Settings(metrics_token_file=file)) == TOKEN.encode()
    assert metrics_token(Settings()) is None
    with pytest.raises(MetricsTokenError, match="give one of them"):
        metrics_token(Settings(metrics_token_file=file, metrics_token=SecretStr(TOKEN)))
