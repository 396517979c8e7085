"""Records of a message as plain values of JSON, and back: what a platform sent is kept as it sent it.

A number with decimals is kept as text, with its closing zeros.
"""

import json
from collections.abc import Hashable
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from hashlib import sha256
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from uwlr_adapter.contract.leerresultaten.records import Toets

_T = TypeVar("_T")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def to_plain(value: Any) -> Any:  # noqa: ANN401 - the value of any field
    """Return a record, or a value in it, as JSON has it; what is absent is left out of a record."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((name, getattr(value, name)) for name in _names(type(value)))
        return {name: to_plain(part) for name, part in parts if part is not None and part != ()}
    if isinstance(value, tuple):
        return [to_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


@cache
def _names(cls: Hashable) -> tuple[str, ...]:
    return tuple(one.name for one in fields(cls))  # type: ignore[arg-type]


def from_plain(cls: type[_T], stored: Any) -> _T:  # noqa: ANN401 - as JSON has it
    """Return the record of a class that `to_plain` made of it."""
    values = {name: _read(hint, stored.get(name)) for name, hint in _hints(cls).items()}  # type: ignore[arg-type]
    return cls(**values)


@cache
def _hints(cls: Hashable) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {name: hints[name] for name in _names(cls)}


def _read(hint: Any, stored: Any) -> Any:  # noqa: ANN401 - the type and the value of any field
    origin = get_origin(hint)
    if origin is UnionType:
        (inner,) = (one for one in get_args(hint) if one is not NoneType)
        return None if stored is None else _read(inner, stored)
    if origin is tuple:
        kinds = get_args(hint)
        several = stored or []
        each = [kinds[0]] * len(several) if kinds[-1] is Ellipsis else kinds
        return tuple(_read(kind, one) for kind, one in zip(each, several, strict=True))
    if is_dataclass(hint):
        return from_plain(hint, stored)  # type: ignore[arg-type]
    return Decimal(stored) if hint is Decimal else stored


def to_json(plain: Any) -> str:  # noqa: ANN401 - as JSON has it
    """Return plain values as the JSON of which digests are made."""
    return _encode(plain)


def digest_of(*parts: Any) -> str:  # noqa: ANN401 - as JSON has it
    """Return a digest of plain values, the same whichever order the names of an object have."""
    return sha256(_encode(parts).encode()).hexdigest()


def content_of(meaning: str, afnamedatum: date, onderdeel: str | None, score: int | None, more: str) -> str:
    """Return `digest_of(meaning, [afnamedatum, onderdeel, score, more])`, of a class in a fraction of the time.

    `meaning` is a digest, and `more` is JSON as `to_json` writes it.
    """
    part = "null" if onderdeel is None else _encode(onderdeel)
    number = "null" if score is None else score
    return sha256(f'["{meaning}",["{afnamedatum.isoformat()}",{part},{number},{more}]]'.encode()).hexdigest()


def meaning_of(definition: Toets, onderdeel: str | None) -> str:
    """Return a digest of the part of a definition that says what a result means: that of the total, or of one part.

    So a part that was added to a toets changes none of the results of the others.
    """
    parts = [one for one in definition.onderdelen if one.code.term == onderdeel]
    normering = definition.normering if onderdeel is None else None
    return digest_of(to_plain(replace(definition, onderdelen=tuple(parts), normering=normering)))
