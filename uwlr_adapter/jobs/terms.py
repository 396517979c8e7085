"""The terms: how long each kind of data is kept, as the moments before which it is erased."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from uwlr_adapter.clock import day_of
from uwlr_adapter.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms at a moment: what is from before each of these (exclusive) is erased. Moments are timezone-aware."""

    moment: datetime
    day: date
    """The present day in Amsterdam."""
    leavers_erased_on: tuple[int, int]
    """Month and day."""
    undo: timedelta
    undo_before: datetime
    journaal_before: datetime
    refusals_before: datetime
    logins_before: datetime
    agreements_before: datetime
    mails_before: datetime
    results_before: datetime
    not_processed_before: datetime

    @classmethod
    def at(cls, settings: Settings, moment: datetime) -> "Terms":
        """Return the terms of an operator's settings at a timezone-aware moment."""
        month, day = map(int, settings.leavers_erased_on.split("-"))
        undo = timedelta(days=settings.undo_days)
        return cls(
            moment=moment,
            day=day_of(moment),
            leavers_erased_on=(month, day),
            undo=undo,
            undo_before=moment - undo,
            journaal_before=months_before(moment, settings.journaal_months),
            refusals_before=moment - timedelta(days=settings.refusals_days),
            logins_before=months_before(moment, settings.logins_months),
            agreements_before=months_before(moment, 12 * settings.agreements_years),
            mails_before=moment - timedelta(days=settings.mail_days),
            results_before=months_before(moment, settings.results_months),
            not_processed_before=moment - timedelta(days=settings.not_processed_days),
        )


def months_before(moment: datetime, months: int) -> datetime:
    """Return the same time so many months earlier; of a day that the month does not have, its last one."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    last = (datetime(year + (month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day  # noqa: DTZ001 - a day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
