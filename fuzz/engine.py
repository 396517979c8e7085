"""One target run on mutated inputs, up to its first finding."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fuzz.mutator import Mutator
from fuzz.target import Target, counted

COUNTED = 20
"""Of so many inputs one has its calls counted, which takes twice the time."""
MAX_POOL = 2000
"""Inputs that are mutated, samples included."""
_SHRINKING = 400
"""Attempts to make the input of a finding smaller."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that a check does not accept, made smaller, and the exception."""

    data: bytes
    error: Exception


@dataclass(frozen=True, slots=True)
class Run:
    """The outcome of a run: inputs tried, verdicts seen, the CPU time in seconds, and what was found."""

    executions: int
    verdicts: int
    seconds: float
    finding: Finding | None


def run(target: Target, seed: int, goes_on: Callable[[int], bool]) -> Run:
    """Try inputs while `goes_on`, given how many there were; the samples come first and are not counted."""
    mutator = Mutator(f"{target.name} {seed}", target.dictionary)
    pool = list(target.samples())
    verdicts: set[str] = set()
    executions, begin = 0, time.process_time()
    for sample in pool:
        verdicts.add(target.check(sample))
    while goes_on(executions):
        data = mutator.mutate(pool)
        executions += 1
        check = counted if executions % COUNTED == 0 else _plain
        try:
            verdict = check(target, data)
        except Exception as error:  # noqa: BLE001 - each one is a finding
            finding = Finding(_shrink(check, target, data, error), error)
            return Run(executions, len(verdicts), time.process_time() - begin, finding)
        if verdict not in verdicts:
            verdicts.add(verdict)
            if len(pool) < MAX_POOL:
                pool.append(data)
    return Run(executions, len(verdicts), time.process_time() - begin, None)


def _plain(target: Target, data: bytes) -> str:
    return target.check(data)


def _shrink(check: Callable[[Target, bytes], str], target: Target, data: bytes, error: Exception) -> bytes:
    """Return a shorter input, if any, for which the check raises an exception of the same class."""
    step, tried = max(len(data) // 2, 1), 0
    while tried < _SHRINKING:
        for start in range(0, len(data), step):
            shorter = data[:start] + data[start + step :]
            tried += 1
            if _raises(check, target, shorter, type(error)):
                data = shorter
                break
            if tried >= _SHRINKING:
                break
        else:
            if step == 1:
                break
            step = max(step // 2, 1)
    return data


def _raises(check: Callable[[Target, bytes], str], target: Target, data: bytes, kind: type[Exception]) -> bool:
    try:
        check(target, data)
    except kind:
        return True
    except Exception:  # noqa: BLE001 - another finding, which is not the one that is looked at
        return False
    return False
