"""Write recordings with UWLR_RECORD=1, and compare with them without it.

A recording is a list of named entries, each a mapping of fields to text, numbers or lists. Long texts are kept once for
all entries that have them. A field whose name ends in `?` is for a reader, and is not compared.
"""

import difflib
import hashlib
import json
import lzma
import os
import re
from typing import Any

from recordings.house import CODES, DATA, KLANTCODES

RECORD = os.environ.get("UWLR_RECORD") == "1"
LONG = 120
"""Characters from which a text is kept apart."""
SHOWN = 5
"""How many entries that differ are shown."""
WIDTH = 160
Entry = dict[str, Any]
_SECRETS = re.compile("|".join(re.escape(code) for code in sorted({*CODES.values(), *KLANTCODES.values()})))


class Tape:
    """Collect the entries of one recording, in their order."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, name: str, **fields: Any) -> None:
        """Add an entry; two never share a name."""
        assert name not in self.entries, name
        self.entries[name] = fields

    def settle(self, recording: str) -> None:
        """Write the recording, or compare with it. Raises AssertionError with what differs, in short."""
        if RECORD:
            _write(recording, self.entries)
        else:
            check(recording, self.entries)


def check(recording: str, entries: dict[str, Entry]) -> None:
    """Compare entries with a recording. Raises AssertionError with what differs, in short."""
    old = read(recording)
    new: dict[str, Entry] = json.loads(json.dumps(entries))
    told = [f"gone: {name}" for name in old if name not in new] + [f"new: {name}" for name in new if name not in old]
    differ = 0
    for name in old:
        if name in new and (lines := _differences(old[name], new[name])):
            differ += 1
            told += [f"differs: {name}", *lines] if differ <= SHOWN else []
    assert not told, "\n".join([f"{recording}: {differ} of {len(old)} entries differ", *told[: 10 * SHOWN]])


def read(recording: str) -> dict[str, Entry]:
    """Return the entries of a recording."""
    stored = json.loads(lzma.decompress((DATA / f"{recording}.json.xz").read_bytes()))
    texts = stored["texts"]
    return {
        name: {field: _unfold(value, texts) for field, value in entry.items()}
        for name, entry in stored["entries"].items()
    }


def _write(recording: str, entries: dict[str, Entry]) -> None:
    texts: dict[str, str] = {}
    folded = {name: {field: _fold(value, texts) for field, value in entry.items()} for name, entry in entries.items()}
    content = json.dumps({"entries": folded, "texts": texts}, ensure_ascii=False, indent=0).encode()
    (DATA / f"{recording}.json.xz").write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def _fold(value: Any, texts: dict[str, str]) -> Any:
    if not isinstance(value, str) or len(value) < LONG:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:16]
    texts[digest] = value
    return {"text": digest}


def _unfold(value: Any, texts: dict[str, str]) -> Any:
    return texts[value["text"]] if isinstance(value, dict) and value.keys() == {"text"} else value


def _differences(old: Entry, new: Entry) -> list[str]:
    """Return what differs in an entry, a few short lines each."""
    lines: list[str] = []
    for field in sorted(old.keys() | new.keys()):
        if field.endswith("?") or old.get(field) == new.get(field):
            continue
        before, after = (_lines(one.get(field)) for one in (old, new))
        changed = [line for line in difflib.unified_diff(before, after, n=0) if line[:2] not in {"--", "++"}]
        shown = _short([line for line in changed if not line.startswith("@@")])
        lines += [f"  {field}:", *(f"    {line}" for line in shown[: 2 * SHOWN])]
        if len(shown) > 2 * SHOWN:
            lines.append(f"    and {len(shown) - 2 * SHOWN} lines more")
    return lines


def _lines(value: Any) -> list[str]:
    """Return a value in lines, an element of XML or HTML on each."""
    if isinstance(value, list):
        return [json.dumps(one, ensure_ascii=False) for one in value]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return re.sub(r"(?<=>)(?=<[^/])", "\n", text).splitlines()


def _short(lines: list[str]) -> list[str]:
    """Return the lines of a difference without codes, and of long ones the part from just before they differ."""
    veiled = [_SECRETS.sub("<code>", line) for line in lines]
    gone, come = ([line for line in veiled if line[0] == sign] for sign in "-+")
    starts = [0] * max(len(gone), len(come))
    for place, (one, other) in enumerate(zip(gone, come, strict=False)):
        same = next((at for at, (a, b) in enumerate(zip(one[1:], other[1:], strict=False)) if a != b), 0)
        starts[place] = max(0, same - WIDTH // 2) if max(len(one), len(other)) > WIDTH else 0
    return [
        line[0] + ("…" if start else "") + line[1 + start :][:WIDTH]
        for side in (gone, come)
        for line, start in zip(side, starts, strict=False)
    ]
