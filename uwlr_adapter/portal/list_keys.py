"""The keys by which a page of a list is asked for: where the page before it ended."""

from datetime import date

from uwlr_adapter.db.limits import MAX_ID
from uwlr_adapter.resultaten.per_toets import ListPlace


def id_of(text: str) -> int:
    """Return an id of the database. Raises ValueError for text that is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)) and int(text) <= MAX_ID):
        raise ValueError
    return int(text)


def place_of(text: str) -> ListPlace:
    """Return a place of `text_of`. Raises ValueError for text that is none."""
    day, _, id_ = text.partition("_")
    return ListPlace(date.fromisoformat(day), id_of(id_))


def text_of(place: ListPlace) -> str:
    """Return a place as it stands in an address: `2026-11-01_12`."""
    return f"{place.day.isoformat()}_{place.id}"
