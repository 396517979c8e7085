"""Nouns in the number that goes with a count: `1 leerling`, `2 leerlingen`."""

_SINGULAR = {
    "aanstellingen": "aanstelling",
    "deelnames": "deelname",
    "groepen": "groep",
    "leerkrachten": "leerkracht",
    "leerlingen": "leerling",
    "locaties": "locatie",
    "plaatsingen": "plaatsing",
    "overige groepen": "overige groep",
    "samengestelde groepen": "samengestelde groep",
}


def count_noun(number: int, singular: str, plural: str) -> str:
    """Return a number with its noun: `1 row`, `2 rows`."""
    return f"{number} {singular if number == 1 else plural}"


def noun_of(kind: str, number: int) -> str:
    """Return the noun for a number of records; `kind` is the plural, such as `leerlingen`. Raises KeyError."""
    singular = _SINGULAR[kind]
    return singular if number == 1 else kind


def count_records(number: int, kind: str) -> str:
    """Return a number of records with their noun; `kind` is the plural, such as `leerlingen`. Raises KeyError."""
    return count_noun(number, _SINGULAR[kind], kind)
