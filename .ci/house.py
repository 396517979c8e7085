"""Print the figures of the house, and fail when one of them passes its bound.

Loose files in the package, class names defined twice, exception roots, and docstrings whose first word does not name an
effect.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "uwlr_adapter"
OPENINGS = ("Give", "Gives", "Tell", "Tells", "Let", "Lets", "Who", "What")
"""First words that say nothing of what a function does."""
MAX_LOOSE, MAX_TWICE, MAX_ROOTS, MAX_SHARE = 9, 0, 1, 0.03


def trees(folder: Path) -> Iterator[ast.Module]:
    """Parse every module below a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def classes(folder: Path) -> Iterator[ast.ClassDef]:
    """Return every class definition below a folder."""
    for tree in trees(folder):
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def docstrings(folder: Path) -> Iterator[str]:
    """Return every docstring below a folder, those of constants (a string behind an assignment) included."""
    for tree in trees(folder):
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            for statement in body if isinstance(body, list) else ():
                value = getattr(statement, "value", None)
                if isinstance(statement, ast.Expr) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield value.value


def _derived_from(base: str) -> list[str]:
    """Return the classes of the package that derive directly from a built-in exception."""
    return sorted(
        node.name
        for node in classes(PACKAGE)
        if any(isinstance(one, ast.Name) and one.id == base for one in node.bases)
    )


def main() -> int:
    """Print the figures; return 1 when one of them passes its bound."""
    loose = [path.name for path in PACKAGE.iterdir() if path.is_file()]
    counted = Counter(node.name for node in classes(PACKAGE))
    twice = sorted(name for name, number in counted.items() if number > 1)
    roots, signals = (_derived_from(base) for base in ("Exception", "BaseException"))
    failed = False

    def show(what: str, value: str, *, good: bool) -> None:
        nonlocal failed
        failed = failed or not good
        print(f"{what:<58}{value}{'' if good else '   <- too many'}")

    show("files loose in the package (at most 9)", str(len(loose)), good=len(loose) <= MAX_LOOSE)
    show("class names defined twice", f"{len(twice)} {' '.join(twice)}".strip(), good=len(twice) <= MAX_TWICE)
    show("exception roots", f"{len(roots)} {' '.join(roots)}", good=len(roots) == MAX_ROOTS)
    for name in signals:  # no error, and no handler of errors may catch it
        show("control-flow signal, derived from BaseException", name, good=True)
    for folder in (PACKAGE, ROOT / "tests", ROOT / "benchmarks", ROOT / "fuzz"):
        found = list(docstrings(folder))
        poor = sum(text.split(maxsplit=1)[0].rstrip(",.:") in OPENINGS for text in found if text.strip())
        name = f"docstrings in {folder.name} that begin with Give, Tell, Let, Who or What"
        show(name, f" {poor} of {len(found)} ({poor / len(found):.1%})", good=poor <= MAX_SHARE * len(found))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
