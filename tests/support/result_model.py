"""The results that a school should have, in plain dicts: written from the rules, without the code that holds to them.

A result is known by platform and key. It keeps all that was ever said of it, in the order in which it was taken.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ResultModel:
    """The leerlingen by the names they go by, the results, and the messages that were taken back."""

    people: dict[str, str] = field(default_factory=dict)
    """The person whom a key means."""
    here: set[str] = field(default_factory=set)
    """Those with a record in the year, or who left within it."""
    results: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    away: set[int] = field(default_factory=set)
    """Messages that were taken back."""

    def send(self, number: int, platform: str, at: int, rows: list[tuple[str, str, int]]) -> dict[str, int]:
        """Take a message: its number, its aanmaakdatum, and of each result the leerlingid, the key and the score."""
        counts = {"added": 0, "changed": 0, "same": 0, "overtaken": 0, "left out": 0}
        for leerlingid, key, score in rows:
            counts[self._one(number, (platform, key), at, leerlingid, score)] += 1
        return counts

    def _one(self, number: int, name: tuple[str, str], at: int, leerlingid: str, score: int) -> str:
        who = self.people.get(leerlingid)
        if who is None or who not in self.here:
            return "left out"
        said = {"who": who, "score": score, "message": number}
        if name not in self.results:
            self.results[name] = {"at": at, "said": [said]}
            return "added"
        known = self.results[name]
        if at < known["at"]:
            return "overtaken"
        known["at"] = at
        last = known["said"][-1]
        if (last["who"], last["score"]) == (who, score):
            return "same"
        known["said"].append(said)
        return "changed"

    def forget(self, who: str) -> None:
        """Erase somebody: what is of that person now goes, and what was said of that person goes from the others."""
        self.people = {name: person for name, person in self.people.items() if person != who}
        self.here.discard(who)
        for name in list(self.results):
            if self.results[name]["said"][-1]["who"] == who:
                del self.results[name]
                continue
            self.results[name]["said"] = [one for one in self.results[name]["said"] if one["who"] != who]

    def join(self, keep: str, other: str) -> None:
        """Make two people one."""
        self.people = {name: keep if person == other else person for name, person in self.people.items()}
        if other in self.here:
            self.here.discard(other)
            self.here.add(keep)
        for result in self.results.values():
            for one in result["said"]:
                one["who"] = keep if one["who"] == other else one["who"]

    def standing(self) -> dict[str, dict[tuple[str, str], int]]:
        """Return by person the score of each result that stands."""
        found: dict[str, dict[tuple[str, str], int]] = {who: {} for who in {*self.people.values()}}
        for name, result in self.results.items():
            owner = result["said"][-1]["who"]
            for one in reversed(result["said"]):
                if one["who"] != owner:
                    break
                if one["message"] not in self.away:
                    found[owner][name] = one["score"]
                    break
        return found
