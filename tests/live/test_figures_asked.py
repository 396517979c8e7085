"""The alerts and the dashboard ask for figures that a real server gives."""

import json
import re
import subprocess
from pathlib import Path

from support.certificates import make_certificate
from support.served_school import furnish
from support.server import command, serving, split

from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen import certificates
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.health import METRICS

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_every_figure_that_is_asked_for_is_given(tmp_path: Path) -> None:
    """Each metric in the alerts and the dashboard is in /metrics, with the labels that they ask for."""
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries.append((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))
    asked = set(re.findall(r"\b(uwlr_\w+)", "\n".join(queries)))
    data = tmp_path / "data"
    school = furnish(data)
    database = Database(Settings(data=data).database_url)
    certificate, _ = make_certificate(tmp_path, "Basispoort")
    with database.writing() as connection:
        certificates.add(connection, "Basispoort", certificate.read_bytes(), now(), actor="cli:test")
    database.close()
    subprocess.run(command("--data", str(data), "jobs", "run", "staleness"), check=True, capture_output=True)
    with serving(data) as server:
        assert split(server.post(school.request()))[0] == 200
        _, _, text = split(server.post(b"", method="GET", path=METRICS))
    given = set(re.findall(r"^(uwlr_\w+)", text.decode(), re.MULTILINE))
    assert asked - given == set()
    for query in queries:
        for name, label in re.findall(r"(uwlr_\w+)\{(\w+)[=!]", query):
            assert re.search(rf"^{name}\{{[^}}]*\b{label}=", text.decode(), re.MULTILINE), (name, label)
