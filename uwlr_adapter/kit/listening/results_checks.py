"""The checks of what a caller sends back: one for each deviation of a message, and what it does from send to send."""

from itertools import pairwise
from typing import Final

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.kit.checks import Level, cannot, fail, omit
from uwlr_adapter.kit.listening.chapters import RESULTS
from uwlr_adapter.kit.listening.results_judging import Identity, ResultsDeviation, Sending
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.kit.report import MAX_KEPT

FILLED: Final = RESULTS
"""The chapter, which has its checks once this module is loaded."""
_D, _MUST, _SHOULD = ResultsDeviation, Level.MUST, Level.SHOULD
_EARLY = 0.5
"""Seconds that a Retry-After may be cut short: it counts in whole seconds."""
_RULES: Final[tuple[tuple[int, ResultsDeviation, str, tuple[str, ...], Level], ...]] = (
    (1, _D.TRANSPORT, "A message with results is a whole body of text/xml", ("R-002",), _MUST),
    (2, _D.ACTION, "The SOAPAction of results is BrengLeerresultaten", ("R-013", "R-124"), _SHOULD),
    (3, _D.HEADER, "A message with results has one whole autorisatie", ("R-018", "R-126"), _MUST),
    (4, _D.KLANT, "Klantnaam and klantcode of results are the given ones", ("R-020", "R-126"), _MUST),
    (5, _D.SLEUTEL, "The autorisatiesleutel of results is the given one, for that school", ("R-021",), _MUST),
    (6, _D.SCHEMA, "A message with results is valid, and does not contradict itself", ("R-123", "R-129"), _MUST),
    (7, _D.KEYS, "Each key and toetscode is there once, and each reference names one", ("R-123", "R-129"), _MUST),
    (8, _D.SCORE, "A score is a whole number within its norms", ("R-123", "R-127"), _MUST),
    (9, _D.NORM, "A norm has a term and two bounds, and shares no score with another one", ("R-127", "R-129"), _MUST),
    (10, _D.OSO, "A result of OSO can be", ("R-129",), _SHOULD),
    (11, _D.VERSION, "A message with results names a version that exists", ("R-041", "R-127"), _MUST),
    (12, _D.LEERLING, "Each leerlingid is one that the caller was given", ("R-133",), _MUST),
    (21, _D.NO_VERSION, "A message with results says its version", ("R-130",), _SHOULD),
    (22, _D.ORDER, "The elements of a message with results are in their order", ("R-130",), _SHOULD),
    (23, _D.WHITE_SPACE, "No value of a message with results has white space around it", ("R-130",), _SHOULD),
    (24, _D.EMPTY, "An absent value of a message with results is an absent element", ("R-130",), _SHOULD),
    (25, _D.HEADER_FORM, "The parts of the autorisatie of results are in namespace and order", ("R-130",), _SHOULD),
    (26, _D.NO_LEERLINGID, "A leerling is named by leerlingid, with an eckid beside it or not", ("R-130",), _SHOULD),
    (27, _D.NO_OFFSET, "The aanmaakdatum of results has an offset", ("R-132",), _SHOULD),
)  # fmt: skip
"""The number of the check of each deviation, what must hold, its rules and its level."""


def _add(number: int, deviation: ResultsDeviation, title: str, rules: tuple[str, ...], level: Level) -> None:
    @RESULTS.check(number, title, *rules, level=level)
    def without(talk: Conversation) -> str:
        sendings = _sendings(talk)
        found = [one for one in sendings if one.sentence_of(deviation) is not None]
        if found:
            _show(talk, found)
            first = found[0].sentence_of(deviation)
            fail(f"{len(found)} of {len(sendings)} messages deviate; in message {found[0].number} {first}.")
        return f"{title}: {len(sendings)} seen."


for _one in _RULES:
    _add(*_one)


def _sendings(talk: Conversation) -> list[Sending]:
    if not talk.sendings:
        omit("No results were sent.")
    return talk.sendings


def _show(talk: Conversation, sendings: list[Sending]) -> None:
    talk.exchanges += [one.exchange for one in sendings if one.exchange is not None][:MAX_KEPT]


def _readable(talk: Conversation) -> list[Sending]:
    """Return the messages that a LAS takes; ends the check with `cannot` when there are fewer than two."""
    found = [one for one in _sendings(talk) if one.judged.results]
    if len(found) < 2:  # noqa: PLR2004 - one says nothing of the next
        cannot("because fewer than two right messages with results were sent")
    return found


@RESULTS.check(31, "A result keeps its key from send to send", "R-132", level=_SHOULD)
def keeps_keys(talk: Conversation) -> str:
    """Look for a message in which every result that came before (one leerling, part and day) has a new key."""
    sendings = _readable(talk)
    known: dict[Identity, set[str]] = {}
    for one in sendings:
        own = _by_identity(one)
        before = [identity for identity in own if identity in known]
        if before and all(own[identity].isdisjoint(known[identity]) for identity in before):
            _show(talk, [one])
            fail(f"Message {one.number} has results that came before, each under a new key: so a school gets doubles.")
        for identity, keys in own.items():
            known.setdefault(identity, set()).update(keys)
    return f"A result keeps its key from send to send: {len(sendings)} messages seen."


@RESULTS.check(32, "A key stands for one leerling and one toetsonderdeel", "R-132", "R-133")
def keys_are_of_one(talk: Conversation) -> str:
    """Look for a key that is of another child, or of another part of a test, than before."""
    sendings = _readable(talk)
    known: dict[str, Identity] = {}
    for one in sendings:
        for key, identity in one.judged.results.items():
            if key in known and known[key][:3] != identity[:3]:
                _show(talk, [one])
                fail(f"In message {one.number} a key is of another leerling or toetsonderdeel than in one before it.")
            known[key] = identity
    return f"A key stands for one leerling and one toetsonderdeel: {count_noun(len(known), 'key', 'keys')} seen."


@RESULTS.check(33, "The aanmaakdatum grows from message to message", "R-132", level=_SHOULD)
def moments_grow(talk: Conversation) -> str:
    """Look for a message that was made earlier than one before it with the same results, and says something else."""
    sendings = _readable(talk)
    for earlier, later in pairwise(sendings):
        was, now = earlier.judged.aanmaakdatum, later.judged.aanmaakdatum
        if was is None or now is None or (was.tzinfo is None) != (now.tzinfo is None):
            continue
        if now < was and not later.judged.results.keys().isdisjoint(earlier.judged.results):
            _show(talk, [earlier, later])
            fail(
                f"Message {later.number} was made before message {earlier.number}, so that a LAS ignores what it says."
            )
    return f"The aanmaakdatum grows from message to message: {len(sendings)} seen."


@RESULTS.check(41, "After a failure the same results are sent again", "R-104", "R-132", level=_SHOULD)
def sends_again(talk: Conversation) -> str:
    """Look at what followed Server.TijdelijkNietBeschikbaar: what was refused is not with the school."""
    refused = _refused(talk)
    for one in refused:
        later = [other for other in talk.sendings if other.number > one.number]
        if not later:
            cannot(f"because nothing followed the failure that message {one.number} met")
        again = {key for other in later for key in other.judged.results}
        if not again.issuperset(one.judged.results):
            _show(talk, [one])
            fail(f"Message {one.number} met a failure of the service, and its results were not sent again.")
    return f"After a failure the same results are sent again: {len(refused)} seen."


@RESULTS.check(42, "Results are sent again after the seconds of Retry-After", "R-104", level=_SHOULD)
def waits(talk: Conversation) -> str:
    """Look at when the next message came."""
    refused = _refused(talk)
    for one in refused:
        following = next((other for other in talk.sendings if other.number > one.number), None)
        if following is not None and following.began - one.began < (one.retry_after or 0) - _EARLY:
            _show(talk, [one, following])
            fail(
                f"Message {following.number} came {following.began - one.began:.1f} s after one that was asked to wait "
                f"{one.retry_after} s."
            )
    return f"Results are sent again after the seconds of Retry-After: {len(refused)} seen."


def _refused(talk: Conversation) -> list[Sending]:
    found = [one for one in _sendings(talk) if one.retry_after is not None]
    if not found:
        cannot("because no message was asked to come back later: the second right one is")
    return found


def _by_identity(sending: Sending) -> dict[Identity, set[str]]:
    """Return the keys of each result that a message holds."""
    found: dict[Identity, set[str]] = {}
    for key, identity in sending.judged.results.items():
        found.setdefault(identity, set()).add(key)
    return found
