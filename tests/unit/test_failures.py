"""Guessing is slowed down, and nobody else is: rows of the access query made by hand, and the counts of one process."""

import json
from datetime import datetime, timedelta

import pytest
from support.endpoint_rows import REFUSED, SMALL
from support.hand_made import CALLERS, HandMade, Played, make, play
from support.messages import school_element
from support.school_builder import MOMENT
from support.served_school import CODE_OF_ONE

from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import MAX_SOURCES, OTHERS
from uwlr_adapter.koppelingen import failures as module
from uwlr_adapter.koppelingen.failures import MAX_CODE, MAX_KLANT, PERIOD, STRANGE, Failures, of_code, of_klant
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.web.head import Head

WRONG, KLANT = "Client.AutorisatieOngeldig", "Client.OngeldigeKlantIdentificatie"
WAIT = "Server.TijdelijkNietBeschikbaar"
GOOD = "leerlinggegevens"
RIGHT = CALLERS.request(key=CODE_OF_ONE, brin6=SMALL)
GUESS = CALLERS.request(key="30AB00een-andere-code-2", brin6=SMALL)


class Door:
    """An endpoint and its world."""

    def __init__(self) -> None:
        self.world = HandMade()
        self.endpoint = make(self.world)

    def send(self, message: bytes, peer: str = "192.0.2.1:1") -> Played:
        """Send a message from an address."""
        head = Head("POST", "", peer, "text/xml; charset=utf-8", str(len(message)))
        return play(self.endpoint, head, message, self.world)

    def outcomes(self, message: bytes, number: int, peer: str = "192.0.2.1:1") -> list[str]:
        """Send it so often, and return the outcomes."""
        return [self.send(message, peer).record.outcome for _ in range(number)]


def test_after_some_wrong_codes_right_and_wrong_ones_wait_alike() -> None:
    """While a guesser waits, nothing is written, and the answer to the right code is that to a wrong one."""
    door = Door()
    assert door.outcomes(GUESS, MAX_CODE) == [WRONG] * MAX_CODE
    wrong, right = door.send(GUESS), door.send(RIGHT)
    assert right.response == wrong.response
    assert (right.record.outcome, right.record.slowed, right.written, wrong.written) == (WAIT, True, [], [])
    assert 0 < int(dict(right.response.headers)["Retry-After"]) <= PERIOD.total_seconds()


def test_nobody_else_waits() -> None:
    """The guesser's own source for another school, another source, and another afnemer go on."""
    door = Door()
    assert door.outcomes(GUESS, MAX_CODE + 1)[-1] == WAIT
    assert door.outcomes(CALLERS.request(), 1) == [GOOD]
    assert door.outcomes(RIGHT, 1, "192.0.2.2:1") == [GOOD]
    assert door.outcomes(CALLERS.request("UWLR-4D", brin6=SMALL), 1) == [WRONG]
    assert door.outcomes(CALLERS.request("Onbekend"), 1) == [KLANT]


@pytest.mark.parametrize("number", [1, 1000])
def test_a_vendor_fetches_while_a_guesser_does_its_worst(number: int) -> None:
    """A guesser that has the klantcode, and one that has not, from so many sources: the vendor fetches 100 of 100."""
    door, unknown = Door(), CALLERS.request("Onbekend")
    for turn in range(100):
        for guess in range(MAX_CODE + 1):
            source = (turn * (MAX_CODE + 1) + guess) % number
            peer = f"203.0.{source >> 8}.{source & 255}:1"
            assert door.outcomes(GUESS, 1, peer)[0] in {WRONG, WAIT}
            assert door.outcomes(unknown, 1, peer)[0] in {KLANT, WAIT}
        assert door.outcomes(RIGHT, 1, "198.51.100.1:1") == [GOOD]


@pytest.mark.parametrize("name", REFUSED)
def test_every_true_reason_counts_alike(name: str) -> None:
    """Whether a school exists, or a koppeling is paused, does not show in the number of tries either."""
    message = CALLERS.request(**CALLERS.refused_calls[name])
    assert Door().outcomes(message, MAX_CODE + 1) == [WRONG] * MAX_CODE + [WAIT]


def test_invented_schools_share_their_counts() -> None:
    """However many names an afnemer invents, the counts are few, and its own schools do not wait for them."""
    door = Door()
    named = [CALLERS.request(school=f"<schoolkey>{number}</schoolkey>") for number in range(MAX_CODE * STRANGE * 2)]
    played = [door.send(message) for message in named]
    guesses = {outcome.guess for one in played for outcome in one.written}
    assert len(guesses) == len(door.endpoint.exchange.gate.failures.counts) == STRANGE
    assert played[0].record.outcome == WRONG
    assert played[-1].record.outcome == WAIT
    assert door.outcomes(RIGHT, 1) == [GOOD]
    assert door.outcomes(GUESS, 1) == [WRONG]


def test_a_vendor_that_asks_for_many_schools_too_early_is_refused_as_ever() -> None:
    """Two hundred schools without a koppeling: each gets its refusal and its line."""
    door = Door()
    named = [
        CALLERS.request(school=school_element(f"{10 + number // 26}X{chr(65 + number % 26)}00"))
        for number in range(200)
    ]
    assert {door.send(message).record.outcome for message in named} == {WRONG}


@pytest.mark.parametrize("exists", [True, False])
def test_the_names_of_a_school_without_a_koppeling_are_not_joined(exists: bool) -> None:  # noqa: FBT001
    """Thirty wrong codes by brin and one by schoolkey: whether these are one school, or exist, does not show."""
    door = Door()
    door.world.by_schoolkey = {"een-sleutel": "21QW01"} if exists else {}
    by_brin, by_key = CALLERS.request(brin6="21QW01"), CALLERS.request(school="<schoolkey>een-sleutel</schoolkey>")
    assert door.outcomes(by_brin, MAX_CODE + 1)[-1] == WAIT
    assert door.outcomes(by_key, 1) == [WRONG]
    entry = door.send(by_key).written[0].entry
    assert isinstance(entry, VerzoekEntry)
    assert entry.brin6 == ("21QW01" if exists else None)


@pytest.mark.parametrize("status", Status)
def test_a_school_with_a_koppeling_is_counted_by_itself(status: Status) -> None:
    """Under both its names, and whatever its state: schools that ended do not share a count."""
    door = Door()
    door.world.by_schoolkey = {"een-sleutel": SMALL}
    door.world.koppelingen[1].status = status
    door.world.koppelingen[1].code = CODE_OF_ONE if status is Status.ACTIEF else None
    assert door.outcomes(GUESS, MAX_CODE + 1)[-1] == WAIT
    assert door.outcomes(CALLERS.request(school="<schoolkey>een-sleutel</schoolkey>"), 1) == [WAIT]


def test_who_has_the_right_code_all_along_is_never_counted() -> None:
    """Only failures count."""
    assert Door().outcomes(RIGHT, 3 * MAX_CODE) == [GOOD] * 3 * MAX_CODE


def test_wrong_klantcodes_are_no_longer_written_and_a_right_one_passes() -> None:
    """A klantcode cannot be guessed, so that its owner behind the same address is not kept out."""
    door, wrong = Door(), CALLERS.request("Onbekend")
    assert door.outcomes(wrong, MAX_KLANT) == [KLANT] * MAX_KLANT
    refused = door.send(wrong)
    assert (refused.record.outcome, refused.written, refused.record.slowed) == (WAIT, [], True)
    assert "Retry-After" in dict(refused.response.headers)
    assert door.outcomes(RIGHT, 1) == [GOOD]
    assert door.outcomes(wrong, 1, "192.0.2.2:1") == [KLANT]


def test_a_subscriber_of_ipv6_is_one_source() -> None:
    """Another address of the same /64 waits too, another /64 does not."""
    door = Door()
    for number in range(MAX_CODE):
        assert door.outcomes(GUESS, 1, f"[2001:db8::{number:x}]:1") == [WRONG]
    assert door.outcomes(RIGHT, 1, "[2001:db8::ffff]:1") == [WAIT]
    assert door.outcomes(RIGHT, 1, "[2001:db8:0:1::1]:1") == [GOOD]


def test_the_wait_ends_with_the_period() -> None:
    """Retry-After is true: a second earlier it waits still, and at that moment the right code passes."""
    door = Door()
    door.outcomes(GUESS, MAX_CODE)
    seconds = int(dict(door.send(GUESS).response.headers)["Retry-After"])
    door.world.moment += timedelta(seconds=seconds - 1)
    assert door.outcomes(RIGHT, 1) == [WAIT]
    assert dict(door.send(RIGHT).response.headers)["Retry-After"] == "1"
    door.world.moment += timedelta(seconds=1)
    assert door.outcomes(RIGHT, 1) == [GOOD]
    assert door.outcomes(GUESS, MAX_CODE + 1) == [WRONG] * MAX_CODE + [WAIT]


def test_an_act_of_the_school_begins_a_new_count() -> None:
    """A code that the school enters anew is good at once, however often the platform tried before."""
    door = Door()
    assert door.outcomes(GUESS, MAX_CODE + 1)[-1] == WAIT
    door.world.koppelingen[1].version += 1
    assert door.outcomes(RIGHT, 1) == [GOOD]


def test_other_faults_are_no_guesses() -> None:
    """A body that is wrong is not a wrong code, however often it comes."""
    door = Door()
    late = CALLERS.request(key=CODE_OF_ONE, brin6=SMALL).replace(b"2.2<", b"9.9<")
    assert set(door.outcomes(late, MAX_CODE + 2)) == {"Client.XsdVersieOngeldig"}
    assert set(door.outcomes(b"x", MAX_KLANT + 2)) == {"Client.OngeldigBericht"}


def learned(moment: datetime, subject: str, occurrences: int) -> tuple[datetime, str, int]:
    """Return a row that the database returns for a failure at a moment."""
    return (module.rows_of([(subject, moment)])[0]["period"], subject, occurrences)


@pytest.mark.parametrize("moment", [MOMENT, MOMENT + PERIOD / 2])
def test_what_other_processes_counted_is_learned(moment: datetime) -> None:
    """The count of the database goes before the own one when it is higher, and never lowers it."""
    failures, guess = Failures(), of_code(1, SMALL, "192.0.2.1")
    failures.add(guess, moment)
    failures.learn([learned(moment, guess, MAX_CODE - 1)])
    assert failures.wait(guess, moment) == 0
    failures.learn([learned(moment, guess, MAX_CODE)])
    failures.learn([learned(moment, guess, 1)])
    assert failures.wait(guess, moment) > 0
    assert failures.wait(of_code(1, SMALL, "192.0.2.2"), moment) == 0


def test_a_count_of_the_period_before_locks_nobody() -> None:
    """A commit that returns after the turn of the period brings nothing into the new one."""
    failures, guess, other = Failures(), of_code(1, SMALL, "192.0.2.1"), of_klant("192.0.2.2")
    failures.add(guess, MOMENT)
    failures.add(other, MOMENT + PERIOD)
    failures.learn([learned(MOMENT, guess, MAX_CODE)])
    assert failures.wait(guess, MOMENT + PERIOD) == 0
    assert failures.counts == {other: 1}


def test_a_late_failure_of_the_period_before_takes_nothing_away() -> None:
    """It is not counted any more, and the counts of the present stay."""
    failures, guess = Failures(), of_code(1, SMALL, "192.0.2.1")
    for _ in range(MAX_CODE):
        assert failures.add(guess, MOMENT + PERIOD) == guess
    assert failures.add(of_klant("192.0.2.2"), MOMENT) is None
    assert failures.wait(guess, MOMENT + PERIOD) > 0
    assert failures.counts == {guess: MAX_CODE}


def test_a_clock_that_is_set_back_begins_anew() -> None:
    """A clock that was days ahead does not stop the counting until then."""
    failures, guess = Failures(), of_code(1, SMALL, "192.0.2.1")
    failures.add(guess, MOMENT + timedelta(days=3))
    assert failures.add(guess, MOMENT) == guess
    assert failures.counts == {guess: 1}


def test_the_subjects_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """From ever more sources only so many counts are begun and written, and nobody waits for the others.

    Strangers leave room for afnemers; who is counted goes on to be; a new period begins with none.
    """
    monkeypatch.setattr(module, "MAX_KLANTEN", 5)
    monkeypatch.setattr(module, "MAX_SUBJECTS", 8)
    door, unknown = Door(), CALLERS.request("Onbekend")
    written = [door.send(unknown, f"192.0.2.{number}:1").written[0].guess for number in range(9)]
    assert written == [of_klant(f"192.0.2.{number}") for number in range(5)] + [None] * 4
    assert door.outcomes(unknown, MAX_KLANT + 1, "192.0.2.8:1") == [KLANT] * (MAX_KLANT + 1)
    assert door.outcomes(unknown, MAX_KLANT, "192.0.2.4:1")[-1] == WAIT
    guesses = [door.send(GUESS, f"192.0.2.{number}:1").written[0].guess for number in range(9)]
    assert [guess is None for guess in guesses] == [False] * 3 + [True] * 6
    door.world.moment += PERIOD
    assert door.send(unknown, "192.0.2.8:1").written[0].guess is not None
    assert len(door.endpoint.exchange.gate.failures.counts) == 1


def test_the_sources_of_a_minute_are_bounded() -> None:
    """However many sources are refused in a minute, so many are named, and the rest is one row; each minute anew."""
    door = Door()

    def named(number: int) -> list[str]:
        peers = [f"192.0.2.{n}:1" for n in range(number)]
        return [
            entry.source
            for peer in peers
            for o in door.send(b"x", peer).written
            if isinstance(entry := o.entry, Refusal)
        ]

    first = [f"192.0.2.{number}" for number in range(MAX_SOURCES)]
    assert named(MAX_SOURCES + 3) == first + [OTHERS] * 3
    assert named(MAX_SOURCES + 1) == [*first, OTHERS]
    door.world.moment += timedelta(minutes=1)
    assert named(1) == first[:1]


def test_a_missing_certificate_looks_like_a_wrong_klantcode() -> None:
    """The answer, the steps, the wait and the count of an afnemer without its certificate are those of a stranger."""
    door = Door()
    certificate = {"fingerprint": "a" * 64, "subject": "", "not_after": "2100-01-01", "added_at": "2026-01-01"}
    door.world.certificates["Snappet"] = json.dumps([certificate])
    unknown = CALLERS.request("Onbekend")
    first, second = door.send(unknown), door.send(RIGHT)
    assert second.response == first.response
    assert second.response.is_of_nobody
    assert (second.steps, second.record.outcome, second.record.unknown) == (first.steps, KLANT, True)
    (counted,), (told,) = first.written, second.written
    assert (counted.guess, isinstance(counted.entry, Refusal)) == (told.guess, True)
    assert isinstance(told.entry, VerzoekEntry)
    assert (told.entry.reason, told.entry.brin6, told.entry.koppeling_id) == (RefusalReason.NO_CERTIFICATE, None, None)
    assert door.outcomes(RIGHT, MAX_KLANT)[-3:] == [KLANT, WAIT, WAIT]
    assert door.outcomes(unknown, 1) == [WAIT]
