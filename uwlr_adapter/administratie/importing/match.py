"""Who is who: the rows of a source matched with the persons that are known. Pure.

The key that leaves is the source's key at first sight, for life. A row is matched by its source key, else by its
ECK-iD within the brincode, whose new source key becomes an alias. A key that starts with `#` is a dummy (EDEXML,
keys): such a row is matched by ECK-iD only, and a new person gets a key of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256

from uwlr_adapter.administratie.model import Problem, Severity

DUMMY = "#"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """What one row of a source says of who it is about."""

    line: int
    key: str
    eckid: str | None


@dataclass(frozen=True, slots=True)
class KnownPersons:
    """The known persons of one kind and brincode: by source key, by ECK-iD, and the keys that ever left."""

    by_source_key: Mapping[str, int]
    by_eckid: Mapping[str, int]
    eckid_of: Mapping[int, str | None]
    keys: AbstractSet[str]
    elsewhere: AbstractSet[int] = frozenset()
    """Persons with records at a vestiging outside the source: another ECK-iD would change theirs too."""
    is_forgotten: Callable[[str, str | None], bool] = lambda _key, _eckid: False
    """Tells whether a key and an ECK-iD are those of somebody who was forgotten."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person seen for the first time; `bronsleutel` is None for a dummy."""

    key: str
    eckid: str | None
    source_key: str | None


@dataclass(slots=True)
class MatchResult:
    """What the rows come to, in their order: a known person's id, or a new person."""

    persons: list[int | NewPerson] = field(default_factory=list)
    aliases: dict[str, int] = field(default_factory=dict)
    eckids: dict[int, str] = field(default_factory=dict)
    """New or other ECK-iDs of known persons."""
    problems: list[Problem] = field(default_factory=list)


def make_key(row: SourceRow, attempt: int) -> str:
    """Give a key of ours: 24 characters, within the 30 that every afnemer takes.

    It follows from who the row is about, so that somebody who comes in again after a terugdraaien has the same one.
    """
    return sha256(f"{row.eckid or row.key} {attempt}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def match(
    kind: str, rows: Iterable[SourceRow], bekend: KnownPersons, new_key: Callable[[SourceRow, int], str] = make_key
) -> MatchResult:
    """Match the rows of one source; those that cannot be taken are problems of weight WEIGERT in the outcome.

    The keys and ECK-iDs of the rows are unique among themselves: the reader saw to that.
    """
    outcome = MatchResult()
    regel_van: dict[int, int] = {}
    taken = set(bekend.keys)
    for row in rows:
        is_dummy = row.key.startswith(DUMMY)
        by_key = None if is_dummy else bekend.by_source_key.get(row.key)
        by_eckid = None if row.eckid is None else bekend.by_eckid.get(row.eckid)
        known = by_eckid if by_key is None else by_key
        if bekend.is_forgotten(row.key, row.eckid):
            reason = f"was forgotten here: take this {kind} out of the source (or `leerling allow`)"
            _refuse(outcome, f"{kind}/@key", row, reason)
        elif is_dummy and row.eckid is None:
            _refuse(
                outcome, f"{kind}/@key", row, f"a key that starts with {DUMMY} is no identity, and there is no ECK-iD"
            )
        elif by_key is not None and by_eckid is not None and by_key != by_eckid:
            _refuse(outcome, f"{kind}/@eckid", row, f"its ECK-iD belongs to another {kind}")
        elif known is not None and known in bekend.elsewhere and _changes_eckid(row, bekend.eckid_of[known]):
            _refuse(
                outcome, f"{kind}/@key", row, f"its key is that of a {kind} with another ECK-iD at another vestiging"
            )
        elif known is None:
            outcome.persons.append(_new(row, taken, new_key, is_dummy=is_dummy))
        elif known in regel_van:
            _refuse(outcome, f"{kind}/@key", row, f"the same {kind} as line {regel_van[known]}")
        else:
            regel_van[known] = row.line
            outcome.persons.append(known)
            _update(outcome, kind, row, known, bekend, is_alias=by_key is None and not is_dummy)
    return outcome


def _new(row: SourceRow, taken: set[str], new_key: Callable[[SourceRow, int], str], *, is_dummy: bool) -> NewPerson:
    key, attempt = row.key, 0
    while is_dummy or key in taken:  # a source may come up with a key that we gave to somebody
        key, is_dummy, attempt = new_key(row, attempt), False, attempt + 1
    taken.add(key)
    return NewPerson(key=key, eckid=row.eckid, source_key=None if row.key.startswith(DUMMY) else row.key)


def _update(
    outcome: MatchResult, kind: str, row: SourceRow, known: int, bekend: KnownPersons, *, is_alias: bool
) -> None:
    if is_alias:
        outcome.aliases[row.key] = known
        reason = f"a new key for a {kind} known by ECK-iD, who keeps the key at first sight"
        outcome.problems.append(Problem(row.line, f"{kind}/@key", reason, Severity.WARNING))
    before = bekend.eckid_of[known]
    if row.eckid is None and before is not None:
        outcome.problems.append(
            Problem(row.line, f"{kind}/@eckid", "has no ECK-iD any more: keeps the known one", Severity.WARNING)
        )
    elif row.eckid is not None and row.eckid != before:
        outcome.eckids[known] = row.eckid
        if before is not None:
            outcome.problems.append(
                Problem(row.line, f"{kind}/@eckid", "has another ECK-iD than before", Severity.WARNING)
            )


def _changes_eckid(row: SourceRow, before: str | None) -> bool:
    return row.eckid is not None and before is not None and row.eckid != before


def _refuse(outcome: MatchResult, element: str, row: SourceRow, reason: str) -> None:
    outcome.problems.append(Problem(row.line, element, reason))
