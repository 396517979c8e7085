"""A demo that was prepared before there were results: the next start gives its koppeling the toestemming for them."""

from pathlib import Path

import pytest
from support.databases import make_tables
from support.portal_browser import MOMENT

from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import GIVEN, NOT_GIVEN, ToestemmingStatus
from uwlr_adapter.settings import Settings


def koppeling(database: Database) -> Koppeling:
    """Return the koppeling of the demo."""
    with database.reading() as connection:
        found = store.find_living(connection, setup.BRIN6, setup.ENTRY_ID)
    assert found is not None
    return found


def test_results_are_agreed_to_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is on from the second start; another start does nothing more."""
    settings = Settings(data=tmp_path)
    database = Database(settings.database_url)
    try:
        make_tables(database)
        keys = ServerKeys.from_settings(settings, database, create=True)
        usual = ActivationRequest
        with monkeypatch.context() as before:
            before.setattr(setup, "ActivationRequest", lambda **form: usual(**form | {"akkoord_resultaten": False}))
            setup.prepare(database, keys, MOMENT)
        assert koppeling(database).resultaten == NOT_GIVEN
        setup.prepare(database, keys, MOMENT)
        agreed = koppeling(database)
        assert (agreed.leerlinggegevens, agreed.resultaten.status) == (GIVEN, ToestemmingStatus.ON)
        terms = Catalogue.load().entries[setup.ENTRY_ID].voorwaarden_resultaten
        assert agreed.akkoord_resultaten is not None
        assert terms is not None
        assert agreed.akkoord_resultaten.voorwaarden == terms.versie
        setup.prepare(database, keys, MOMENT)
        assert koppeling(database).version == agreed.version
    finally:
        database.close()
