"""The shipped alert rules, by Prometheus' own tool, and what the dashboard asks."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
TESTS = ROOT / "tests" / "data" / "alerts_test.yml"


def test_the_rules_do_what_they_say(tmp_path: Path) -> None:
    """Each alert is raised by what it is about, and by nothing else."""
    promtool = shutil.which("promtool")
    if promtool is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is not installed, and this machine checks everything")
        pytest.skip("promtool is not installed")
    for file in (ALERTS, TESTS):
        shutil.copy(file, tmp_path)
    done = subprocess.run(
        [promtool, "test", "rules", TESTS.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_raised_and_quiet() -> None:
    """No alert is without a test that raises it and one that does not."""
    alerts = re.findall(r"- alert: (\w+)", ALERTS.read_text(encoding="utf-8"))
    text = TESTS.read_text(encoding="utf-8")
    assert len(alerts) == len(set(alerts)) > 10
    raised = re.findall(r"alertname: (\w+)\n\s+exp_alerts:", text)
    quiet = re.findall(r"alertname: (\w+)}", text)
    assert sorted(set(raised)) == sorted(set(quiet)) == sorted(alerts)


def test_an_alert_and_its_words_name_nobody() -> None:
    """A label that stands in a text is one of ours that names no school, afnemer or person."""
    text = ALERTS.read_text(encoding="utf-8")
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= {"operation", "job"}


def test_the_dashboard_is_whole() -> None:
    """Its panels have a title, a place of their own and a query; the source is for Grafana to choose."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["targets"][0]["expr"] for panel in panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    places = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
