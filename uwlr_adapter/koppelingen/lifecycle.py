"""The life cycle of a koppeling, pure: records in, records out.

No record: beschikbaar. activate -> actief. Code cleared -> gepauzeerd. Code entered, the same or a new one -> actief.
end, from actief or gepauzeerd -> beëindigd, final. An active koppeling opens on its Startdatum.
Each of its two toestemmingen is not given, on or paused by itself; without a code neither is in force.
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
    NoExchangeError,
    SameStartdatumError,
    StartedError,
    ToestemmingNotGivenError,
    ToestemmingOnError,
    ToestemmingPausedError,
)
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import (
    GIVEN,
    NOT_GIVEN,
    Toestemming,
    ToestemmingState,
    ToestemmingStatus,
)

MAX_NAAM = 200
"""The maximum length of the name under an agreement in characters (inclusive)."""
MAX_LOGIN = 64
"""The maximum length of the login under an agreement in characters (inclusive)."""
NEW = 0
"""The id of a koppeling that is not stored yet."""
FIRST_VERSION = 1
"""The `versie` of a new koppeling; each act adds one."""


@dataclass(frozen=True, slots=True)
class Akkoord:
    """One agreement: the login and the typed name of the person, the moment, and the version of the terms."""

    login: str
    naam: str = field(repr=False)
    moment: datetime
    voorwaarden: str
    tekst: str | None = None
    """The digest of the text of the terms; None when it was not kept."""
    velden: frozenset[str] | None = None
    """The fields (record/element) that may leave; None when they were not recorded, or nothing leaves."""

    def adds_to(self, earlier: "Akkoord") -> bool:
        """Return whether it is with other terms than an earlier one, or with a field that one does not have."""
        fields = frozenset() if self.velden is None or earlier.velden is None else self.velden - earlier.velden
        return self.voorwaarden != earlier.voorwaarden or bool(fields)


@dataclass(frozen=True, slots=True)
class Koppeling:
    """One koppeling of a vestiging, as stored.

    Only a UWLR koppeling has an `afnemer_id`, and, while it is actief, a `code_digest`. `geopend_op` is when it last
    became active; `versie` grows by one with each act.
    """

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
    withheld: int | None = None
    """The version at which it last changed who is withheld; None when everybody is shared."""
    leerlinggegevens: ToestemmingState = GIVEN
    """Of one without an `afnemer_id` it says nothing."""
    resultaten: ToestemmingState = NOT_GIVEN
    akkoord_resultaten: Akkoord | None = None
    """The agreement to take results; where nobody agreed to leerlinggegevens, `akkoord` is the same, without fields."""

    @property
    def is_living(self) -> bool:
        """Whether acts on it are possible: it is not ended."""
        return self.status is not Status.BEEINDIGD

    def is_open(self, moment: datetime) -> bool:
        """Return whether it is active and its Startdatum, in Amsterdam, is today or earlier."""
        return self.status is Status.ACTIEF and self.startdatum <= day_of(moment)

    def state(self, toestemming: Toestemming) -> ToestemmingState:
        """Return the state of a toestemming, the verificatiecode aside."""
        return self.leerlinggegevens if toestemming is Toestemming.LEERLINGGEGEVENS else self.resultaten

    def is_on(self, toestemming: Toestemming) -> bool:
        """Return whether a toestemming is on, with a verificatiecode, whatever the Startdatum."""
        is_given = self.state(toestemming).status is ToestemmingStatus.ON
        return self.status is Status.ACTIEF and self.afnemer_id is not None and is_given


def agree(
    *,
    login: str,
    naam: str,
    akkoord: bool,
    moment: datetime,
    voorwaarden: str,
    tekst: str | None = None,
    velden: frozenset[str] | None = None,
) -> Akkoord:
    """Return the agreement with the version `voorwaarden` of the terms, its text (a digest) and the fields that leave.

    Raises AkkoordMissingError when `akkoord` (the tick) is False, or the login or the name is empty or too long.
    """
    typed = naam.strip()
    if not akkoord or not 0 < len(typed) <= MAX_NAAM or not 0 < len(login) <= MAX_LOGIN:
        raise AkkoordMissingError
    return Akkoord(login, typed, moment, voorwaarden, tekst, velden)


def last_startdatum(today: date) -> date:
    """Return the last Startdatum that may be chosen: one year after today, inclusive."""
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year + 1, day=28)


def require_startdatum(startdatum: date, today: date) -> None:
    """Raise InvalidStartdatumError unless the Startdatum lies from today to one year ahead, both included."""
    if not today <= startdatum <= last_startdatum(today):
        raise InvalidStartdatumError


def activate(
    *,
    brin6: str,
    entry: str,
    afnemer_id: int | None,
    code_digest: str | None,
    akkoord: Akkoord | None,
    startdatum: date | None,
    akkoord_resultaten: Akkoord | None = None,
) -> Koppeling:
    """Return a new, active koppeling as of the moment of its agreement; without a Startdatum it opens today.

    Of a UWLR koppeling each agreement gives its toestemming, and at least one is there; the caller has checked that it
    has a code. Raises InvalidStartdatumError, or AkkoordMissingError without any agreement.
    """
    if (first := akkoord or akkoord_resultaten) is None:
        raise AkkoordMissingError
    today = day_of(first.moment)
    first_day = today if startdatum is None else startdatum
    require_startdatum(first_day, today)
    return Koppeling(
        id=NEW,
        brin6=brin6,
        entry_id=entry,
        afnemer_id=afnemer_id,
        status=Status.ACTIEF,
        startdatum=first_day,
        code_digest=code_digest,
        opened_at=first.moment,
        version=FIRST_VERSION,
        akkoord=akkoord or replace(first, velden=frozenset()),
        leerlinggegevens=NOT_GIVEN if akkoord is None else GIVEN,
        resultaten=NOT_GIVEN if akkoord_resultaten is None else GIVEN,
        akkoord_resultaten=akkoord_resultaten,
    )


def give(koppeling: Koppeling, toestemming: Toestemming, akkoord: Akkoord, actor: str) -> Koppeling:
    """Return the koppeling with a toestemming that was not given before, as of the moment of its agreement.

    Raises EndedError, NoExchangeError or AlreadyAgreedError.
    """
    _require_exchange(koppeling)
    if koppeling.state(toestemming).status is not ToestemmingStatus.NOT_GIVEN:
        raise AlreadyAgreedError
    state = ToestemmingState(ToestemmingStatus.ON, akkoord.moment, actor)
    given = _with_state(koppeling, toestemming, state)
    if toestemming is Toestemming.RESULTATEN:
        return replace(given, akkoord_resultaten=akkoord)
    return replace(given, akkoord=akkoord, opened_at=akkoord.moment)


def pause(koppeling: Koppeling, toestemming: Toestemming, moment: datetime, actor: str) -> Koppeling:
    """Return the koppeling with one toestemming paused, whatever the other; the verificatiecode stays.

    Raises EndedError, NoExchangeError, ToestemmingNotGivenError or ToestemmingPausedError.
    """
    _require_given(koppeling, toestemming)
    if koppeling.state(toestemming).status is ToestemmingStatus.PAUSED:
        raise ToestemmingPausedError
    return _with_state(koppeling, toestemming, ToestemmingState(ToestemmingStatus.PAUSED, moment, actor))


def resume(koppeling: Koppeling, toestemming: Toestemming, moment: datetime, actor: str) -> Koppeling:
    """Return the koppeling with one toestemming on again; of one without a code, once a code is entered.

    Raises EndedError, NoExchangeError, ToestemmingNotGivenError or ToestemmingOnError.
    """
    _require_given(koppeling, toestemming)
    if koppeling.state(toestemming).status is ToestemmingStatus.ON:
        raise ToestemmingOnError
    resumed = _with_state(koppeling, toestemming, ToestemmingState(ToestemmingStatus.ON, moment, actor))
    return resumed if toestemming is Toestemming.RESULTATEN else replace(resumed, opened_at=moment)


def _with_state(koppeling: Koppeling, toestemming: Toestemming, state: ToestemmingState) -> Koppeling:
    version = koppeling.version + 1
    if toestemming is Toestemming.RESULTATEN:
        return replace(koppeling, version=version, resultaten=state)
    return replace(koppeling, version=version, leerlinggegevens=state)


def _require_given(koppeling: Koppeling, toestemming: Toestemming) -> None:
    _require_exchange(koppeling)
    if koppeling.state(toestemming).status is ToestemmingStatus.NOT_GIVEN:
        raise ToestemmingNotGivenError


def clear_code(koppeling: Koppeling) -> Koppeling:
    """Return the koppeling paused, without the digest of its code.

    Raises EndedError, NoCodeError or AlreadyPausedError.
    """
    require_code(koppeling)
    if koppeling.status is Status.GEPAUZEERD:
        raise AlreadyPausedError
    return replace(koppeling, status=Status.GEPAUZEERD, code_digest=None, version=koppeling.version + 1)


def enter_code(koppeling: Koppeling, code_digest: str, moment: datetime) -> Koppeling:
    """Return the koppeling active with this code; a paused one is active again as of `moment`.

    Raises EndedError or NoCodeError.
    """
    require_code(koppeling)
    opened_at = moment if koppeling.status is Status.GEPAUZEERD else koppeling.opened_at
    return replace(
        koppeling,
        status=Status.ACTIEF,
        code_digest=code_digest,
        opened_at=opened_at,
        version=koppeling.version + 1,
    )


def change_startdatum(koppeling: Koppeling, startdatum: date, today: date) -> Koppeling:
    """Return the koppeling with another Startdatum, which is possible until the present one comes.

    Raises EndedError, StartedError, InvalidStartdatumError or SameStartdatumError.
    """
    _require_living(koppeling)
    if koppeling.startdatum <= today:
        raise StartedError
    require_startdatum(startdatum, today)
    if startdatum == koppeling.startdatum:
        raise SameStartdatumError
    return replace(koppeling, startdatum=startdatum, version=koppeling.version + 1)


def renew_akkoord(koppeling: Koppeling, akkoord: Akkoord | None, akkoord_resultaten: Akkoord | None) -> Koppeling:
    """Return the koppeling with newer agreements to the toestemmingen that were given; None leaves one as it is.

    Raises EndedError, or AlreadyAgreedError when the present agreements have the same versions and all of the fields.
    """
    _require_living(koppeling)
    present, results = koppeling.akkoord, koppeling.akkoord_resultaten
    adds = akkoord is not None and akkoord.adds_to(present)
    adds_results = akkoord_resultaten is not None and results is not None and akkoord_resultaten.adds_to(results)
    if not adds and not adds_results:
        raise AlreadyAgreedError
    return replace(
        koppeling,
        akkoord=akkoord if adds and akkoord is not None else present,
        akkoord_resultaten=akkoord_resultaten if adds_results else results,
        version=koppeling.version + 1,
    )


def end(koppeling: Koppeling, moment: datetime) -> Koppeling:
    """Return the koppeling ended, without the digest of its code. Raises EndedError."""
    _require_living(koppeling)
    return replace(
        koppeling,
        status=Status.BEEINDIGD,
        code_digest=None,
        ended_at=moment,
        version=koppeling.version + 1,
        withheld=None,
    )


def withhold(koppeling: Koppeling, *, anybody: bool) -> Koppeling:
    """Return the koppeling with other leerlingen withheld from it, or with nobody (`anybody` is False).

    Raises EndedError or NoExchangeError.
    """
    _require_exchange(koppeling)
    version = koppeling.version + 1
    return replace(koppeling, version=version, withheld=version if anybody else None)


def require_code(koppeling: Koppeling) -> None:
    """Raise EndedError or NoCodeError for a koppeling that cannot have a code."""
    _require_living(koppeling)
    if koppeling.afnemer_id is None:
        raise NoCodeError


def _require_exchange(koppeling: Koppeling) -> None:
    _require_living(koppeling)
    if koppeling.afnemer_id is None:
        raise NoExchangeError


def _require_living(koppeling: Koppeling) -> None:
    if not koppeling.is_living:
        raise EndedError
