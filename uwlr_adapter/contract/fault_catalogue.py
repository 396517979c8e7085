"""The fault catalogue: what each word of `regel` and each faultcode means, with an example and what to do.

`fault_catalogue.toml` is its one source; docs/reference/faults.md and the page of the service are made from it.
"""

import functools
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.fault import AutorisatieOngeldig, AutorisatieOnvolledig, Fault
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

_FILE = Path(__file__).with_suffix(".toml")
CONTENT_TYPE = "text/xml; charset=utf-8"
"""The Content-Type of an example that names no other one."""
_CLASSES: dict[str, type[Fault]] = {
    kind.code: kind
    for kind in vars(fault).values()
    if isinstance(kind, type) and issubclass(kind, Fault) and kind not in {Fault, AutorisatieOnvolledig}
}
"""The faults by their code; that of an autorisatie that is not whole shares one."""


class FaultSubject(StrEnum):
    """The subject of an entry."""

    MESSAGE = "message"
    ELEMENT = "element"
    VALUE = "value"
    ANSWER = "answer"
    """Of a word that only an answer gets: `check` and `pull` find it."""
    CODE = "code"
    RESULTS = "results"
    """Of a faultcode that only a message with results gets."""


@dataclass(frozen=True, slots=True)
class FaultExample:
    """A message that gets a word or a faultcode, and its fault.

    `changes` are the texts of a right message with what stands in their place. `when` is what else must hold.
    """

    message: str
    changes: tuple[tuple[str, str], ...]
    content_type: str
    code: str
    path: str | None
    rule: Rule | None
    when: str

    @property
    def fault(self) -> Fault:
        """The fault that comes back."""
        kind = _CLASSES[self.code]
        if self.path is None or self.rule is None:
            return kind()
        finding = Finding(self.path, self.rule)
        return AutorisatieOnvolledig(finding) if kind is AutorisatieOngeldig else kind(finding)


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """One entry: a word of `regel` or a faultcode. Without an example, `without` says why."""

    name: str
    about: FaultSubject
    meaning: str
    advice: str
    example: FaultExample | None
    without: str

    @property
    def anchor(self) -> str:
        """The id of the entry on the page: a word itself; of a faultcode its dot is a dash."""
        return self.name.replace(".", "-")


@dataclass(frozen=True, slots=True)
class FaultSection:
    """The entries about one subject, with a title and a text above them, which may be empty."""

    about: FaultSubject
    title: str
    text: str
    entries: tuple[FaultEntry, ...]


@dataclass(frozen=True, slots=True)
class FaultCatalogue:
    """The catalogue: paragraphs, sections, and the right messages that the examples change.

    In a text that is read, what stands in backticks is code.
    """

    intro: tuple[str, ...]
    sections: tuple[FaultSection, ...]
    request: str
    results: str
    """The message with results."""
    answer: str
    answer_version: str
    """The xsdversie of that answer."""

    @property
    def entries(self) -> list[FaultEntry]:
        """Every entry, in the order of the sections."""
        return [entry for section in self.sections for entry in section.entries]


@functools.cache
def load() -> FaultCatalogue:
    """Return the catalogue."""
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    request, results, answer = (content[name].lstrip() for name in ("request", "results", "answer"))
    changed: dict[str, str] = {FaultSubject.ANSWER: answer, FaultSubject.RESULTS: results}
    entries = [_entry(one, changed.get(one["about"], request)) for one in content["entry"]]
    sections = [
        FaultSection(
            about := FaultSubject(one["about"]),
            one["title"],
            one.get("text", ""),
            tuple(entry for entry in entries if entry.about is about),
        )
        for one in content["section"]
    ]
    intro = tuple(content["intro"])
    return FaultCatalogue(intro, tuple(sections), request, results, answer, content["answer_version"])


def _entry(values: dict[str, Any], message: str) -> FaultEntry:
    about, name, without = FaultSubject(values["about"]), values["name"], values.get("without", "")
    is_code = about in {FaultSubject.CODE, FaultSubject.RESULTS}
    example = None if without else _example(values, message, is_code=is_code)
    return FaultEntry(name, about, values["meaning"], values["advice"], example, without)


def _example(values: dict[str, Any], message: str, *, is_code: bool) -> FaultExample:
    changes = tuple((before, after) for before, after in values.get("change", ()))
    for before, after in changes:
        message = message.replace(before, after)
    word = values.get("regel") if is_code else values["name"]
    return FaultExample(
        message=message,
        changes=changes,
        content_type=values.get("content_type", CONTENT_TYPE),
        code=values["name"] if is_code else values.get("code", fault.OngeldigBericht.code),
        path=values.get("pad"),
        rule=None if word is None else Rule(word),
        when=values.get("when", ""),
    )
