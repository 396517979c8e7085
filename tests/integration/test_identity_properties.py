"""No answer ever has one child's key, ECK-iD, name or birth date with another's, whatever the sources do with keys."""

from collections import Counter
from random import Random

import pytest
from support.mixed_up import World
from support.oracle import amount

from uwlr_adapter.db.database import Database

IMPORTS_OF_A_SCHOOL = 25


@pytest.mark.parametrize("seed", range(amount(2, 10_000 // IMPORTS_OF_A_SCHOOL)))
def test_no_answer_ever_mixes_two_children(database: Database, seed: int, figures: Counter[str]) -> None:
    """Swapped, permuted, re-used, doubled and lost keys and ECK-iDs of twins and namesakes, at two vestigingen."""
    world = World(database, Random(seed))  # noqa: S311 - a seeded school is no secret
    for _ in range(8):
        world.enrol()
    for _ in range(IMPORTS_OF_A_SCHOOL):
        world.step()
    figures += world.figures
    assert len(world.child_of) > 8
    done = world.figures
    assert 0 < done["held rows"] < done["rows"] / 2, "neither nothing nor nearly everything is held"
    assert done["rows with what is somebody else's"]
