"""Guessing is slowed down, and nobody else is: rows of the access query made by hand, and the counts of one process."""

from datetime import datetime, timedelta

import pytest
from support.endpoint_rows import REFUSED, SMALL
from support.hand_made import CALLERS, HandMade, Played, make, play
from support.messages import school_element
from support.school_builder import MOMENT
from support.served_school import CODE_OF_ONE

from uwlr_adapter.koppelingen.failures import MAX_CODE, MAX_KLANT, MAX_REMEMBERED, PERIOD, Failures, of_code, of_klant
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


def test_schools_that_do_not_exist_are_counted_each_by_itself() -> None:
    """As those that exist are."""
    door = Door()
    named = [CALLERS.request(school=school_element(f"99X{letter}00")) for letter in "ABCDEFGHIJKLMNOP"]
    assert [door.send(message).record.outcome for message in named] == [WRONG] * len(named)


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


@pytest.mark.parametrize("moment", [MOMENT, MOMENT + PERIOD / 2])
def test_what_other_processes_counted_is_learned(moment: datetime) -> None:
    """The count of the database goes before the own one when it is higher, and never lowers it."""
    failures, guess = Failures(), of_code(1, SMALL, "192.0.2.1")
    failures.add(guess, moment)
    failures.learn([(guess, MAX_CODE - 1)])
    assert failures.wait(guess, moment) == 0
    failures.learn([(guess, MAX_CODE)])
    failures.learn([(guess, 1)])
    assert failures.wait(guess, moment) > 0
    assert failures.wait(of_code(1, SMALL, "192.0.2.2"), moment) == 0


def test_the_memory_is_bounded() -> None:
    """However many sources fail, a process holds so many counts; they go with their period."""
    failures = Failures()
    for number in range(MAX_REMEMBERED + 50):
        failures.add(of_klant(str(number)), MOMENT)
    assert len(failures.counts) == MAX_REMEMBERED
    failures.add(of_klant("next"), MOMENT + PERIOD)
    assert len(failures.counts) == 1
