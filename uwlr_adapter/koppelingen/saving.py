"""The end of each act on a koppeling: its record changed, and the act in the journaal, in the caller's transaction."""

from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import withholding
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import given, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming

GIVEN_BY = {
    Toestemming.LEERLINGGEGEVENS: Act.LEERLINGGEGEVENS_ALLOWED,
    Toestemming.RESULTATEN: Act.RESULTS_ALLOWED,
}
PAUSED_BY = {
    Toestemming.LEERLINGGEGEVENS: Act.LEERLINGGEGEVENS_PAUSED,
    Toestemming.RESULTATEN: Act.RESULTS_PAUSED,
}
RESUMED_BY = {
    Toestemming.LEERLINGGEGEVENS: Act.LEERLINGGEGEVENS_RESUMED,
    Toestemming.RESULTATEN: Act.RESULTS_RESUMED,
}


LEAVE_THE_CODE = frozenset(
    {
        *(Act.AKKOORD_RENEWED, Act.WITHHELD, Act.SHARED_AGAIN, Act.STARTDATUM_CHANGED),
        *(*GIVEN_BY.values(), *PAUSED_BY.values(), *RESUMED_BY.values()),
    }
)
"""The acts on a koppeling after which its code is what it was."""


FORGET_GIVEN = frozenset(
    {
        *(Act.RESUMED, Act.ENDED, Act.ENDED_BY_MERGE),
        *(Act.LEERLINGGEGEVENS_RESUMED, Act.LEERLINGGEGEVENS_ALLOWED),
    }
)
"""The acts after which a koppeling counts as given nothing: the next fetch gets everything."""


def save(
    connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str, remarks: str | None = None
) -> Koppeling:
    """Store what an act made of a koppeling, with all that follows from it. Raises ChangedMeanwhileError."""
    store.update(connection, koppeling, with_code=act not in LEAVE_THE_CODE)
    if act in FORGET_GIVEN:  # behind the koppeling, as a fetch takes its locks
        given.forget(connection, koppeling.id)
    if act in {Act.ENDED, Act.ENDED_BY_MERGE}:
        withholding.remove(connection, koppeling.id)
    record(connection, koppeling, act, moment, actor, remarks)
    return koppeling


def record(
    connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str, remarks: str | None = None
) -> None:
    """Store an act on a koppeling in the journaal."""
    koppeling_id, brin6 = koppeling.id, koppeling.brin6
    writer.record_act(
        connection, moment=moment, act=act, koppeling_id=koppeling_id, brin6=brin6, actor=actor, remarks=remarks
    )
