"""Write docs/reference/faults.md and contract.md from the fault catalogue and the versions of the contract.

With --check only compare. `uwlr_adapter/contract/fault_catalogue.toml` and `published.toml` are what to edit.
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from uwlr_adapter.contract import fault, fault_catalogue, published
from uwlr_adapter.contract.fault_catalogue import FaultEntry, FaultExample, FaultSubject
from uwlr_adapter.web.vendor_pages import CONTRACT, CONTRACT_VERSION, FAULTS, address_of

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
EXAMPLE_URL = "https://uwlr.example.nl"
FAULTS_HEAD = f"""\
# Faults: what is wrong, and where

The fault catalogue, as the service shows it at `{FAULTS}`. `make vendor-pages` writes this page from
`uwlr_adapter/contract/fault_catalogue.toml`. What to do per faultcode, in short:
[for a platform vendor](../guides/vendor.md#faults). `pad` and `regel` stand in the journaal of the operator too, as
`pad=…` and `regel=…`, once the afnemer is known.
"""
CONTRACT_HEAD = f"""\
# The contract: WSDL and XSDs to download

The service shows this at `{CONTRACT}`. `make vendor-pages` writes this page from
`uwlr_adapter/contract/published.toml`.

| address | what |
|---|---|
| `/uwlr/leerlinggegevens?wsdl` | the WSDL of leerlinggegevens, of the present version, with the public URL in it |
| `/uwlr/leerresultaten?wsdl` | the same of leerresultaten |
| `{CONTRACT}` | the files of each version, and what changed |
| `{FAULTS}` | the [fault catalogue](faults.md) |
"""
CONTRACT_RULES = f"""
**A version is a number**, in the address and in the header `{CONTRACT_VERSION}` of each file. It is raised with every
change in one of these files, so that what stands at an address does not change, but for the public URL in a WSDL.
The files of earlier versions go on being served at theirs; `?wsdl` is the present one. Compare its header, or its ETag,
to learn of a new one. A change is announced here and in the CHANGELOG.

**Asking whether it changed.** Each file has a strong `ETag` and a `Last-Modified`, the day of its version, and is to be
revalidated (`Cache-Control: no-cache`): `If-None-Match` and `If-Modified-Since` get 304 while it is the same. The pages
have an ETag. When the service moves to another public URL, the ETag of a WSDL changes and its `Last-Modified` does
not. `HEAD` works for all of them.

**The address in a WSDL** is the public URL of the configuration, whatever Host a request names.

The XSDs judge every message; the types of the WSDLs describe, and are wider where a toolkit needs that.
"""


def pages() -> dict[Path, str]:
    """Return each page as it must be, by its path."""
    return {REFERENCE / "faults.md": "\n".join(_faults()), REFERENCE / "contract.md": "\n".join(_contract())}


def _faults() -> Iterator[str]:
    catalogue = fault_catalogue.load()
    yield FAULTS_HEAD
    for paragraph in catalogue.intro:
        yield _wrapped(paragraph)
    yield "The examples are changes in this request:\n"
    yield f"```xml\n{catalogue.request}```\n"
    yield "A detail as it is sent:\n"
    (sample,) = (entry.example for entry in catalogue.entries if entry.name == "vorm" and entry.example)
    yield f"```xml\n{_detail(sample)}\n```\n"
    for section in catalogue.sections:
        yield f"## {section.title}\n"
        if section.text:
            yield _wrapped(section.text)
        if section.about is FaultSubject.ANSWER:
            yield f"The examples are changes in this answer:\n\n```xml\n{catalogue.answer}```\n"
        if section.about is FaultSubject.RESULTS:
            yield f"The examples are changes in this message:\n\n```xml\n{catalogue.results}```\n"
        for entry in section.entries:
            yield from _entry(entry)


def _entry(entry: FaultEntry) -> Iterator[str]:
    yield f"### {entry.name}\n"
    yield _wrapped(_sentence(entry.meaning))
    if entry.example is None:
        yield f"No example: {entry.without}.\n"
    else:
        yield from _example(entry.example, is_answer=entry.about is FaultSubject.ANSWER)
    yield _wrapped(f"What to do: {entry.advice}.")


def _example(example: FaultExample, *, is_answer: bool) -> Iterator[str]:
    if example.content_type != fault_catalogue.CONTENT_TYPE:
        yield f"Sent with `Content-Type: {example.content_type}`.\n"
    for before, after in example.changes:
        lines = [*(f"- {line}" for line in _lines(before)), *(f"+ {line}" for line in _lines(after))]
        yield "\n".join(["```diff", *lines, "```\n"])
    found = f"`{example.rule}` at `{example.path}`"
    if is_answer:
        yield f"Found: {found}.\n"
    else:
        when = f", {example.when}" if example.when else ""
        yield f"Answer: `{example.code}`, {'without a detail' if example.rule is None else found}{when}.\n"


def _detail(example: FaultExample) -> str:
    content = fault.render(example.fault, EXAMPLE_URL + FAULTS).decode()
    start, end = content.index("<detail>"), content.index("</detail>")
    return content[start : end + len("</detail>")]


def _contract() -> Iterator[str]:
    yield CONTRACT_HEAD.rstrip("\n")
    present = published.versions()[0]
    for name in published.files(present.number):
        yield f"| `{address_of(name, present)}` | `{name}` of version {present.number} |"
    yield CONTRACT_RULES
    yield "## What changed\n"
    for version in published.versions():
        yield f"### Version {version.number}, {version.moment.date()}\n"
        yield "".join(_wrapped(f"- {change}", "  ") for change in version.changes)


def _lines(text: str) -> list[str]:
    return textwrap.dedent(text).strip().splitlines()


def _wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of the length that all pages keep to."""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) + "\n"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def main() -> int:
    """Write the pages, or return 1 when --check finds one out of date."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"docs/reference/{path.name} is out of date: run `make vendor-pages`")
        return int(bool(stale))
    for path in stale:
        path.write_text(pages()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
