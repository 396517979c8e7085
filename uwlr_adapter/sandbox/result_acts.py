"""Acts of a school on results, on request of its vendor: agree to them, pause them, take a message back."""

from collections.abc import Mapping

from uwlr_adapter.koppelingen import agreeing, pausing
from uwlr_adapter.koppelingen.toestemming import NOT_GIVEN, Toestemming
from uwlr_adapter.sandbox import sent_results
from uwlr_adapter.sandbox.accounts import ACTOR, Account, SandboxRefusedError
from uwlr_adapter.sandbox.situations import SandboxPlace, catalogue_for
from uwlr_adapter.sandbox.state import MadeSchool
from uwlr_adapter.sandbox.world import World


def agree_results(
    world: World, account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    """Have the school agree to results, of which it did not. Raises RefusedError."""
    with world.database.writing() as connection:
        koppeling = world.maker.require_living(connection, place)
        if koppeling.resultaten != NOT_GIVEN:
            raise SandboxRefusedError("the school agreed to results already")
        agreeing.give(
            connection,
            catalogue_for(account.klantnaam),
            koppeling.id,
            koppeling.version,
            Toestemming.RESULTATEN,
            login=ACTOR,
            naam="De sandbox",
            akkoord=True,
            moment=world.clock(),
            actor=ACTOR,
        )
    return old, "the school agreed to results"


def pause_results(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    """Have the school pause the results alone. Raises RefusedError."""
    with world.database.writing() as connection:
        koppeling = world.maker.require_living(connection, place)
        own = koppeling.id, koppeling.version, Toestemming.RESULTATEN
        pausing.pause(connection, *own, world.clock(), actor=ACTOR)
    return old, "the school paused the results"


def resume_results(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    """Have the school resume the results. Raises RefusedError."""
    with world.database.writing() as connection:
        koppeling = world.maker.require_living(connection, place)
        own = koppeling.id, koppeling.version, Toestemming.RESULTATEN
        pausing.resume(connection, *own, world.clock(), actor=ACTOR)
    return old, "the school resumed the results"


def take_back(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    """Have the school take back the last message that stands. Raises RefusedError."""
    message = sent_results.take_back(world.database, place, world.clock())
    return old, f"the school took back message {message.id}"


def put_back(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    """Have the message that was taken back last stand again. Raises RefusedError."""
    message = sent_results.put_back(world.database, place)
    return old, f"message {message.id} stands again"
