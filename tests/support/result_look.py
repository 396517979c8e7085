"""A look at all who have results: what is shown, exported and delivered is held against the owners of the keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from support.result_bench import OTHER_SCHOOL, ResultBench
from support.result_owners import ORIGINAL, TWIN, ResultOwners
from uwlr_adapter.administratie.tables import PersonKind, persoon
from uwlr_adapter.resultaten import exporting, reading
from uwlr_adapter.resultaten.exporting import ResultFilter
from uwlr_adapter.resultaten.ontvanger import ResultDelivery

OTHER = OTHER_SCHOOL[:4]


@dataclass
class Administration:
    """A receiver that keeps the key and the score of each result that stands."""

    standing: dict[int, tuple[str, str, int | None]] = field(default_factory=dict)

    def receive(self, deliveries: Sequence[ResultDelivery]) -> None:
        """Keep the newest state of each result."""
        for one in deliveries:
            if one.result is None:
                self.standing.pop(one.resultaat, None)
            else:
                self.standing[one.resultaat] = (one.result.brincode, one.result.leerling, one.result.score)


class ResultLook:
    """What stands of the children of a school in a database, and with an administration."""

    def __init__(self, bench: ResultBench, administration: Administration) -> None:
        self.bench, self.administration = bench, administration
        self.owners = ResultOwners()

    def check(self) -> None:
        """Hold each result that is shown, exported or delivered against the child whom the platform meant."""
        self._check_standing()
        self._check_export()

    def _check_standing(self) -> None:
        shown: dict[int, int | None] = {}
        people = self.people()
        with self.bench.database.reading() as connection:
            for id_, child in people.values():
                for one in reading.of_leerling(connection, id_):
                    self._is_of(one.score, child, f"{one.key} stands")
                    shown[one.resultaat_id] = one.score
        known = {one for _, child in people.values() for one in self.owners.group(child)}
        wanted = self.owners.standing()
        for number, said in wanted.items():
            if said.child in known and not self.owners.same(said.child, ORIGINAL):
                assert number in shown, f"result {number} of child {said.child} was lost"
                assert shown[number] == said.score, f"result {number} of child {said.child} has another score"
        taken_back = shown.keys() - wanted.keys()
        assert not taken_back, f"results {taken_back} stand, and should not"

    def _check_export(self) -> None:
        of_key = {key: child for key, (_, child) in self.people().items()}
        for piece in exporting.export(self.bench.database, ResultFilter(all_versions=True)):
            for one in piece.results:
                self._is_of(one.said.score, of_key[one.brincode, one.leerling], f"{one.said.key} is exported")

    def check_told(self) -> None:
        """Hold what the administration has now, of children who are known, against those whom the platform meant."""
        for school, key, score in self.administration.standing.values():
            child = self.owners.means.get((school, key))
            assert child is not None, f"a result was delivered for a key {key} that nobody ever had"
            self._is_of(score, child, "the administration has it")

    def _is_of(self, score: int | None, child: int, what: str) -> None:
        meant = self.owners.of_score[score or 0]
        assert self.owners.same(meant, child), f"{what} with child {child}, and {meant} was meant"

    def people(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Return the id and the child of each leerling, by school and key."""
        own = persoon.c
        query = sa.select(own.brincode, own.key, own.id, own.achternaam).where(own.soort == PersonKind.LEERLING.value)
        with self.bench.database.reading() as connection:
            rows = connection.execute(query).all()
        return {(row.brincode, row.key): (row.id, self._child(row.brincode, int(row.achternaam[3:-1]))) for row in rows}

    @staticmethod
    def _child(school: str, number: int) -> int:
        return TWIN if (school, number) == (OTHER, ORIGINAL) else number
