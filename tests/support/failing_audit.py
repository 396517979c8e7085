"""Makes an act fail at its n-th call, and audits what is left: see auditor.py for what must hold."""

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Any

from support import auditor
from support.auditor import Answer, Contents
from support.failing import Done, Kind, Striker
from support.failing_acts import BRIN6, CODE, NEW_CODE, SCHOOLJAAR, Act
from support.failing_grounds import Ground

BEFORE, BETWEEN, AFTER, TAKEN_BACK, HALF = "before", "between", "after", "taken back", "half"
_LOST = "'Server.TijdelijkNietBeschikbaar'"
"""The outcome of a fetch whose commit may be done, as `told` writes it."""
_REFUSED = "Client.AutorisatieOngeldig"
_SAYS_UNCHANGED = ("nothing was changed", "was not changed", "nothing was written")
AGAIN_EVERY = 10
"""Of states that are alike to the row every tenth is audited nevertheless: the files of SQLite may differ."""


@dataclass
class Audit:
    """An act on a ground, with the states that it may leave."""

    act: Act
    ground: Ground
    outcomes: Counter[str] = field(default_factory=Counter)
    """How many runs ended how: what the command said, and the state that it left."""
    wrong: list[str] = field(default_factory=list)
    _audited: set[tuple[IntEnum, bytes]] = field(default_factory=set)
    """The states that were audited, for each kind of failure."""
    _start: Contents = field(init=False)
    _left_out: set[tuple[str, str]] = field(init=False)
    _after: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Do the act twice unharmed: what it leaves is `after`, what differs is left out of comparisons."""
        self.ground.begin(self.act)
        self._start = self.ground.contents()
        problems = self._look_outside(BEFORE, self._start)
        assert not problems, problems
        self.ground.reset()
        runs = [self._unharmed(moved=moved) for moved in (False, True)]
        self._left_out = auditor.unlike(*runs)
        self._after = self._told(runs[1])

    def run(self, striker: Striker, kind: IntEnum, n: int) -> bool:
        """Do the act with a strike at the n-th call; returns whether there was an n-th."""
        self.ground.reset()
        striker.arm(kind, n)
        done = self.ground.run(self.act.command)
        struck = striker.disarm().struck
        said = "acknowledged" if done.acknowledged else "died" if done.died else "refused"
        contents = self.ground.contents()
        state = self._state(contents)
        self.outcomes[f"{said}, {state}"] += 1
        problems = self._judge_said(done, state, kind) + self._judge_reported(done, contents)
        alike = kind, sha256(repr(auditor.told(contents, self._left_out)).encode()).digest()
        if alike not in self._audited or n % AGAIN_EVERY == 0:
            problems += self._judge(done, state, contents)
            if not problems:
                self._audited.add(alike)
        self.wrong += [f"{self.act.name}, {kind.name} at {n} of {self.ground.name}: {one}" for one in problems]
        return struck

    def count(self, striker: Striker, kind: IntEnum) -> int:
        """Do the act unharmed, and return how many calls it makes."""
        self.ground.reset()
        striker.arm(kind, 0)
        self.ground.run(self.act.command)
        return striker.disarm().seen

    def _unharmed(self, *, moved: bool) -> Contents:
        self.ground.reset()
        if moved:
            self.ground.move_sequences()
        done = self.ground.run(self.act.command)
        assert done.acknowledged, done
        return self.ground.contents()

    def _told(self, contents: Contents) -> dict[str, Any]:
        found = auditor.told(contents, self._left_out)
        return {table: rows for table, rows in found.items() if table not in self.act.caches}

    def _state(self, contents: Contents) -> str:
        if contents == self._start:
            return BEFORE
        found = self._told(contents)
        if found == self._after:
            return AFTER
        if self.act.parts and self._is_of_parts(found):
            return BETWEEN
        if not self.act.command and _is_taken_back(found, self._told(self._start), self._after):
            return TAKEN_BACK
        return BEFORE if self.act.caches and found == self._told(self._start) else HALF

    def _is_of_parts(self, found: dict[str, Any]) -> bool:
        """Return whether each part is whole or not at all: its tables are as after it if it is counted, else as before.

        A table that no part has is as before and as after.
        """
        start = self._told(self._start)
        counted = {row[1] for row in found["erased"]} - {row[1] for row in start["erased"]}
        done = {table for part, tables in self.act.parts.items() if repr(part) in counted for table in tables}
        rows = {table: (self._after if table in done else start)[table] for table in start}
        rows["erased"] = [row for row in self._after["erased"] if row in start["erased"] or row[1] in counted]
        return found == rows

    def _judge_reported(self, done: Done, contents: Contents) -> list[str]:
        """Return what is wrong with the parts that a command that failed says it did.

        What it reports is there; and all of it is reported by one that says that nothing else was done.
        """
        made = auditor.erased(contents) - auditor.erased(self._start)
        reported = {
            part: int(number[1]) for part in self.act.parts if (number := re.search(rf"{part}: (\d+)", done.err))
        }
        if any(made[part] < number for part, number in reported.items()):
            return [f"lost: it was reported as done, and the database counts {dict(made)}: {done.err.strip()!r}"]
        if any(words in done.err for words in _SAYS_UNCHANGED) and reported != made:
            return [f"{dict(made)} was done, and the command says {done.err.strip()!r}"]
        return []

    def _judge_said(self, done: Done, state: str, kind: IntEnum) -> list[str]:
        """Return what is wrong with what the command said.

        A disk that fails a commit and stays away until the process ends leaves it unknown whether that was done.
        """
        if "Traceback" in done.err or "internal failure" in done.err:
            return [done.err]
        if done.acknowledged and state != AFTER:
            return ["lost: it was acknowledged"]
        if (
            state == AFTER
            and kind is not Kind.FULL
            and not self.act.command
            and not done.acknowledged
            and not done.died
        ):
            return ["the journaal says that data were given, and the caller has a fault"]
        if state == AFTER and not self.act.parts and any(words in done.err for words in _SAYS_UNCHANGED):
            return [f"it was done, and the command says {done.err.strip()!r}"]
        return []

    def _judge(self, done: Done, state: str, contents: Contents) -> list[str]:
        """Return what is wrong with the state that it left, and with what is done next."""
        if state == HALF:
            tables = [name for name, rows in self._told(contents).items() if rows != self._after.get(name)]
            return [f"half: {', '.join(tables)} are not as after it, and it is not as before ({done.err.strip()})"]
        if self.act.waits:
            self.ground.execute(*self.act.waits)
        if state == AFTER:
            return self._look_outside(AFTER, contents) + self._succeed(*self.act.then)
        problems = self._succeed(self.act.command)
        if state != TAKEN_BACK and not problems and self._state(self.ground.contents()) != AFTER:
            problems.append("the same act, done again, leaves another state")
        return problems

    def _succeed(self, *commands: tuple[str, ...]) -> list[str]:
        for command in commands:
            done = self.ground.run(command)
            if not done.acknowledged:
                return [f"afterwards {' '.join(command) or 'a fetch'} fails: {done.err.strip() or done.out}"]
        return []

    def _look_outside(self, state: str, contents: Contents) -> list[str]:
        """Compare the journaal with what happened, and what an afnemer gets with the records."""
        problems = []
        if state == AFTER:
            added = auditor.journal(contents) - auditor.journal(self._start)
            if added != Counter(self.act.journal):
                problems.append(f"the journaal says {added}")
        if not contents.rows.get("afnemer"):  # nobody is there to ask
            return problems
        for code in (CODE, NEW_CODE):
            before = self.ground.contents()
            answer = self.ground.fetch(code)
            opens = code == self.act.codes[state == AFTER]
            leerlingen = auditor.leerlingen_of(contents, BRIN6, SCHOOLJAAR)
            expected = Answer(leerlingen) if opens else Answer(fault=_REFUSED)
            if answer != expected:
                problems.append(f"the answer is not that of the records ({answer.fault or len(answer.leerlingen)})")
            after = self.ground.contents()
            entries = auditor.journal(after) - auditor.journal(before)
            outcome = "leerlinggegevens" if opens else _REFUSED
            if entries != Counter({("verzoek", "HaalLeerlinggegevens", outcome): 1}):
                problems.append(f"the journaal says {entries} of a fetch")
        return problems


def _is_taken_back(found: dict[str, Any], *states: dict[str, Any]) -> bool:
    """Return whether there is the entry of a fault, nothing given that was not known before, and else a state."""
    entries = [row for row in found["journaal"] if _LOST not in row]
    if found["given"] not in ([], states[0]["given"]) or entries == found["journaal"]:
        return False
    return any({**found, "journaal": entries, "given": state["given"]} == state for state in states)
