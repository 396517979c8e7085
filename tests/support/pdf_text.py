"""Read the text of a PDF that we wrote: what a reader of it sees and searches."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\n(.*)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(content: bytes) -> str:
    """Return the text of all pages with single spaces; lines that were broken are whole again."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    fonts = {
        name.decode(): _letters(objects, int(number))
        for body in objects.values()
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body)
    }
    pages = [int(number) for body in objects.values() for number in re.findall(rb"/Contents (\d+) 0 R", body)]
    shown: list[str] = []
    font = ""
    for page in pages:
        for name, glyphs in _SHOWN.findall(_unpacked(objects[page])):
            if name:
                font = name.decode()
            else:
                raw = _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), glyphs)
                codes = [int.from_bytes(raw[place : place + 2]) for place in range(0, len(raw), 2)]
                shown.append("".join(fonts[font][code] for code in codes))
    return " ".join(" ".join(shown).split())


def title_of(content: bytes) -> str:
    """Return the title in the properties of the file, which is ASCII."""
    (title,) = re.findall(rb"/CreationDate .*?/Title \((.*?)\)", content, re.DOTALL)
    return str(title.decode("ascii"))


def _letters(objects: dict[int, bytes], font: int) -> dict[int, str]:
    """Return the letters of a font by their codes."""
    (table,) = re.findall(rb"/ToUnicode (\d+) 0 R", objects[font])
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", _unpacked(objects[int(table)]))
    return {int(code, 16): bytes.fromhex(letter.decode()).decode("utf-16-be") for code, letter in pairs}


def _unpacked(body: bytes) -> bytes:
    (stream,) = _STREAM.findall(body)
    return zlib.decompress(stream) if b"/FlateDecode" in body else stream
