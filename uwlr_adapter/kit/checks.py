"""A check: what must hold, why, and the function that finds out.

The function of a check returns when the rule holds, with a sentence of what was found or with None. Otherwise it calls
`fail`, `omit` or `cannot`, each with one sentence for a reader who has the report and not the endpoint. No sentence
holds a value of the endpoint that is a person's, a key or a code: paths, rules, counts and words of the standard only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, TypeAlias

from uwlr_adapter.errors import UwlrAdapterError, describe


class Level(StrEnum):
    """How much a check weighs."""

    MUST = "must"
    """A failure makes the endpoint not conformant."""
    SHOULD = "should"
    """A failure is a warning: known clients stumble on it. With `--strict` it weighs as a must."""
    INFORMATION = "information"
    """A failure is told and weighs nothing."""


class Verdict(StrEnum):
    """The outcome of a check."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIP = "skip"
    """Not run: a check that it builds on did not pass, or the run ended before it."""
    OMIT = "omit"
    """Not for this plan, profile or version, or about something optional that the endpoint does not offer."""
    CANNOT = "cannot"
    """Not to be tested here; the sentence begins with the reason."""


class DecidedSignal(UwlrAdapterError):
    """A check ends before its last line, with a verdict and one sentence."""

    def __init__(self, verdict: Verdict, sentence: str) -> None:
        super().__init__(sentence)
        self.verdict = verdict


DEFECT = "Because of a defect of the kit"
"""How the sentence of a check begins that failed by itself."""


class RunStoppedError(UwlrAdapterError):
    """The run cannot go on; the text is one sentence with the cause, without its full stop."""


def fail(sentence: str) -> NoReturn:
    """End a check: the rule does not hold."""
    raise DecidedSignal(Verdict.FAIL, sentence)


def omit(sentence: str) -> NoReturn:
    """End a check: it is about something that this endpoint or plan does not have."""
    raise DecidedSignal(Verdict.OMIT, sentence)


def cannot(sentence: str) -> NoReturn:
    """End a check: it cannot be tested here, for the reason in the sentence."""
    raise DecidedSignal(Verdict.CANNOT, sentence)


def require(holds: object, sentence: str) -> None:
    """End a check with FAIL unless something holds."""
    if not holds:
        fail(sentence)


Finder: TypeAlias = Callable[[Any], str | None]
"""The function of a check; it gets what is judged: a Session for an endpoint, a Conversation for a caller."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `rules` are numbers of the conformance list (`R-020`); `after` are checks that must have passed."""

    id: str
    title: str
    """The rule to hold, as one sentence without a full stop."""
    rules: tuple[str, ...]
    level: Level
    after: tuple[str, ...]
    suite: str
    run: Finder = field(repr=False, compare=False)

    def decide(self, subject: Any) -> tuple[Verdict, str]:  # noqa: ANN401 - see Finder
        """Return the verdict on a subject, with one sentence that begins with a capital and ends with a full stop.

        A defect of the kit neither ends a run nor is blamed on what is judged: it is a `cannot`. Raises
        RunStoppedError.
        """
        try:
            verdict, sentence = Verdict.PASS, self.run(subject) or self.title
        except DecidedSignal as decided:
            verdict, sentence = decided.verdict, str(decided)
        except RunStoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect, see above
            verdict, sentence = Verdict.CANNOT, f"{DEFECT}, please report it: {describe(error)}"
        return verdict, f"{sentence[:1].upper()}{sentence[1:].removesuffix('.')}."


@dataclass(slots=True)
class Suite:
    """A chapter: a name for `--only` and `--skip`, the prefix of its ids, a title, and its checks in their order."""

    name: str
    prefix: str
    title: str
    checks: list[Check] = field(default_factory=list)

    def check(
        self,
        number: int,
        title: str,
        *rules: str,
        level: Level = Level.MUST,
        after: tuple[str, ...] = (),
    ) -> Callable[[Finder], Finder]:
        """Return a decorator that adds a function as the check `PREFIX-NN`."""

        def add(run: Finder) -> Finder:
            check = Check(f"{self.prefix}-{number:02}", title, rules, level, after, self.name, run)
            self.checks.append(check)
            return run

        return add

    def __iter__(self) -> Iterator[Check]:
        """Iterate over the checks in their order."""
        return iter(self.checks)
