"""Pausing and resuming one toestemming of a koppeling; the other one, and the verificatiecode, stay as they are.

As in `actions.py` the functions take the open writing transaction of the caller.
"""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.db import schema_version
from uwlr_adapter.koppelingen import lifecycle, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.saving import PAUSED_BY, RESUMED_BY, save
from uwlr_adapter.koppelingen.toestemming import Toestemming

KNOWS_TOESTEMMINGEN = 33
"""The number of the first code that knows two toestemmingen: once leerlinggegevens are paused alone, or were never
agreed to, older code must not answer."""


def pause(
    connection: sa.Connection,
    koppeling_id: int,
    version: int,
    toestemming: Toestemming,
    moment: datetime,
    *,
    actor: str,
) -> Koppeling:
    """Pause one toestemming; the other, and the verificatiecode, stay. Raises KoppelingError, as `enter_code`."""
    before = store.by_id(connection, koppeling_id, version)
    new = lifecycle.pause(before, toestemming, moment, actor)
    if toestemming is Toestemming.LEERLINGGEGEVENS:
        schema_version.require_code(connection, KNOWS_TOESTEMMINGEN)
    return save(connection, new, PAUSED_BY[toestemming], moment, actor)


def resume(
    connection: sa.Connection,
    koppeling_id: int,
    version: int,
    toestemming: Toestemming,
    moment: datetime,
    *,
    actor: str,
) -> Koppeling:
    """Resume one toestemming that was paused by itself. Raises KoppelingError; for `version` see `enter_code`."""
    new = lifecycle.resume(store.by_id(connection, koppeling_id, version), toestemming, moment, actor)
    return save(connection, new, RESUMED_BY[toestemming], moment, actor)
