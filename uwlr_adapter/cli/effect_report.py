"""The report of what an act changes in the answers, with the persons."""

from collections.abc import Sequence

from rich.console import Console

from uwlr_adapter.administratie.importing.effect import YearEffect
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun

_MAX_PERSONS = 40
"""Most persons shown of one answer, more than any groep has; of a whole school they are counted."""


def print_effect(console: Console, effects: Sequence[YearEffect]) -> None:
    """Print what an act changes in the answers, with the persons."""
    if not effects:
        console.print("No answer changes.")
    for found in effects:
        console.print(f"The answer for {found.year.brin6}, schooljaar {found.year.schooljaar}:")
        if len(found.persons) > _MAX_PERSONS:
            console.print(_effect_line(found))
            continue
        table = make_table("", "key", "name", "what changes")
        for one in found.persons:
            what = "comes" if one.before is None else "goes" if one.after is None else ", ".join(one.fields)
            table.add_row(one.kind.value, escape(one.key), escape(one.naam), what)
        console.print(table)


def _effect_line(found: YearEffect) -> str:
    """Return how many persons come, go and change, such as `leerling: 210 go, 2 change (eckid)`."""
    parts = []
    for kind in PersonKind:
        of_kind = [one for one in found.persons if one.kind is kind]
        come = sum(one.before is None for one in of_kind)
        go = sum(one.after is None for one in of_kind)
        change = len(of_kind) - come - go
        changed = sorted({name for one in of_kind for name in one.fields})
        counted = (
            count_noun(come, "comes", "come") if come else "",
            count_noun(go, "goes", "go") if go else "",
            f"{count_noun(change, 'changes', 'change')} ({', '.join(changed)})" if change else "",
        )
        if phrase := ", ".join(part for part in counted if part):
            parts.append(f"{kind}: {phrase}")
    return "; ".join(parts)
