"""The SBOM: what requirements.lock installs, as CycloneDX."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from uwlr_adapter import __version__

ROOT = Path(__file__).parents[2]


def written(path: Path) -> str:
    """Return the SBOM that the script writes."""
    subprocess.run([sys.executable, "-W", "error", ROOT / ".ci" / "sbom.py", path], check=True, capture_output=True)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the SBOM, written once for this file."""
    return written(tmp_path_factory.mktemp("sbom") / "new" / "sbom.json")


def locked() -> dict[str, set[str]]:
    """Return the hashes of each release of the lock file, by purl."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix(" \\"))
            (pin,) = requirement.specifier
            hashes = found.setdefault(f"pkg:pypi/{requirement.name}@{pin.version}", set())
        elif "--hash=sha256:" in line:
            hashes.add(line.split(":")[1].split()[0])
    return found


def test_it_is_valid(text: str) -> None:
    """The document is valid CycloneDX 1.6, no field unknown, and is about this version."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - seconds, which only the worker of this test pays
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - as above

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert document["specVersion"] == "1.6"
    assert document["metadata"]["component"] == {
        "bom-ref": "uwlr-adapter",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "name": "uwlr-adapter",
        "type": "application",
        "version": __version__,
    }


def test_it_holds_what_the_lock_file_holds(text: str) -> None:
    """Each release is there once with all its hashes, and nothing else is."""
    components: list[dict[str, Any]] = json.loads(text)["components"]
    assert {one["purl"]: {each["content"] for each in one["hashes"]} for one in components} == locked()
    assert len(components) == len(locked())
    assert all(one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" for one in components)
    assert {each["alg"] for one in components for each in one["hashes"]} == {"SHA-256"}


def test_what_is_installed_has_its_licence(text: str) -> None:
    """A release without a marker is installed here, and its licence is known."""
    components = json.loads(text)["components"]
    assert [one["name"] for one in components if "licenses" not in one and "properties" not in one] == []


def test_it_is_reproducible(text: str, tmp_path: Path) -> None:
    """A second run writes the same bytes: no moment, and no random number."""
    assert written(tmp_path / "sbom.json") == text
