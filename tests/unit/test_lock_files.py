"""The lock files satisfy pyproject.toml, with a hash for each file and without an address."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD, RUN, DEV = "requirements-build.lock", "requirements.lock", "requirements-dev.lock"
LINE = re.compile(
    r"# [\w ]+:|#    make lock|[a-z0-9-]+==[\w.]+(?: ; [\w.<>=!' ]+)? \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
)
"""All that a line may be: the two lines of the head, a release with its marker, or a hash."""
PYTHONS = ("3.11", "3.12", "3.13")


def asked(lock: str) -> list[str]:
    """Return the requirements that a lock file has to satisfy."""
    project, extras = PYPROJECT["project"]["dependencies"], PYPROJECT["project"]["optional-dependencies"]
    return {
        BUILD: [*PYPROJECT["build-system"]["requires"], *PYPROJECT["dependency-groups"]["build"]],
        RUN: [*project, *extras["postgresql"]],
        DEV: [*project, *(line for extra in extras.values() for line in extra)],
    }[lock]


def locked(lock: str, python: str | None = None) -> dict[str, Version]:
    """Return the releases of a lock file by name, of one Python or of all."""
    found: dict[str, Version] = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix(" \\"))
            if applies(requirement.marker, python):
                (pin,) = requirement.specifier
                found[canonicalize_name(requirement.name)] = Version(pin.version)
    return found


def applies(marker: Marker | None, python: str | None) -> bool:
    """Return whether a marker holds on Linux with this Python; without a Python every marker does."""
    if marker is None or python is None:
        return True
    environment = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    return marker.evaluate({key: str(value) for key, value in default_environment().items()} | environment)


def unsatisfied(lines: Iterable[str], releases: dict[str, Version], python: str) -> list[str]:
    """Return the requirements of which no fitting release is among these."""
    requirements = [requirement for requirement in map(Requirement, lines) if applies(requirement.marker, python)]
    return [
        str(requirement)
        for requirement in requirements
        if (found := releases.get(canonicalize_name(requirement.name))) is None or found not in requirement.specifier
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", [BUILD, RUN, DEV])
def test_every_requirement_is_locked(lock: str, python: str) -> None:
    """Each requirement of pyproject.toml has a release within its range; `make lock` brings a new one in."""
    assert asked(lock)
    assert unsatisfied(asked(lock), locked(lock, python), python) == []


@pytest.mark.parametrize("lock", [BUILD, RUN, DEV])
def test_a_lock_holds_releases_and_hashes_only(lock: str) -> None:
    """Each release has at least one sha256, and no line holds an address, a host or a path."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if not LINE.fullmatch(line)] == []
    assert "://" not in text
    releases = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert releases
    assert [release for release in releases if "    --hash=sha256:" not in release] == []


def test_the_lock_files_agree() -> None:
    """The tests run with the releases of the service, and with those that build it."""
    dev = locked(DEV)
    assert locked(RUN).items() <= dev.items()
    shared = locked(BUILD).keys() & dev.keys()
    assert {name: locked(BUILD)[name] for name in shared} == {name: dev[name] for name in shared}


def test_a_release_out_of_range_is_seen() -> None:
    """The comparison itself sees a missing release, one that does not fit, and a marker of one Python."""
    lines = ["click>=8.4,<9", "flask>=3", "legacy-cgi>=2.6.4; python_version >= '3.13'"]
    releases = {"click": Version("9.0"), "flask": Version("3.1.3")}
    assert unsatisfied(lines, releases, "3.12") == ["click<9,>=8.4"]
    assert [line.partition(">")[0] for line in unsatisfied(lines[1:], releases, "3.13")] == ["legacy-cgi"]
