"""A real server with the example school, shared by the tests of one worker."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served_school import PortalContext, furnish
from support.server import Server, serving


@pytest.fixture(scope="session")
def huis(tmp_path_factory: pytest.TempPathFactory) -> PortalContext:
    """Give a data folder with the example school and a koppeling in each state."""
    return furnish(tmp_path_factory.mktemp("huis"))


@pytest.fixture(scope="session")
def server(huis: PortalContext) -> Iterator[Server]:
    """Serve that folder."""
    with serving(huis.data) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give an empty data folder."""
    return tmp_path
