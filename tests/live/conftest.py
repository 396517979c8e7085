"""A real server with the example school, shared by the tests of one worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served_school import ServedSchool, furnish
from support.server import Server, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return a data folder with the example school and a koppeling in each state."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="session")
def server(served: ServedSchool) -> Iterator[Server]:
    """Serve that folder."""
    with serving(served.data) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return an empty data folder."""
    return tmp_path
