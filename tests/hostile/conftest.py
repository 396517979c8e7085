"""An application over an empty database, and a real server with the example school."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.databases import make_tables
from support.rsgi import close_worker

from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.rsgi import RsgiApp


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder with an empty database."""
    data = tmp_path_factory.mktemp("hostile")
    settings = Settings(data=data)
    database = Database(settings.database_url)
    make_tables(database)
    ServerKeys.from_settings(settings, database)
    database.close()
    return data


@pytest.fixture
def app(folder: Path) -> Iterator[RsgiApp]:
    """Yield the application that `serve` loads."""
    made = RsgiApp(make_app(Settings(data=folder)), 2)
    yield made
    close_worker(made)
