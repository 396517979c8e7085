"""Results to the administration: a receiver gets what it does not have yet, and what it took is noted after that.

A process that ends between the two delivers the same again, with the same id. Where a receiver takes so long that
another process goes on, what it got last is not known, and it is told that once more.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from uwlr_adapter.jobs.lease import LeaseLostError
from uwlr_adapter.jobs.work import Due, JobRun
from uwlr_adapter.resultaten import delivering, ontvanger
from uwlr_adapter.resultaten.delivering import Untold
from uwlr_adapter.resultaten.ontvanger import NotReceivedError, Ontvanger, OntvangerError
from uwlr_adapter.settings import Settings

_WHAT = "results"


def due(connection: sa.Connection, settings: Settings, _moment: datetime) -> list[Due]:
    """Return how many results the administration has to be told; without a receiver, how many came."""
    if settings.receiver is None:
        return [Due(_WHAT, delivering.count_came(connection), "no receiver is set (UWLR_RECEIVER)")]
    number = 0
    for brincode in delivering.schools_to_tell(connection):
        for among in (delivering.of_joined(brincode), *_of_messages(connection, brincode)):
            number += sum(len(found.untold) for found in delivering.pages(connection, among))
    return [Due(_WHAT, number, "not with the administration yet")]


def has_work(connection: sa.Connection, _now: datetime) -> bool:
    """Return whether there may be something to tell."""
    return delivering.has_work(connection)


def run(run_: JobRun) -> None:
    """Deliver what the administration has not; nothing where no receiver is set.

    Raises OntvangerError, NotReceivedError, StoppedError, LeaseLostError or DBAPIError; what was noted stays so.
    """
    if run_.settings.receiver is None:
        return
    receiver = _receiver(run_.settings)
    with run_.reading() as connection:
        schools = delivering.schools_to_tell(connection)
    for brincode in schools:
        _tell(run_, receiver, brincode, delivering.of_joined(brincode))
        messages: list[int] = []
        while messages := _next(run_, brincode, messages):
            _tell(run_, receiver, brincode, delivering.of_messages(messages))
            run_.transact(partial(delivering.finish, brincode=brincode, messages=tuple(messages), moment=run_.moment))


def _receiver(settings: Settings) -> Ontvanger:
    """Return the receiver of the settings. Raises OntvangerError."""
    file, text = settings.receiver_options_file, ""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise OntvangerError(f"the options of the receiver cannot be read: {type(error).__name__}") from None
    return ontvanger.make(settings.receiver or "", ontvanger.read_options(text))


def _next(run_: JobRun, brincode: str, before: list[int]) -> list[int]:
    with run_.reading() as connection:
        return delivering.messages_to_tell(connection, brincode, before[-1] if before else 0)


def _of_messages(connection: sa.Connection, brincode: str) -> Iterator[sa.Select[tuple[int]]]:
    messages = delivering.messages_to_tell(connection, brincode)
    while messages:
        yield delivering.of_messages(messages)
        messages = delivering.messages_to_tell(connection, brincode, messages[-1])


def _tell(run_: JobRun, receiver: Ontvanger, brincode: str, among: sa.Select[tuple[int]]) -> None:
    """Deliver what is untold of the results of a query, page by page."""
    after: int | None = 0
    while after is not None:
        with run_.reading() as connection:
            found = delivering.look(connection, among, after)
        if found.untold:
            _deliver(receiver, found.untold)
            acknowledge = partial(delivering.acknowledge, brincode=brincode, told=found.untold, moment=run_.moment)
            try:
                run_.write(_WHAT, acknowledge)
            except LeaseLostError:  # it took so long that another process went on, perhaps with a later state
                with run_.database.writing() as connection:
                    delivering.tell_again(connection, brincode, found.untold)
                raise
        after = found.last


def _deliver(receiver: Ontvanger, untold: list[Untold]) -> None:
    try:
        receiver.receive([one.delivery for one in untold])
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of somebody else, which must not end this thread
        raise NotReceivedError(error) from None
