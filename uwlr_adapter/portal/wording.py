"""Durations and enumerations as a school reads them, in Dutch, and the filters of the templates."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any

from uwlr_adapter.clock import date_time, long_date, short_date, short_date_time
from uwlr_adapter.contract.nouns import count_noun, noun_of
from uwlr_adapter.koppelingen.terms_text import Paragraph, paragraphs


def duration(wait: timedelta) -> str:
    """Return a duration as `12 seconden` or, from a minute on, as `1 minuut`; each is rounded up."""
    seconds = -int(-wait.total_seconds() // 1)
    if seconds < 60:  # noqa: PLR2004 - a minute
        return count_noun(seconds, "seconde", "seconden")
    return count_noun(-(-seconds // 60), "minuut", "minuten")


def in_words(parts: Iterable[str]) -> str:
    """Return parts as one enumeration: `a, b en c`; empty for none."""
    *others, last = [*parts] or [""]
    return f"{', '.join(others)} en {last}" if others else last


def terms_blocks(text: str) -> list[tuple[bool, list[Paragraph]]]:
    """Return the paragraphs of terms in runs, each with whether it is a numbered list."""
    return [(is_list, [*run]) for is_list, run in groupby(paragraphs(text), key=lambda one: bool(one.number))]


def hyphenated(text: str) -> str:
    """Return the name of a role that a narrow column may break where a reader expects it."""
    return text.replace("Schoolbeheerder", "School\u00adbeheerder")


NAMED = 12
"""Groepen that a sentence names (inclusive); of more it says how many."""


def groep_names(groepen: Iterable[tuple[str, str]]) -> str:
    """Return groepen, each a key with its name, as part of a sentence: `groep 4A`, or `de groepen 4A, 5B en Plus`."""
    names = [naam for _, naam in groepen]
    if len(names) > NAMED:
        return count_noun(len(names), "groep", "groepen")
    return f"groep {names[0]}" if len(names) == 1 else f"de groepen {in_words(names)}"


FILTERS: dict[str, Callable[..., Any]] = {
    "short_date": short_date,
    "long_date": long_date,
    "date_time": date_time,
    "short_date_time": short_date_time,
    "count_noun": count_noun,
    "noun_of": noun_of,
    "terms_blocks": terms_blocks,
    "hyphenated": hyphenated,
    "groep_names": groep_names,
}
"""The filters of the templates, by name."""
