"""The life cycle of a koppeling, pure: records in, records out.

No record is available; activate -> actief; code cleared -> gepauzeerd; code entered -> actief, with the same or a new
code; end -> beëindigd, final, from either. Before its Startdatum an active koppeling is not open yet.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyAgreedError,
    AlreadyPausedError,
    EndedError,
    InvalidStartdatumError,
    NoCodeError,
)
from uwlr_adapter.koppelingen.tables import Status

MAX_NAAM = 200
MAX_LOGIN = 64
NEW = 0
"""The id of a koppeling that is not stored yet."""
FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class Akkoord:
    """The agreement: who agreed (login and the name as typed), when, and to which version of the terms."""

    login: str
    naam: str = field(repr=False)
    moment: datetime
    voorwaarden: str


@dataclass(frozen=True, slots=True)
class Koppeling:
    """One koppeling of a vestiging. Only a UWLR koppeling has an afnemer, and a code digest while it is actief."""

    id: int
    brin6: str
    entry_id: str
    afnemer_id: int | None
    status: Status
    startdatum: date
    code_digest: str | None = field(repr=False)
    opened_at: datetime
    version: int
    akkoord: Akkoord
    ended_at: datetime | None = None

    @property
    def is_living(self) -> bool:
        """Whether it takes acts: it is not ended."""
        return self.status is not Status.BEEINDIGD

    def is_open(self, moment: datetime) -> bool:
        """Tell whether it is active and its Startdatum has come, in Amsterdam."""
        return self.status is Status.ACTIEF and self.startdatum <= day_of(moment)


def agree(*, login: str, naam: str, akkoord: bool, moment: datetime, voorwaarden: str) -> Akkoord:
    """Give the agreement with this version of the terms.

    Raises AkkoordMissingError without a tick, or a login and a name of a sensible length.
    """
    typed = naam.strip()
    if not akkoord or not 0 < len(typed) <= MAX_NAAM or not 0 < len(login) <= MAX_LOGIN:
        raise AkkoordMissingError
    return Akkoord(login, typed, moment, voorwaarden)


def last_startdatum(today: date) -> date:
    """Give the last Startdatum that may be chosen: one year ahead."""
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year + 1, day=28)


def require_startdatum(startdatum: date, today: date) -> None:
    """Refuse a Startdatum in the past or beyond a year. Raises InvalidStartdatumError."""
    if not today <= startdatum <= last_startdatum(today):
        raise InvalidStartdatumError


def activate(
    *,
    brin6: str,
    entry: str,
    afnemer_id: int | None,
    code_digest: str | None,
    akkoord: Akkoord,
    startdatum: date | None,
) -> Koppeling:
    """Give a new, active koppeling as of the moment of its agreement; without a Startdatum it opens today.

    Raises InvalidStartdatumError. That a UWLR koppeling comes with a code is the caller's check.
    """
    today = day_of(akkoord.moment)
    begin = today if startdatum is None else startdatum
    require_startdatum(begin, today)
    return Koppeling(
        id=NEW,
        brin6=brin6,
        entry_id=entry,
        afnemer_id=afnemer_id,
        status=Status.ACTIEF,
        startdatum=begin,
        code_digest=code_digest,
        opened_at=akkoord.moment,
        version=FIRST_VERSION,
        akkoord=akkoord,
    )


def clear_code(koppeling: Koppeling) -> Koppeling:
    """Pause it: the digest of its code is erased. Raises EndedError, NoCodeError or AlreadyPausedError."""
    require_code(koppeling)
    if koppeling.status is Status.GEPAUZEERD:
        raise AlreadyPausedError
    return replace(koppeling, status=Status.GEPAUZEERD, code_digest=None, version=koppeling.version + 1)


def enter_code(koppeling: Koppeling, code_digest: str, moment: datetime) -> Koppeling:
    """Give it this code: a paused one is open again as of this moment. Raises EndedError or NoCodeError."""
    require_code(koppeling)
    opened_at = moment if koppeling.status is Status.GEPAUZEERD else koppeling.opened_at
    return replace(
        koppeling,
        status=Status.ACTIEF,
        code_digest=code_digest,
        opened_at=opened_at,
        version=koppeling.version + 1,
    )


def renew_akkoord(koppeling: Koppeling, akkoord: Akkoord) -> Koppeling:
    """Give it a newer agreement. Raises EndedError, or AlreadyAgreedError when these terms are agreed to already."""
    _require_living(koppeling)
    if koppeling.akkoord.voorwaarden == akkoord.voorwaarden:
        raise AlreadyAgreedError
    return replace(koppeling, akkoord=akkoord, version=koppeling.version + 1)


def end(koppeling: Koppeling, moment: datetime) -> Koppeling:
    """End it for good; the digest of its code is erased. Raises EndedError."""
    _require_living(koppeling)
    return replace(koppeling, status=Status.BEEINDIGD, code_digest=None, ended_at=moment, version=koppeling.version + 1)


def require_code(koppeling: Koppeling) -> None:
    """Refuse a koppeling that can have no code. Raises EndedError or NoCodeError."""
    _require_living(koppeling)
    if koppeling.afnemer_id is None:
        raise NoCodeError


def _require_living(koppeling: Koppeling) -> None:
    if not koppeling.is_living:
        raise EndedError
