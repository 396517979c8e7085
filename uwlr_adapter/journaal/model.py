"""The entries of the journaal: ids, counts and fixed words only; no text of a caller, no code, no name."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Soort(StrEnum):
    """What a row is about."""

    VERZOEK = "verzoek"
    KOPPELING = "koppeling"
    AFNEMER = "afnemer"


class Reden(StrEnum):
    """The true reason of a refusal, which the caller does not get to see."""

    ONBEKENDE_SCHOOL = "onbekende school"
    GEEN_KOPPELING = "geen koppeling"
    CODE_ONJUIST = "code onjuist"
    GEPAUZEERD = "gepauzeerd"
    BEEINDIGD = "beëindigd"
    NOG_NIET_GESTART = "nog niet gestart"
    GEEN_SCHOOL = "geen school genoemd"
    SCHEMA = "niet volgens het schema"
    VERSIE = "versie niet ondersteund"
    GEEN_GEGEVENS = "geen gegevens"
    EIGEN_FOUT = "eigen fout"


class Handeling(StrEnum):
    """An act on a koppeling, or on an afnemer."""

    GEACTIVEERD = "geactiveerd"
    CODE_GEWIJZIGD = "code gewijzigd"
    GEPAUZEERD = "gepauzeerd"
    HERVAT = "hervat"
    AKKOORD_VERNIEUWD = "akkoord vernieuwd"
    BEEINDIGD = "beëindigd"

    TOEGEVOEGD = "toegevoegd"
    KLANTCODE_VERNIEUWD = "klantcode vernieuwd"
    UITGESCHAKELD = "uitgeschakeld"
    INGESCHAKELD = "ingeschakeld"


class Uitkomst(StrEnum):
    """What rows of the journaal may be chosen by."""

    GELUKT = "gelukt"
    GEWEIGERD = "geweigerd"
    HANDELING = "handeling"


@dataclass(frozen=True, slots=True)
class Regel:
    """One row of the journaal, as it is read back."""

    moment: datetime
    soort: Soort
    handeling: str
    afnemer_id: int | None
    koppeling_id: int | None
    brin6: str | None
    uitkomst: str
    reden: str | None
    leerlingen: int | None
    herstel: tuple[str, ...]
    opmerkingen: tuple[str, ...] = ()
    id: int = 0

    @property
    def soort_uitkomst(self) -> Uitkomst:
        """Whether it is an act, a fetch that was answered, or one that was refused with a fault."""
        if self.soort is not Soort.VERZOEK:
            return Uitkomst.HANDELING
        return Uitkomst.GEWEIGERD if "." in self.uitkomst else Uitkomst.GELUKT


@dataclass(slots=True)
class Verzoekregel:
    """The line of one call of a known afnemer, filled in while the call is judged.

    `brin6` is that of an existing vestiging, or None; `herstel` holds the ids of the repairs that were needed.
    """

    moment: datetime
    operatie: str
    afnemer_id: int
    herstel: tuple[str, ...] = ()
    uitkomst: str = ""
    reden: Reden | None = None
    koppeling_id: int | None = None
    brin6: str | None = None
    leerlingen: int | None = None
    opmerkingen: tuple[str, ...] = ()
    """`onvolledig=N` (records that lack a field which the profile wants), `onbekende-groepen=N`,
    `gegevensset=onbekend`."""


@dataclass(frozen=True, slots=True)
class Weigering:
    """A call that was refused before its afnemer was known; `bron` is a network address."""

    moment: datetime
    bron: str
    uitkomst: str
