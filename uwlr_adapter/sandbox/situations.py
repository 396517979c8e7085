"""The situations of the sandbox: one table, which its pages, its printed list and docs/reference/sandbox.md show.

Each account has a school of its own for each situation: its brincode is the number of the situation and the two letters
of the account.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from string import ascii_uppercase
from typing import NamedTuple

from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.toestemming import Toestemming

PUBLISHED = "ZA"
"""The letters of the account whose klantnaam and klantcode are published."""
LETTERS = tuple(f"Z{letter}" for letter in ascii_uppercase)
"""The letters of all accounts: the published one, and 25 that vendors take."""
NARROW, LVS, FULL = "sandbox-smal", "sandbox-lvs", "sandbox-volledig"
"""The entries of the catalogue, by the profile that they share."""
ALONE = "sandbox-resultaten"
"""The entry through which results come in, and nothing goes out."""
_PROFIELEN = {NARROW: "smalle set", LVS: "LVS-set", FULL: "volledig"}
_BRIN6 = re.compile(r"([0-9]{2})(Z[A-Z])00")
_OTHER_CODE = "a-code-of-another-day"
"""What follows the brin6 in the code that a school with another one entered."""


class Start(StrEnum):
    """The state of the koppeling of a school when it is made."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    NOT_STARTED = "not started"
    OTHER_CODE = "another code"


class ResultsStart(StrEnum):
    """The results that a school lets in when it is made, and what it did with them."""

    AGREED = "agreed"
    NOT_AGREED = "not agreed"
    PAUSED = "paused"
    ALONE = "results alone"
    """Results come in, and nothing goes out."""
    TAKEN_BACK = "taken back"
    """Two messages came before: results, and a correction of them, which the school took back."""


class OnCall(StrEnum):
    """The effect of a call of the account on its school, or on its answer."""

    NOTHING = ""
    CHANGES = "changes"
    LEAVES = "leaves"
    WAITS = "waits"
    REFUSES = "refuses"


@dataclass(frozen=True, slots=True)
class SchoolForm:
    """The form of the records of a school."""

    per_jaargroep: int = 3
    """Leerlingen in each jaargroep; 0: one leerling in the whole school."""
    has_records: bool = True
    has_eckids: bool = True
    has_doubles: bool = False
    """Whether persons share a name."""
    samengesteld: int = 0
    """Samengestelde groepen; each leerling is in two of them."""
    has_question: bool = False
    """Whether one leerling is held: an import came in which it is not certain who he is."""
    is_released: bool = False
    """Whether the next schooljaar is released from the beginning."""
    is_late: bool = False
    """Whether a schooljaar is laid out on its 1 September only."""
    has_withheld: bool = False
    """Whether one leerling is withheld from the koppeling (Niet delen)."""


@dataclass(frozen=True, slots=True)
class VendorSituation:
    """One situation: how its school is made, and what a call to it gets."""

    number: int
    name: str
    school: str
    """The school, in a sentence."""
    answer: str
    """What a call gets, in a sentence."""
    form: SchoolForm = field(default_factory=SchoolForm)
    start: Start = Start.ACTIVE
    on_call: OnCall = OnCall.NOTHING
    entry: str = NARROW
    results: ResultsStart = ResultsStart.AGREED
    sent: str = "It is taken."
    """The answer to a message with results, in a sentence."""

    @property
    def profiel(self) -> str:
        """The profile of its koppeling; `-` where nothing goes out through it."""
        return _PROFIELEN.get(self.entry, "-")

    @property
    def is_answered(self) -> bool:
        """Whether a fetch is answered from the beginning."""
        return self.start is Start.ACTIVE and self.results is not ResultsStart.ALONE

    def brin6(self, letters: str) -> str:
        """Return the brin6 of the school that an account has for it."""
        return f"{self.number:02}{letters}00"

    def code(self, letters: str) -> str:
        """Return the verificatiecode with which the account calls."""
        return f"{self.brin6(letters)}-uwlr-sandbox-{self.name}"

    def entered_code(self, letters: str) -> str:
        """Return the verificatiecode that the school entered."""
        return f"{self.brin6(letters)}-{_OTHER_CODE}" if self.start is Start.OTHER_CODE else self.code(letters)


class SandboxPlace(NamedTuple):
    """A school of the sandbox: the letters of its account, and its situation."""

    letters: str
    situation: VendorSituation

    @property
    def brin6(self) -> str:
        """Its brin6."""
        return self.situation.brin6(self.letters)

    @property
    def code(self) -> str:
        """The verificatiecode with which its account calls."""
        return self.situation.code(self.letters)


_DATA = "The data."
_REFUSED = "Client.AutorisatieOngeldig; your page of calls says the true reason."
_NO_RESULTS = "Client.AutorisatieOngeldig."
SITUATIONS = (
    VendorSituation(1, "usual", "24 leerlingen in eight groepen, nothing special.", _DATA),
    VendorSituation(
        2, "lvs-set", "The same school, with a koppeling of the LVS-set.", "The data, with more fields.", entry=LVS,
    ),
    VendorSituation(
        3, "volledig", "The same school, with a koppeling of the profile volledig.", "The data, with every field.",
        entry=FULL,
    ),
    VendorSituation(4, "one-leerling", "One leerling.", "Lists of one leerling and one leerkracht.", SchoolForm(0)),
    VendorSituation(
        5, "many", "1,504 leerlingen; made at the first call, which takes some seconds.", "A large answer.",
        SchoolForm(188),
    ),
    VendorSituation(
        6, "no-eckid", "No leerling and no leerkracht has an ECK-iD.", "The data, with keys only in every version.",
        SchoolForm(has_eckids=False),
    ),
    VendorSituation(
        7, "double-names", "In each groep two leerlingen have one name, and so have two leerkrachten.",
        "The data: only key and ECK-iD say who is who.", SchoolForm(has_doubles=True),
    ),
    VendorSituation(
        8, "samengesteld", "Six samengestelde groepen; each leerling is in two of them.",
        "The data, with references to groups of both kinds.", SchoolForm(samengesteld=6),
    ),
    VendorSituation(
        9, "no-data", "A school whose schooljaar is not laid out yet.",
        "geengegevens when the request names the schooljaar; Server.TijdelijkNietBeschikbaar when it leaves it empty.",
        SchoolForm(has_records=False), sent="Client.LeerlingOngeldig.",
    ),
    VendorSituation(
        10, "paused", "The school paused the koppeling.", _REFUSED, start=Start.PAUSED, sent=_NO_RESULTS,
    ),
    VendorSituation(11, "ended", "The school ended the koppeling.", _REFUSED, start=Start.ENDED, sent=_NO_RESULTS),
    VendorSituation(
        12, "not-started", "The Startdatum of the koppeling lies 30 days ahead of the clock when it is made.",
        f"{_REFUSED} The data once the clock is there.", start=Start.NOT_STARTED, sent=_NO_RESULTS,
    ),
    VendorSituation(
        13, "other-code", "The school entered another verificatiecode.", _REFUSED, start=Start.OTHER_CODE,
        sent=_NO_RESULTS,
    ),
    VendorSituation(
        14, "slow", "Each answer takes 10 seconds, or as many as you ask.", "The data, late.", on_call=OnCall.WAITS,
        sent="It is taken, late.",
    ),
    VendorSituation(
        15, "busy", "Two of three calls come too early.",
        "Server.TijdelijkNietBeschikbaar with Retry-After, twice; then the data.", on_call=OnCall.REFUSES,
        sent="Server.TijdelijkNietBeschikbaar with Retry-After, twice; then it is taken.",
    ),
    VendorSituation(
        16, "changing", "Before each call one leerling gets another achternaam, and one comes or goes.",
        "Other data each time, never geenwijzigingen.", on_call=OnCall.CHANGES,
    ),
    VendorSituation(
        17, "leaver", "After the first call one leerling leaves the school.",
        "From the second call on one leerling fewer.", on_call=OnCall.LEAVES,
        sent="It is taken, also for who left within this schooljaar.",
    ),
    VendorSituation(
        18, "held", "An import left a question open: it is not certain who one leerling is.",
        "The data; that leerling as he was last known, until the question is answered.", SchoolForm(has_question=True),
    ),
    VendorSituation(
        19, "year-switch", "The next schooljaar is laid out and released: everybody moves up.",
        "This schooljaar, and the next one when the request names it.", SchoolForm(is_released=True),
    ),
    VendorSituation(
        20, "late", "The school lays a schooljaar out on 1 September, a month after it began.",
        "In August geengegevens for the present schooljaar, and the data of the one before.", SchoolForm(is_late=True),
    ),
    VendorSituation(
        21, "results-not-agreed", "The school agreed to leerlinggegevens only.", _DATA, results=ResultsStart.NOT_AGREED,
        sent=_NO_RESULTS,
    ),
    VendorSituation(
        22, "results-paused", "The school paused the results; leerlinggegevens go on.", _DATA,
        results=ResultsStart.PAUSED, sent=_NO_RESULTS,
    ),
    VendorSituation(
        23, "results-alone", "A Resultatenkoppeling: results come in, and no leerlinggegevens go out.", _REFUSED,
        entry=ALONE, results=ResultsStart.ALONE,
    ),
    VendorSituation(
        24, "not-shared", "The school does not share one leerling (an objection).", "The data without that leerling.",
        SchoolForm(has_withheld=True),
        sent="It is taken, but for that leerling; of that one alone it is Client.LeerlingOngeldig.",
    ),
    VendorSituation(
        25, "taken-back",
        "Results of one groep came from you, and a correction of them, which the school took back.", _DATA,
        results=ResultsStart.TAKEN_BACK,
        sent="It is taken; the correction, sent again unchanged, stays taken back.",
    ),
)  # fmt: skip
"""Every situation, by number."""
_BY_NUMBER = {situation.number: situation for situation in SITUATIONS}


def place_of(brin6: str) -> SandboxPlace | None:
    """Return the school of the sandbox with this brin6; None for another one."""
    match = _BRIN6.fullmatch(brin6)
    situation = None if match is None else _BY_NUMBER.get(int(match[1]))
    return None if match is None or situation is None else SandboxPlace(match[2], situation)


def places_of(letters: str) -> Iterator[SandboxPlace]:
    """Yield every school of an account."""
    return (SandboxPlace(letters, situation) for situation in SITUATIONS)


def catalogue_for(klantnaam: str) -> Catalogue:
    """Return the catalogue of the schools of one account: an entry per profile."""
    shipped = Catalogue.load()
    usual = shipped.entries["snappet"]
    entries = {
        id_: CatalogueEntry(
            id=id_,
            naam=klantnaam,
            type="UWLR Leerlinggegevens",
            omschrijving=f"Koppeling van de sandbox, {profiel}",
            prijs="Geen aanvullende kosten",
            voorwaarden=usual.voorwaarden,
            afnemer=klantnaam,
            profiel=profiel,
            voorwaarden_resultaten=usual.voorwaarden_resultaten,
        )
        for id_, profiel in _PROFIELEN.items()
    }
    entries[ALONE] = replace(
        entries[NARROW],
        id=ALONE,
        type="Resultatenkoppeling",
        omschrijving="Resultatenkoppeling van de sandbox",
        voorwaarden=usual.voorwaarden_of(Toestemming.RESULTATEN),
        profiel=None,
    )
    return Catalogue({**shipped.entries, **entries}, shipped.profielen)
