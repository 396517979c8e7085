"""Matching of the rows of a source with the known persons of a school. Pure.

A person keeps for life the key of the first import, and is sent with it. A row is matched by its source key, else by
its ECK-iD within the brincode; then its new source key becomes an alias. A key that starts with `#` is a dummy
(EDEXML 2.1, keys): such a row is matched by ECK-iD only, and a new person gets a generated key.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256

from uwlr_adapter.administratie.model import Problem, Severity

DUMMY = "#"
"""The first character of a key that identifies nobody (EDEXML 2.1, keys)."""
GENERATED_LENGTH = 24
"""The number of characters of a generated key: within the 30 that every afnemer takes."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The identifiers of the person in one row of a source, with its line."""

    line: int
    key: str
    eckid: str | None


@dataclass(frozen=True, slots=True)
class KnownPersons:
    """The known persons of one kind and brincode, as ids by source key and by ECK-iD."""

    by_source_key: Mapping[str, int]
    by_eckid: Mapping[str, int]
    eckid_of: Mapping[int, str | None]
    keys: AbstractSet[str]
    """The keys by which persons are sent: one is never given to somebody else."""
    elsewhere: AbstractSet[int] = frozenset()
    """Persons with records at a vestiging outside the source: another ECK-iD would change those as well."""
    is_forgotten: Callable[[str, str | None], bool] = lambda _key, _eckid: False
    """Returns whether a key or an ECK-iD is that of a forgotten person."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who is not known yet: the key to send, and the source's own key (None for a dummy)."""

    key: str
    eckid: str | None
    source_key: str | None


@dataclass(slots=True)
class MatchResult:
    """The persons of the rows, and what changes about the known ones."""

    persons: list[int | NewPerson] = field(default_factory=list)
    """One for each row that is not refused, in the order of the rows: the id of a known person, or a new one."""
    aliases: dict[str, int] = field(default_factory=dict)
    """New source keys of known persons."""
    eckids: dict[int, str] = field(default_factory=dict)
    """New or changed ECK-iDs of known persons."""
    problems: list[Problem] = field(default_factory=list)


def make_key(row: SourceRow, attempt: int) -> str:
    """Return a generated key: GENERATED_LENGTH hexadecimal digits.

    It is derived from the identifiers of the row, so that a person who is imported again after an undo has the same.
    """
    digest = sha256(f"{row.eckid or row.key} {attempt}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:GENERATED_LENGTH]


def match(
    kind: str, rows: Iterable[SourceRow], known: KnownPersons, new_key: Callable[[SourceRow, int], str] = make_key
) -> MatchResult:
    """Match the rows of one source, whose keys and ECK-iDs are each unique among them.

    `kind` is the Dutch word for the problems: leerling or leerkracht. A row that cannot be matched becomes a problem
    of severity REFUSED in the result.
    """
    result = MatchResult()
    line_of: dict[int, int] = {}
    taken = set(known.keys)
    for row in rows:
        is_dummy = row.key.startswith(DUMMY)
        by_key = None if is_dummy else known.by_source_key.get(row.key)
        by_eckid = None if row.eckid is None else known.by_eckid.get(row.eckid)
        person = by_eckid if by_key is None else by_key
        if known.is_forgotten(row.key, row.eckid):
            reason = f"was forgotten here: take this {kind} out of the source (or `{kind} allow`)"
            _refuse(result, f"{kind}/@key", row, reason)
        elif is_dummy and row.eckid is None:
            reason = f"a key that starts with {DUMMY} identifies nobody, and there is no ECK-iD"
            _refuse(result, f"{kind}/@key", row, reason)
        elif by_key is not None and by_eckid is not None and by_key != by_eckid:
            _refuse(result, f"{kind}/@eckid", row, f"its ECK-iD belongs to another {kind}")
        elif person is not None and person in known.elsewhere and _changes_eckid(row, known.eckid_of[person]):
            reason = f"its key is that of a {kind} with another ECK-iD at another vestiging"
            _refuse(result, f"{kind}/@key", row, reason)
        elif person is None:
            result.persons.append(_new(row, taken, new_key, is_dummy=is_dummy))
        elif person in line_of:
            _refuse(result, f"{kind}/@key", row, f"the same {kind} as line {line_of[person]}")
        else:
            line_of[person] = row.line
            result.persons.append(person)
            _update(result, kind, row, (person, known.eckid_of[person]), is_alias=by_key is None and not is_dummy)
    return result


def _new(row: SourceRow, taken: set[str], new_key: Callable[[SourceRow, int], str], *, is_dummy: bool) -> NewPerson:
    key, attempt = row.key, 0
    while is_dummy or key in taken:  # the key of a source may equal one that was generated for another person
        key, is_dummy, attempt = new_key(row, attempt), False, attempt + 1
    taken.add(key)
    return NewPerson(key=key, eckid=row.eckid, source_key=None if row.key.startswith(DUMMY) else row.key)


def _update(result: MatchResult, kind: str, row: SourceRow, person: tuple[int, str | None], *, is_alias: bool) -> None:
    """Add what a row changes about a known person, given as id and present ECK-iD."""
    id_, eckid = person
    if is_alias:
        result.aliases[row.key] = id_
        _warn(result, f"{kind}/@key", row, f"a new key for a {kind} known by ECK-iD, who keeps the first key")
    if row.eckid is None and eckid is not None:
        _warn(result, f"{kind}/@eckid", row, "has no ECK-iD any more: keeps the known one")
    elif row.eckid is not None and row.eckid != eckid:
        result.eckids[id_] = row.eckid
        if eckid is not None:
            _warn(result, f"{kind}/@eckid", row, "has another ECK-iD than before")


def _changes_eckid(row: SourceRow, before: str | None) -> bool:
    return row.eckid is not None and before is not None and row.eckid != before


def _refuse(result: MatchResult, element: str, row: SourceRow, reason: str) -> None:
    result.problems.append(Problem(row.line, element, reason))


def _warn(result: MatchResult, element: str, row: SourceRow, reason: str) -> None:
    result.problems.append(Problem(row.line, element, reason, Severity.WARNING))
