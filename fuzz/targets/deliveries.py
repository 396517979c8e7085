"""The rules that hold for each import, of whatever source."""

from collections.abc import Callable, Iterable, Sequence

from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem, Severity

_UNEXPLAINED = "and not in the records, and no other warning says why"
"""Ends the warning by which a reader notices a fault of its own."""


def outcome(read: Callable[[], Sequence[Delivery]]) -> tuple[Sequence[Delivery], tuple[Problem, ...]]:
    """Return the deliveries, or the reasons of a refusal, when they are as they should be."""
    try:
        deliveries = read()
    except ImportRefusedError as error:
        assert any(one.severity is Severity.REFUSED for one in error.problems), "refused without a reason"
        _judge(error.problems)
        return (), error.problems
    assert deliveries
    for delivery in deliveries:
        _judge(delivery.warnings)
        assert all(one.severity is Severity.WARNING for one in delivery.warnings), "taken with a reason to refuse it"
        keys = [one.record.key for one in delivery.leerlingen]
        assert len(set(keys)) == len(keys), "a key twice"
        assert all(keys), "a leerling without a key"
    return deliveries, ()


def _judge(problems: Iterable[Problem]) -> None:
    for problem in problems:
        assert problem.reason
        assert problem.reason.isprintable()
        assert problem.element.isprintable() or problem.file.endswith(".toml"), "what is printed is not printable"
        assert problem.line >= 0
        assert _UNEXPLAINED not in problem.reason


def contents(deliveries: Sequence[Delivery]) -> list[object]:
    """Return what is in deliveries, without the lines."""
    return [
        (
            one.school.schooljaar,
            one.school.brin6,
            one.school.schoolkey,
            *([source.record for source in part] for part in (one.locaties, one.groepen, one.leerkrachten)),
            [source.record for source in one.leerlingen],
        )
        for one in deliveries
    ]


def verdict(deliveries: Sequence[Delivery], problems: Sequence[Problem]) -> str:
    """Return a word for an outcome: the first reason of a refusal, or the number of records with the last warning."""
    if problems:
        return f"refused: {problems[0].element} {problems[0].reason}"[:200]
    first = deliveries[0]
    last = first.warnings[-1].reason if first.warnings else ""
    return f"{len(deliveries)} {len(first.leerlingen)} {last}"[:200]
