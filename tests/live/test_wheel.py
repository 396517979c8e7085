"""The wheel that a user installs: it works from any folder, with the contract's files inside."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
LOOK = """
import uwlr_adapter
from pathlib import Path
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract import schemas
from uwlr_adapter.web.services import LEERLINGGEGEVENS
from uwlr_adapter.web.soap.wsdl import wsdl
home = Path(uwlr_adapter.__file__).parent
assert home.is_relative_to(Path(FOLDER).resolve()), home
assert contract_file("schemas/2.2/antwoord.xsd").is_relative_to(home)
for page in ("templates/base.html", "static/portaal.css", "static/portaal.js"):
    assert (home / "portal" / page).is_file(), page
for part in ("rules.toml", "reports/report.html", "reports/report.css", "reports/report.schema.json"):
    assert (home / "kit" / part).is_file(), part
for part in ("web/templates/fouten.html", "web/static/stijl.css"):
    assert (home / part).is_file(), part
for part in ("fault_catalogue.toml", "published.toml"):
    assert (home / "contract" / part).is_file(), part
from uwlr_adapter.contract import published
assert all(published.files(version.number) for version in published.versions())
assert any((home / "demo" / "examples" / "antwoorden").rglob("antwoord.xml"))
assert b"https://uwlr.example/uwlr/leerlinggegevens" in wsdl(LEERLINGGEGEVENS.wsdl, "https://uwlr.example")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it in a folder of its own, as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the unpacked wheel before everything else, from a folder without the project."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=installed.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_an_installed_wheel_finds_its_own_files(installed: Path) -> None:
    """Schemas and WSDL come from inside the wheel, not from a checkout nearby."""
    result = run(installed, "-c", f"FOLDER = {str(installed)!r}\n{LOOK}")
    assert result.returncode == 0, result.stderr


def test_an_installed_wheel_has_its_data_and_its_command(installed: Path) -> None:
    """The catalogue and the migrations travel along, and the command makes a database in an empty folder."""
    result = run(installed, "-m", "uwlr_adapter", "--data", "nieuw", "init")
    assert result.returncode == 0, result.stderr
    assert (installed.parent / "nieuw" / "uwlr.sqlite3").is_file()


def test_an_installed_wheel_writes_the_files_of_an_installation(installed: Path) -> None:
    """The unit, the nginx files and the rest are those of deploy/, with the values that were given."""
    result = run(installed, "-m", "uwlr_adapter", "deploy", "files", "files", "--public-url", "https://uwlr.school.nl")
    assert result.returncode == 0, result.stderr
    shipped, written = ROOT / "deploy", installed.parent / "files"
    names = sorted(path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file())
    assert sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file()) == names
    assert "server_name uwlr.school.nl;" in (written / "nginx" / "uwlr-site.conf").read_text(encoding="utf-8")


def test_the_wheel_holds_nothing_else(installed: Path) -> None:
    """No tests, benchmarks or stray files are installed beside the package."""
    assert sorted(path.name for path in installed.iterdir() if path.suffix != ".dist-info") == ["uwlr_adapter"]
