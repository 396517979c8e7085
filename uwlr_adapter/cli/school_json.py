"""The output of `school show --json`: counts, missing elements, the calendar and coming changes; no person."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from uwlr_adapter.administratie.enrolment import EnrolmentChange
from uwlr_adapter.administratie.school_calendar import SchoolCalendar, Window, first_school_day
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.contract.versions import FULL_VERSIONS


def count_groepen(dataset: Dataset) -> Counter[str | None]:
    """Return the number of leerlingen by the key of a groep; None is without a stamgroep."""
    found = Counter[str | None]()
    for leerling in dataset.leerlingen:
        found.update([leerling.groep, *leerling.samengestelde_groepen])
    return found


def dataset_as_json(dataset: Dataset, profielen: Iterable[NamedProfiel]) -> dict[str, Any]:
    """Return what is answered for a vestiging, in counts, and the elements that each profile requires and it lacks."""
    counts = count_groepen(dataset)
    return {
        "peildatum": dataset.school.peildatum,
        "leerlingen": len(dataset.leerlingen),
        "leerkrachten": len(dataset.leerkrachten),
        "groepen": [
            {"naam": one.naam, "soort": one.soort, "jaargroep": one.jaargroep, "leerlingen": counts[one.key]}
            for one in dataset.groepen
        ],
        "without_stamgroep": counts[None],
        "missing": [
            {"profiel": profiel.name, "xsdversie": version, "record": kind, "element": element, "count": count}
            for profiel in profielen
            for version in FULL_VERSIONS
            for (kind, element), count in profiel.in_version(version).missing(dataset).items()
        ],
    }


def calendar_as_json(schooljaar: str, calendar: SchoolCalendar, window: Window, day: date) -> dict[str, Any]:
    """Return on which days, both inclusive, a year is answered, and what is set about that."""
    return {
        "answered": window.holds(day),
        "answered_from": window.opens.isoformat(),
        "answered_until": (window.closes - timedelta(days=1)).isoformat(),
        "first_school_day": str(first_school_day(schooljaar, calendar)),
        "under_four": calendar.under_four,
    }


def changes_as_json(changes: Sequence[EnrolmentChange]) -> list[dict[str, Any]]:
    """Return how many leerlingen come and go on each coming day."""
    return [{"day": one.day.isoformat(), "join": one.begins, "leave": one.ends} for one in changes]
