"""A real server with the example school, shared by the tests of one worker."""

from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return an empty data folder."""
    return tmp_path
