"""A message with results that a caller sent, judged: what deviates in it, and which results it holds.

The first thing is told that a LAS would refuse; what else is wrong shows once that is mended. What known clients send
and this service repairs is told beside it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, auto
from hashlib import sha256
from typing import Final, TypeAlias

from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    EldResultaatOngeldig,
    Fault,
    LeerlingOngeldig,
    OngeldigBericht,
    OngeldigeKlantIdentificatie,
    ScoreOngeldig,
    ToetsNormeringOngeldig,
    XsdVersieOngeldig,
)
from uwlr_adapter.contract.leerresultaten import agreement
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.places import leerling_finding
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.leerresultaten.request import read, school_finding
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.kit.listening import example_school
from uwlr_adapter.kit.listening.incoming import Incoming
from uwlr_adapter.kit.listening.judging import Credentials
from uwlr_adapter.kit.masking import MaskedExchange

_MEDIA_TYPES: Final = frozenset({"text/xml", "application/xml", ""})
"""The media types that are read, the absent one included."""
Identity: TypeAlias = tuple[str, str, str | None, str]
"""Whose result of what: leerlingid, toetscode, toetsonderdeelcode, afnamedatum; of each a digest, never the value."""


class ResultsDeviation(StrEnum):
    """One way in which a message with results differs from what a LAS takes."""

    TRANSPORT = auto()
    ACTION = auto()
    HEADER = auto()
    KLANT = auto()
    SLEUTEL = auto()
    SCHEMA = auto()
    KEYS = auto()
    SCORE = auto()
    NORM = auto()
    OSO = auto()
    VERSION = auto()
    LEERLING = auto()
    NO_VERSION = auto()
    ORDER = auto()
    WHITE_SPACE = auto()
    EMPTY = auto()
    HEADER_FORM = auto()
    NO_LEERLINGID = auto()
    NO_OFFSET = auto()


_D = ResultsDeviation
_BY_REPAIR: Final = {
    "kop-namespace": _D.HEADER_FORM,
    "kop-volgorde": _D.HEADER_FORM,
    "witruimte": _D.WHITE_SPACE,
    "leeg": _D.EMPTY,
    "xsdversie": _D.NO_VERSION,
    "volgorde": _D.ORDER,
    "leerlingid": _D.NO_LEERLINGID,
}
"""The deviation that each repair mends."""
_BY_FAULT: Final = {
    ScoreOngeldig: _D.SCORE,
    ToetsNormeringOngeldig: _D.NORM,
    EldResultaatOngeldig: _D.OSO,
    XsdVersieOngeldig: _D.VERSION,
    LeerlingOngeldig: _D.LEERLING,
}


@dataclass(frozen=True, slots=True)
class JudgedSending:
    """A message with results as the standard sees it; each sentence is without a value of the message."""

    deviations: tuple[tuple[ResultsDeviation, str], ...]
    fault: Fault | None = None
    """The fault with which a LAS refuses it."""
    status: int | None = None
    """The status with which HTTP refuses it, without a fault."""
    aanmaakdatum: datetime | None = None
    """When it was made; None for one that is refused."""
    results: dict[str, Identity] = field(default_factory=dict, repr=False)
    """Whose result of what stands under each key; digests, of a message that is taken."""


@dataclass(slots=True)
class Sending:
    """One message with results and its answer; `began` is in seconds of the clock of its conversation."""

    number: int
    began: float
    judged: JudgedSending
    retry_after: int | None = None
    exchange: MaskedExchange | None = None

    def sentence_of(self, deviation: ResultsDeviation) -> str | None:
        """Return what deviates in this way; None when nothing does."""
        return next((told for own, told in self.judged.deviations if own is deviation), None)


def judge_sending(incoming: Incoming, schooljaar: str, known: Credentials) -> JudgedSending:
    """Judge a message; `schooljaar` is the present one, `known` what the caller was given."""
    if incoming.head.media_type not in _MEDIA_TYPES or incoming.is_cut or incoming.is_large:
        status = 413 if incoming.is_large else 400 if incoming.is_cut else 415
        return JudgedSending(((_D.TRANSPORT, "it is no whole body of text/xml, or larger than 1 MB"),), status=status)
    found: list[tuple[ResultsDeviation, str]] = []
    if (incoming.header("SOAPAction") or "").strip().strip('"') != "BrengLeerresultaten":
        found.append((_D.ACTION, "the SOAPAction is not BrengLeerresultaten"))
    try:
        call = read(incoming.body, incoming.head.charset)
    except Fault as fault:
        return JudgedSending((*found, _of_fault(fault, _D.HEADER if _is_of_header(fault) else _D.SCHEMA)), fault)
    return _judge_call(call, schooljaar, known, found)


def _judge_call(
    call: Call, schooljaar: str, known: Credentials, found: list[tuple[ResultsDeviation, str]]
) -> JudgedSending:
    refusals: list[Fault] = []
    given = call.autorisatie
    if (given.klantnaam, given.klantcode) != (known.klantnaam, known.klantcode):
        refusals.append(OngeldigeKlantIdentificatie())
        found.append((_D.KLANT, "klantnaam and klantcode are not the ones that this kit gave"))
    said: Leerresultaten | None = None
    repairs: tuple[str, ...] = ()
    try:
        if call.school is None:
            raise OngeldigBericht(school_finding(call))
        if given.autorisatiesleutel != known.autorisatiesleutel or not known.names(call.school):
            refusals.append(AutorisatieOngeldig())
            found.append((_D.SLEUTEL, "the autorisatiesleutel is not the given one, or is for another school"))
        said, repairs = judge(call)
        _require_known(said, schooljaar)
        agreement.check(said)
    except Fault as fault:
        refusals.append(fault)
        found.append(_of_fault(fault, _BY_FAULT.get(type(fault), _of_schema(fault))))
    found += [(_BY_REPAIR[one], f"repair `{one}` was needed") for one in repairs]
    if said is not None and said.school.aanmaakdatum.tzinfo is None:
        found.append((_D.NO_OFFSET, "the aanmaakdatum has no offset, so that nobody knows which moment it is"))
    if refusals or said is None:
        return JudgedSending(tuple(found), refusals[0])
    return JudgedSending(tuple(found), aanmaakdatum=said.school.aanmaakdatum, results=_results(said))


def _require_known(said: Leerresultaten, schooljaar: str) -> None:
    """Raise LeerlingOngeldig for a message of which no leerling is of the example school, or one is named wrongly."""
    keys, eckids = example_school.leerlingen(schooljaar)
    known = [one.leerlingid in keys or one.leerlingid in eckids for one in said.toetsafnames]
    if not all(known):
        raise LeerlingOngeldig(leerling_finding(known.index(False)))


def _results(said: Leerresultaten) -> dict[str, Identity]:
    return {
        _digest(one.key): (
            _digest(afname.leerlingid),
            _digest(one.toetscode),
            None if one.toetsonderdeelcode is None else _digest(one.toetsonderdeelcode),
            one.afnamedatum.isoformat(),
        )
        for afname in said.toetsafnames
        for one in afname.resultaten
    }


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _is_of_header(fault: Fault) -> bool:
    return fault.finding is not None and fault.finding.path.startswith(("autorisatie", "Envelope/Header"))


def _of_schema(fault: Fault) -> ResultsDeviation:
    if _is_of_header(fault):
        return _D.HEADER
    return _D.KEYS if fault.finding is not None and fault.finding.rule is Rule.KEY else _D.SCHEMA


def _of_fault(fault: Fault, deviation: ResultsDeviation) -> tuple[ResultsDeviation, str]:
    where = "" if fault.finding is None else f" (pad {fault.finding.path}, regel {fault.finding.rule})"
    return deviation, f"it is refused with {fault.code}{where}"
