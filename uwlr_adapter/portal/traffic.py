"""Whether data flow: how a koppeling stands, its last call in words, and its last 30 days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Reden, Regel, Uitkomst
from uwlr_adapter.journaal.search import Dagtelling
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.portal.wording import aantal, dag, lange_dag

DAGEN = 30
BREEDTE, HOOGTE, STAP = 240, 36, 8
"""The picture of the last 30 days, in its own units: a bar every eight."""
KLEINSTE = 5
"""A day with one call beside one with a thousand is still to be seen."""

_GELUKT = {
    "leerlinggegevens": "De gegevens zijn opgehaald.",
    "leerlinggegevens-structuur": "De groepen zijn opgehaald.",
    "leerlinggegevens-leerlingen": "De leerlingen zijn opgehaald.",
    "leerlinggegevens-leerkrachten": "De leerkrachten zijn opgehaald.",
    "geenwijzigingen": "Er was niets gewijzigd sinds de vorige keer.",
    "geengegevens": "Er zijn geen gegevens voor het schooljaar waar {naam} om vroeg.",
}
_GEWEIGERD = {
    Reden.CODE_ONJUIST: (
        "{naam} probeert op te halen met een andere verificatiecode. Laat {naam} de code controleren, of vul bij "
        "Bewerken de code in die {naam} gebruikt."
    ),
    Reden.GEPAUZEERD: "{naam} probeerde op te halen terwijl de koppeling gepauzeerd was.",
    Reden.BEEINDIGD: "{naam} probeerde op te halen terwijl de koppeling beëindigd was.",
    Reden.NOG_NIET_GESTART: "{naam} probeerde op te halen vóór de startdatum.",
    Reden.GEEN_KOPPELING: "{naam} probeerde op te halen, maar deze koppeling wordt niet meer aangeboden.",
    Reden.SCHEMA: "{naam} vraagt de gegevens op een manier die niet volgens de afspraak UWLR is. {naam} lost dit op.",
    Reden.VERSIE: "{naam} vraagt een versie van UWLR die hier niet bestaat. {naam} lost dit op.",
    Reden.EIGEN_FOUT: "Het ophalen mislukte aan onze kant. {naam} kan het opnieuw proberen.",
}
_GEWEIGERD_ANDERS = "Het verzoek van {naam} is geweigerd."
HANDELINGEN = {
    "geactiveerd": "De koppeling is geactiveerd.",
    "code gewijzigd": "De verificatiecode is gewijzigd.",
    "gepauzeerd": "De verificatiecode is verwijderd; de uitwisseling is gepauzeerd.",
    "hervat": "De verificatiecode is ingevuld; de uitwisseling is hervat.",
    "akkoord vernieuwd": "De school is akkoord met nieuwe gebruikersvoorwaarden.",
    "beëindigd": "De koppeling is beëindigd.",
}
"""The acts on a koppeling, in a sentence."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a koppeling stands: a word, and its kind (`goed`, `let-op`, `stil`) for the eye."""

    woord: str
    soort: str


@dataclass(frozen=True, slots=True)
class Staaf:
    """One day in the picture: where it stands, and how high its two parts are."""

    x: int
    gelukt: int
    geweigerd: int


@dataclass(frozen=True, slots=True)
class Verloop:
    """What a school sees of the traffic of one koppeling."""

    laatst_opgehaald: datetime | None
    poging: Regel | None
    staven: tuple[Staaf, ...]
    tekst: str
    """The picture in words."""


def stand_of(koppeling: Koppeling | None, today: date) -> Stand:
    """Give how a koppeling stands; without a record it is one that every school has."""
    if koppeling is None:
        return Stand("Actief", "goed")
    if koppeling.status is Status.ACTIEF and koppeling.startdatum > today:
        return Stand(f"Start op {dag(koppeling.startdatum)}", "let-op")
    return {
        Status.ACTIEF: Stand("Actief", "goed"),
        Status.GEPAUZEERD: Stand("Gepauzeerd", "let-op"),
        Status.BEEINDIGD: Stand("Beëindigd", "stil"),
    }[koppeling.status]


def sentence(regel: Regel, naam: str) -> str:
    """Give what a row of the journaal says, to a school; `naam` is that of the learning platform."""
    if regel.soort_uitkomst is Uitkomst.HANDELING:
        return HANDELINGEN.get(regel.handeling, regel.handeling)
    if regel.soort_uitkomst is Uitkomst.GELUKT:
        return _GELUKT.get(regel.uitkomst, "Het verzoek is beantwoord.").format(naam=naam)
    known = {str(reden): tekst for reden, tekst in _GEWEIGERD.items()}
    return known.get(regel.reden or "", _GEWEIGERD_ANDERS).format(naam=naam)


def verlopen(connection: sa.Connection, koppeling_ids: Iterable[int], moment: datetime) -> dict[int, Verloop]:
    """Give the traffic of each of these koppelingen, up to this moment."""
    today = day_of(moment)
    days = [today - timedelta(days=back) for back in range(DAGEN - 1, -1, -1)]
    ids = list(koppeling_ids)
    counts = search.count_days(connection, ids, days) if ids else {}
    found = {}
    for id_ in ids:
        last = search.last_success(connection, id_)
        found[id_] = Verloop(
            laatst_opgehaald=None if last is None else last.moment,
            poging=search.last_call(connection, id_),
            staven=_staven(counts[id_]),
            tekst=_in_words(days, counts[id_]),
        )
    return found


def _staven(counts: Sequence[Dagtelling]) -> tuple[Staaf, ...]:
    most = max((one.gelukt + one.geweigerd for one in counts), default=0)

    def height(number: int) -> int:
        return 0 if number == 0 else max(KLEINSTE, round(number * HOOGTE / most))

    staven = []
    for place, one in enumerate(counts):
        refused = min(height(one.geweigerd), HOOGTE - KLEINSTE if one.gelukt else HOOGTE)
        staven.append(Staaf(place * STAP, min(height(one.gelukt), HOOGTE - refused), refused))
    return tuple(staven)


def _in_words(days: Sequence[date], counts: Sequence[Dagtelling]) -> str:
    good = sum(1 for one in counts if one.gelukt)
    bad = sum(1 for one in counts if one.geweigerd)
    since = f"Sinds {lange_dag(days[0])}"
    if not good and not bad:
        return f"{since} is er niet opgehaald."
    text = f"{since} is er op {aantal(good, 'dag', 'dagen')} opgehaald"
    return f"{text} en op {aantal(bad, 'dag', 'dagen')} geweigerd." if bad else f"{text}."
