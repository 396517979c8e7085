"""Counts with a noun in the wrong number, such as `1 leerlingen`, in what a person reads."""

import re

NOUNS = (
    *("leerlingen", "groepen", "leerkrachten", "locaties", "plaatsingen", "deelnames", "aanstellingen", "personen"),
    *("vestigingen", "koppelingen", "leerplatforms", "schooljaren", "vragen", "dagen", "uren", "minuten", "seconden"),
    *("persons", "imports", "warnings", "questions", "records", "rows", "lines", "columns", "files", "keys", "years"),
    *("days", "hours", "minutes", "seconds", "times", "places", "references", "batches", "users", "entries", "parts"),
    *("schools", "requests", "answers", "copies", "faults", "findings", "differences", "children", "codes"),
)
"""Plurals of what is counted: the records, and the things of commands and pages."""
_WRONG = re.compile(
    rf"(?<![\w.,:/-])(?<!the )(?<!de )1 (?:samengestelde |stored |more |other )?(?:{'|'.join(NOUNS)})\b"
)


def wrong_numbers(text: str) -> list[str]:
    """Return each place where 1 has a plural; `1 of the 1 leerlingen` is none, since the noun is of a group."""
    return _WRONG.findall(text)
