"""The entries of the journaal: ids, counts, fixed words, and the login of whoever acted, or was acted on.

They hold no text of a caller, no code, and of a pupil at most the number, where somebody looked at who got it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN


class EntryKind(StrEnum):
    """The subject of a row."""

    VERZOEK = "verzoek"
    KOPPELING = "koppeling"
    AFNEMER = "afnemer"
    RECORDS = "gegevens"
    GEBRUIKER = "gebruiker"
    SERVICE = "dienst"
    RESULTATEN = "resultaten"
    """A message with results: no fetch, so that what counts fetches goes on as it was."""


CALLS = (EntryKind.VERZOEK, EntryKind.RESULTATEN)
"""The kinds of call of an afnemer; every other one is an act."""
KIND_OF_CALL = {BRENG_LEERRESULTATEN.name: EntryKind.RESULTATEN}
"""The kind of the entry of a call by its operation, where it is no VERZOEK."""


class RefusalReason(StrEnum):
    """The true reason of a refusal, which the caller does not get to see."""

    UNKNOWN_SCHOOL = "onbekende school"
    NO_KOPPELING = "geen koppeling"
    WRONG_CODE = "code onjuist"
    PAUSED = "gepauzeerd"
    ENDED = "beëindigd"
    NOT_STARTED = "nog niet gestart"
    LEERLINGGEGEVENS_PAUSED = "leerlinggegevens gepauzeerd"
    LEERLINGGEGEVENS_NOT_AGREED = "geen akkoord leerlinggegevens"
    RESULTS_PAUSED = "resultaten gepauzeerd"
    RESULTS_NOT_AGREED = "geen akkoord resultaten"
    NO_SCHOOL = "geen school genoemd"
    SCHEMA = "niet volgens het schema"
    VERSION = "versie niet ondersteund"
    NO_DATA = "geen gegevens"
    NOT_LAID_OUT = "schooljaar niet ingericht"
    UNKNOWN_LEERLING = "geen leerling bekend"
    NOT_VALID = "inhoud klopt niet"
    OWN_FAILURE = "eigen fout"
    TOO_MANY = "te veel tegelijk"
    NO_CERTIFICATE = "certificaat ontbreekt"
    WRONG_CERTIFICATE = "certificaat onbekend of verlopen"


class Act(StrEnum):
    """An act on a koppeling or all of a vestiging, an afnemer, the records of a school, a user, or the service."""

    ACTIVATED = "geactiveerd"
    CODE_CHANGED = "code gewijzigd"
    PAUSED = "gepauzeerd"
    RESUMED = "hervat"
    AKKOORD_RENEWED = "akkoord vernieuwd"
    WITHHELD = "leerling niet gedeeld"
    SHARED_AGAIN = "leerling weer gedeeld"
    STARTDATUM_CHANGED = "startdatum gewijzigd"
    ENDED = "beëindigd"
    LEERLINGGEGEVENS_PAUSED = "leerlinggegevens gepauzeerd"
    LEERLINGGEGEVENS_RESUMED = "leerlinggegevens hervat"
    LEERLINGGEGEVENS_ALLOWED = "leerlinggegevens toegestaan"
    RESULTS_PAUSED = "resultaten gepauzeerd"
    RESULTS_RESUMED = "resultaten hervat"
    RESULTS_ALLOWED = "resultaten toegestaan"

    VESTIGING_ADDED = "vestiging toegevoegd"
    IMPORTED = "gegevens ingelezen"
    IMPORT_UNDONE = "import teruggedraaid"
    IMPORT_REDONE = "import opnieuw uitgevoerd"
    YEAR_RELEASED = "schooljaar vrijgegeven"
    YEAR_TAKEN_BACK = "vrijgeven teruggenomen"
    CALENDAR_SET = "kalender ingesteld"
    ADDRESS_CONFIRMED = "meldadres bevestigd"
    ADDRESS_REMOVED = "meldadres verwijderd"
    REGION_SET = "vakantieregio ingesteld"

    ADDED = "toegevoegd"
    KLANTCODE_ROTATED = "klantcode vernieuwd"
    DISABLED = "uitgeschakeld"
    ENABLED = "ingeschakeld"
    STRICT = "herstel uitgezet"
    TOLERANT = "herstel aangezet"

    GEBRUIKER_ADDED = "gebruiker toegevoegd"
    GEBRUIKER_RESET = "gebruiker opnieuw uitgenodigd"
    GEBRUIKER_DISABLED = "gebruiker geblokkeerd"
    GEBRUIKER_ENABLED = "gebruiker weer toegelaten"
    EMAIL_CONFIRMED = "e-mailadres bevestigd"
    EMAIL_REMOVED = "e-mailadres verwijderd"
    PROVIDER_ADDED = "inlogdienst toegevoegd"
    PROVIDER_REMOVED = "inlogdienst verwijderd"
    GEBRUIKER_INVITED = "collega uitgenodigd"
    INVITATION_WITHDRAWN = "uitnodiging ingetrokken"
    INVITATION_DECLINED = "uitnodiging afgewezen"
    GEBRUIKER_JOINED = "uitnodiging aangenomen"
    ROL_CHANGED = "rol gewijzigd"
    ACCESS_REMOVED = "toegang weggenomen"
    GROEPEN_GIVEN = "groepen gegeven"
    GROEPEN_TAKEN = "groepen weggenomen"
    PASSWORD_CHANGED = "wachtwoord gewijzigd"  # noqa: S105 - a word for an act
    SECOND_FACTOR_RENEWED = "tweede stap vernieuwd"
    RECOVERY_CODES_MADE = "herstelcodes gemaakt"
    RECOVERY_CODE_USED = "herstelcode gebruikt"
    CERTIFICATE_ADDED = "certificaat toegevoegd"
    CERTIFICATE_REMOVED = "certificaat verwijderd"

    QUESTION_ANSWERED = "vraag beantwoord"
    ENDED_BY_MERGE = "beëindigd door fusie"
    ECKID_CORRECTED = "ECK-iD gecorrigeerd"
    PERSONS_JOINED = "personen samengevoegd"
    PERSON_FORGOTTEN = "persoon vergeten"
    PERSON_ALLOWED = "persoon weer toegelaten"
    RECORDS_WITHDRAWN = "gegevens ingetrokken"
    SCHOOL_MERGED = "school samengevoegd"
    WENT_BACK = "back-up teruggezet"
    LEERLING_VIEWED = "leerling ingezien"
    LEERLING_DOWNLOADED = "inzage gedownload"
    MISSING_VIEWED = "ontbrekende gegevens bekeken"
    MISSING_DOWNLOADED = "ontbrekende gegevens gedownload"
    RESULTS_TAKEN_BACK = "resultaten teruggenomen"
    RESULTS_PUT_BACK = "resultaten teruggezet"
    RESULTS_EXPORTED = "resultaten geëxporteerd"

    MAINTENANCE_ANNOUNCED = "onderhoud aangekondigd"
    MAINTENANCE_WITHDRAWN = "onderhoud ingetrokken"


class OutcomeKind(StrEnum):
    """The kinds of row that a search can be narrowed to."""

    ANSWERED = "gelukt"
    REFUSED = "geweigerd"
    ACT = "handeling"


CLI = "cli:"
"""What the actor of a command begins with; the name of an account of the machine follows (`cli/base.py`)."""
JOB = "job:"
"""What the actor of periodic work begins with; the name of the job follows."""
TAKEN = "leerresultaten_bevestiging"
"""The outcome of a message with results that was taken: the name of its confirmation."""
AFNEMER = "afnemer:"
"""What the actor of a call begins with, where entries are told; its klantnaam follows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journaal, as it is read back."""

    moment: datetime
    kind: EntryKind | str
    """An EntryKind, or the word of newer code that uses the same database."""
    act: str
    afnemer_id: int | None
    koppeling_id: int | None
    brin6: str | None
    outcome: str
    reason: str | None
    leerlingen: int | None
    repairs: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    id: int = 0
    actor: str | None = None
    """Of an act: the login of the portal user, or CLI or JOB with a name; None for a call, which is of its afnemer."""
    request_id: str | None = None
    """The X-Request-ID of a request, or the id of a run of a command, as the log has it; None in old entries."""

    @property
    def outcome_kind(self) -> OutcomeKind:
        """Whether it is an act, a call that was answered, or one that was refused with a fault."""
        if self.kind not in CALLS:
            return OutcomeKind.ACT
        return OutcomeKind.REFUSED if "." in self.outcome else OutcomeKind.ANSWERED


@dataclass(frozen=True, slots=True)
class ResultCounts:
    """How many results of a message came to what."""

    added: int
    changed: int
    same: int
    overtaken: int
    """Of which a newer message came before."""
    not_processed: int
    """Of a leerling who is not known, or whose data are not shared."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Each count that is not zero, in the words of the journaal."""
        words = {
            "nieuw": self.added,
            "gewijzigd": self.changed,
            "gelijk": self.same,
            "ingehaald": self.overtaken,
            "niet-verwerkt": self.not_processed,
        }
        return tuple(f"{word}={number}" for word, number in words.items() if number)


@dataclass(slots=True)
class VerzoekEntry:
    """The entry of one call of a known afnemer, filled in while the call is judged.

    `brin6` is that of an existing vestiging, or None; `repairs` holds the ids of the repairs that were needed.
    """

    moment: datetime
    operation: str
    afnemer_id: int
    repairs: tuple[str, ...] = ()
    outcome: str = ""
    reason: RefusalReason | None = None
    koppeling_id: int | None = None
    koppeling_version: int | None = None
    """The version of the koppeling that gave access, at which it must still be when the entry is written."""
    brin6: str | None = None
    leerlingen: int | None = None
    results: ResultCounts | None = None
    """What became of the results of a message that was taken."""
    request_id: str | None = None
    """X-Request-ID of the HTTP request; at most 36 characters."""
    answer: str | None = None
    """The number of the answer that was given, or that the caller has already (`administratie/answered.py`)."""
    remarks: tuple[str, ...] = ()
    """`onvolledig=N` (records that lack a field which the profile wants), `onbekende-groepen=N`,
    `gegevensset=onbekend`; of a refused one what the caller was told: `pad=…` and `regel=…`
    (docs/reference/faults.md)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was refused before its afnemer was known; `source` is a network address."""

    moment: datetime
    source: str
    outcome: str
