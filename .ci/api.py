"""Write docs/reference/api.md from the docstrings of the public face; with --check only compare."""

import inspect
import sys
import typing
from dataclasses import fields, is_dataclass
from pathlib import Path

import uwlr_adapter

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
HEAD = """\
# The public face

`import uwlr_adapter` gives the names on this page. They are promised: what is written here holds from one version to
the next, and a change is announced in the CHANGELOG. Every other module is internal. `make api` writes this page from
the docstrings.
"""


def page() -> str:
    """Return the page as it must be."""
    names = [name for name in uwlr_adapter.__all__ if not name.startswith("__")]
    return "\n".join([HEAD, *(_entry(name, getattr(uwlr_adapter, name)) for name in names)])


def _entry(name: str, value: object) -> str:
    parts = [f"## {name}\n"]
    if inspect.isclass(value):
        parts.append(_class(name, value))
    else:
        parts.append(f"```python\n{name}{inspect.signature(typing.cast('typing.Any', value))}\n```\n")
    parts.append(inspect.cleandoc(value.__doc__ or "") + "\n")
    return "\n".join(parts)


def _class(name: str, value: type) -> str:
    members = []
    if is_dataclass(value):
        members = [f"    {field.name}: {_type(field.type)}" for field in fields(value)]
    elif hasattr(value, "_fields"):
        members = [f"    {one}: {_type(kind)}" for one, kind in value.__annotations__.items()]
    elif getattr(value, "_is_protocol", False):
        members = [f"    {one}" for one in _protocol(value)]
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    head = f"class {name}({bases})" if bases else f"class {name}"
    return "```python\n" + "\n".join([head + (":" if members else ""), *members]) + "\n```\n"


def _type(kind: object) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", None) if inspect.isclass(kind) else None
    return (text or str(kind)).replace("typing.", "").replace("collections.abc.", "").replace("uwlr_adapter.", "")


def _protocol(value: type) -> typing.Iterator[str]:
    for name, member in vars(value).items():
        if isinstance(member, property):
            yield f"{name}: property"
        elif inspect.isfunction(member) and not name.startswith("_"):
            yield f"def {name}{inspect.signature(member)}"


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
