"""Whether data flow: how a koppeling stands, its last call in words, and its last 30 days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry, OutcomeKind, RefusalReason
from uwlr_adapter.journaal.search import DayCount
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal.wording import aantal, dag, lange_dag

DAYS = 30
WIDTH, HEIGHT, BAR_STEP = 240, 36, 8
"""The picture of the last 30 days, in its own units: a bar every eight."""
MIN_BAR = 5
"""A day with one call beside one with a thousand is still to be seen."""

_ANSWERED = {
    "leerlinggegevens": "De gegevens zijn opgehaald.",
    "leerlinggegevens-structuur": "De groepen zijn opgehaald.",
    "leerlinggegevens-leerlingen": "De leerlingen zijn opgehaald.",
    "leerlinggegevens-leerkrachten": "De leerkrachten zijn opgehaald.",
    "geenwijzigingen": "Er was niets gewijzigd sinds de vorige keer.",
    "geengegevens": "Er zijn geen gegevens voor het schooljaar waar {naam} om vroeg.",
}
_REFUSED = {
    RefusalReason.WRONG_CODE: (
        "{naam} probeert op te halen met een andere verificatiecode. Laat {naam} de code controleren, of vul bij "
        "Bewerken de code in die {naam} gebruikt."
    ),
    RefusalReason.PAUSED: "{naam} probeerde op te halen terwijl de koppeling gepauzeerd was.",
    RefusalReason.ENDED: "{naam} probeerde op te halen terwijl de koppeling beëindigd was.",
    RefusalReason.NOT_STARTED: "{naam} probeerde op te halen vóór de startdatum.",
    RefusalReason.NO_KOPPELING: "{naam} probeerde op te halen, maar deze koppeling wordt niet meer aangeboden.",
    RefusalReason.SCHEMA: (
        "{naam} vraagt de gegevens op een manier die niet volgens de afspraak UWLR is. {naam} lost dit op."
    ),
    RefusalReason.VERSION: "{naam} vraagt een versie van UWLR die hier niet bestaat. {naam} lost dit op.",
    RefusalReason.OWN_FAILURE: "Het ophalen mislukte aan onze kant. {naam} kan het opnieuw proberen.",
}
_REFUSED_OTHERWISE = "Het verzoek van {naam} is geweigerd."
ACTS = {
    "geactiveerd": "De koppeling is geactiveerd.",
    "code gewijzigd": "De verificatiecode is gewijzigd.",
    "gepauzeerd": "De verificatiecode is verwijderd; de uitwisseling is gepauzeerd.",
    "hervat": "De verificatiecode is ingevuld; de uitwisseling is hervat.",
    "akkoord vernieuwd": "De school is akkoord met nieuwe gebruikersvoorwaarden.",
    "beëindigd": "De koppeling is beëindigd.",
}
"""The acts on a koppeling, in a sentence."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a koppeling stands: a word, and its kind (`goed`, `let-op`, `stil`) for the eye."""

    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the picture: where it stands, and how high its two parts are."""

    x: int
    answered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a school sees of the traffic of one koppeling."""

    last_fetched: datetime | None
    last_call: Entry | None
    bars: tuple[Bar, ...]
    text: str
    """The picture in words."""


def standing_of(koppeling: Koppeling | None, today: date) -> Standing:
    """Give how a koppeling stands; without a record it is one that every school has."""
    if koppeling is None:
        return Standing("Actief", "goed")
    if koppeling.status is Status.ACTIEF and koppeling.startdatum > today:
        return Standing(f"Start op {dag(koppeling.startdatum)}", "let-op")
    return {
        Status.ACTIEF: Standing("Actief", "goed"),
        Status.GEPAUZEERD: Standing("Gepauzeerd", "let-op"),
        Status.BEEINDIGD: Standing("Beëindigd", "stil"),
    }[koppeling.status]


def sentence(entry: Entry, naam: str) -> str:
    """Give what a row of the journaal says, to a school; `naam` is that of the learning platform."""
    if entry.outcome_kind is OutcomeKind.ACT:
        return ACTS.get(entry.act, entry.act)
    if entry.outcome_kind is OutcomeKind.ANSWERED:
        return _ANSWERED.get(entry.outcome, "Het verzoek is beantwoord.").format(naam=naam)
    known = {str(reason): text for reason, text in _REFUSED.items()}
    return known.get(entry.reason or "", _REFUSED_OTHERWISE).format(naam=naam)


def traffic_of(connection: sa.Connection, koppeling_ids: Iterable[int], moment: datetime) -> dict[int, Traffic]:
    """Give the traffic of each of these koppelingen, up to this moment."""
    today = day_of(moment)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    ids = list(koppeling_ids)
    counts = search.count_days(connection, ids, days) if ids else {}
    found = {}
    for id_ in ids:
        last = search.last_success(connection, id_)
        found[id_] = Traffic(
            last_fetched=None if last is None else last.moment,
            last_call=search.last_call(connection, id_),
            bars=_bars(counts[id_]),
            text=_in_words(days, counts[id_]),
        )
    return found


def _bars(counts: Sequence[DayCount]) -> tuple[Bar, ...]:
    most = max((one.answered + one.refused for one in counts), default=0)

    def height(number: int) -> int:
        return 0 if number == 0 else max(MIN_BAR, round(number * HEIGHT / most))

    bars = []
    for place, one in enumerate(counts):
        refused = min(height(one.refused), HEIGHT - MIN_BAR if one.answered else HEIGHT)
        bars.append(Bar(place * BAR_STEP, min(height(one.answered), HEIGHT - refused), refused))
    return tuple(bars)


def _in_words(days: Sequence[date], counts: Sequence[DayCount]) -> str:
    good = sum(1 for one in counts if one.answered)
    bad = sum(1 for one in counts if one.refused)
    since = f"Sinds {lange_dag(days[0])}"
    if not good and not bad:
        return f"{since} is er niet opgehaald."
    text = f"{since} is er op {aantal(good, 'dag', 'dagen')} opgehaald"
    return f"{text} en op {aantal(bad, 'dag', 'dagen')} geweigerd." if bad else f"{text}."
