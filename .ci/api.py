"""Write docs/reference/api.md from the docstrings of the public face; with --check only compare."""

import ast
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path

import uwlr_adapter

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
HEAD = """\
# The public face

`import uwlr_adapter` provides the names on this page. They are promised: what is written here holds from one version
to the next, and a change is announced in the CHANGELOG. Every other module is internal. `make api` writes this page
from the docstrings.
"""
_MODULES = re.compile(
    r"\b(?:uwlr_adapter|collections|pathlib|typing|lxml|pydantic)\.(?:\w+\.)*(?=_?[A-Z])|\bdatetime\.(?=datetime)"
)
_CHECKS = re.compile(r"Annotated\[(\w+), \w+\(func=<function [^>]*>\)\]")
"""The function that checks a setting: its address is another one in each process."""


def page() -> str:
    """Return the page as it must be."""
    names = [name for name in uwlr_adapter.__all__ if not name.startswith("__")]
    return "\n".join([HEAD, *(_entry(name, getattr(uwlr_adapter, name)) for name in names)])


def _entry(name: str, value: object) -> str:
    code, notes = _class(name, value) if inspect.isclass(value) else ([f"{name}{_signature(value)}"], {})
    lines = [f"- `{member}`: {' '.join(text.split())}" for member, text in notes.items()]
    quoted = [line.replace("'", '"') for line in code]  # as ruff formats the code of a page
    parts = [f"## {name}\n", "```python", *quoted, "```\n", inspect.cleandoc(value.__doc__ or "") + "\n"]
    return "\n".join([*parts, *(["\n".join(lines) + "\n"] if lines else [])])


def _class(name: str, value: type) -> tuple[list[str], dict[str, str]]:
    """Return the definition of a class with its public members, and the notes on those members."""
    notes = dict(_notes(value))
    if is_dataclass(value):
        members = [f"{one.name}: {_type(one.type)}{_default(one)}" for one in fields(value)]
    elif hasattr(value, "_fields"):
        defaults = {one: f" = {default!r}" for one, default in getattr(value, "_field_defaults", {}).items()}
        members = [f"{one}: {_type(kind)}{defaults.get(one, '')}" for one, kind in value.__annotations__.items()]
    elif hasattr(value, "model_fields"):
        members = [f"{one}: {_type(field.annotation)}" for one, field in value.model_fields.items()]
    elif issubclass(value, Enum):
        members = [f"{one.name} = {one.value!r}" for one in value]
    else:
        members = []
    members += list(_methods(value))
    bases = ", ".join(_type(base) for base in value.__bases__ if base not in {object, tuple})
    head = f"class {name}({bases})" if bases else f"class {name}"
    return [head + (":" if members else ""), *(f"    {one}" for one in members)], notes


def _default(one: Field[object]) -> str:
    if isinstance(one.default, Enum):
        return f" = {one.default.__class__.__name__}.{one.default.name}"
    if one.default is not MISSING:
        return f" = {one.default!r}"
    return "" if one.default_factory is MISSING else f" = {one.default_factory()!r}"


def _methods(value: type) -> Iterator[str]:
    """Return the public properties and methods that a class defines itself, and the constructor of an exception."""
    if issubclass(value, Exception) and "__init__" in vars(value):
        yield f"def __init__{_signature(vars(value)['__init__'])}"
    for name, member in vars(value).items():
        if isinstance(member, property) and not name.startswith("_"):
            yield f"{name}: {_type(inspect.signature(typing.cast('typing.Any', member.fget)).return_annotation)}"
        elif inspect.isfunction(member) and not name.startswith("_"):
            yield f"def {name}{_signature(member)}"


def _notes(value: type) -> Iterator[tuple[str, str]]:
    """Return the docstring of each field, property and method that has one."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for one, following in zip(body, [*body[1:], None], strict=True):
        name = getattr(one, "name", None)
        text = ast.get_docstring(one) if isinstance(one, ast.FunctionDef) else None
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(following, ast.Expr):
            name, text = one.target.id, getattr(following.value, "value", None)
        if name and text and not name.startswith("_"):
            yield name, text


def _signature(value: object) -> str:
    signature = inspect.signature(typing.cast("typing.Any", value))
    parameters = [
        one.replace(default=_Name(one.default)) if inspect.isroutine(one.default) else one
        for one in signature.parameters.values()
    ]
    return _MODULES.sub("", str(signature.replace(parameters=parameters)))


class _Name:
    """A function as a default value: its repr is its name, since its own one holds an address."""

    def __init__(self, function: object) -> None:
        self._name = getattr(function, "__name__", "...")

    def __repr__(self) -> str:
        return self._name


def _type(kind: object) -> str:
    text = kind if isinstance(kind, str) else kind.__name__ if isinstance(kind, type) else str(kind)
    return _CHECKS.sub(r"\1", _MODULES.sub("", inspect.formatannotation(kind) if "[" in str(kind) else text))


def main() -> int:
    """Write the page, or return 1 when --check finds it out of date."""
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE.name} is out of date: run `make api`")
            return 1
        return 0
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
