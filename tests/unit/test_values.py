"""The rules for texts and dates: what a source wrote becomes what is stored, and nothing is lost without a word."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.values import Value

NBSP, ZWSP, BOM = "\u00a0", "\u200b", "\ufeff"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Bakker", "Bakker"),
        (" Bakker   de  Jong ", "Bakker de Jong"),
        (f"{NBSP}de{NBSP}Jong\t", "de Jong"),
        (f"{BOM}Ole{ZWSP}", "Ole"),
        ("Jan\r\n  Piet", "Jan Piet"),
        (f"Jan{ZWSP}sen", "Jansen"),
        ("\u200eJan\u00adsen\u200f\u2060", "Jansen"),
        ("\u00ad\u200e", None),
        ("\u3000\u2003李\u2009", "李"),
        (" ", None),
        (NBSP, None),
        (ZWSP + BOM, None),
        ("", None),
        ("Zoe\u0308", "Zoë"),
        ("D’Hondt-O'Neill", "D’Hondt-O'Neill"),
        ("Sint–Jan (Mª)", "Sint–Jan (Mª)"),
        ("L·lúcia", "L·lúcia"),
        ("JOÃO", "JOÃO"),
        ("ÅŞEL İğdır", "ÅŞEL İğdır"),
    ],
)
@pytest.mark.parametrize("rule", [values.name, values.person_name])
def test_a_name_has_single_spaces_and_nfc(rule: values.ValueRule, written: str, stored: str | None) -> None:
    """White space goes around a name and becomes one space in it, what nobody sees goes; all silently."""
    assert rule(written) == Value(stored)


def test_a_year_of_thousands_of_digits_is_as_any_other_that_cannot_be() -> None:
    """Python converts no such number, and the day is judged all the same."""
    far, long_ago, this = f"{'9' * 5000}-01-01", f"-{'9' * 5000}-01-01", f"{'0' * 5000}2026-01-01"
    assert (values.first_day(far).refused, values.end_day(far).refused) == (True, False)
    assert (values.first_day(long_ago).refused, values.end_day(long_ago).refused) == (False, True)
    assert values.first_day(this).refused


def test_a_text_that_is_no_name_keeps_what_is_in_it() -> None:
    """A user name or an address loses outer white space only."""
    assert values.text(f"{NBSP}a  b\u0308 ") == Value("a  b\u0308")
    assert values.text(f" {NBSP}") == Value(None)


@pytest.mark.parametrize(
    ("written", "stored", "reason"),
    [
        ("O\u0092Neill", "O’Neill", values.C1),
        ("\u008aimon", "Šimon", values.C1),
        ("Zo\u0081", "Zo", values.CONTROL),
        ("Zo\u007f", "Zo", values.CONTROL),
        ("\u0081\u0092", "’", f"{values.C1}; {values.CONTROL}"),
        ("\u0081", None, values.CONTROL),
        ("Zo\ufffd", "Zo\ufffd", values.REPLACEMENT),
        ("O\u0092Ne\ufffdll", "O’Ne\ufffdll", f"{values.C1}; {values.REPLACEMENT}"),
    ],
)
@pytest.mark.parametrize("rule", [values.text, values.name, values.person_name])
def test_controls_and_lost_characters_are_told(rule: values.ValueRule, written: str, stored: str, reason: str) -> None:
    """A C1 control is the character of Windows-1252 that it stands for; none passes without a warning."""
    assert rule(written) == Value(stored, reason)


@pytest.mark.parametrize("written", ["Zo‰", "Fran‡ois", "Ren‚", "Bj”rn", "┌éon", "Z¢e", "Jan™", "Ole \U0001f989"])
def test_what_is_in_no_name_is_told(written: str) -> None:
    """What a DOS export leaves in the name of a person is kept, with a warning; the name of a group may be anything."""
    assert values.person_name(written) == Value(written, values.NO_NAME)
    assert values.name(written).reason == (values.NO_NAME if "┌" in written else "")


@pytest.mark.parametrize(
    "written", ["ZoÃ«", "RenÃ©e", "Å imon".replace(" ", "\u00a1"), "FranÃ§ois", "Aÿ".encode().decode("cp1252")]
)
def test_utf_8_that_was_read_as_windows_1252_is_told(written: str) -> None:
    """Two signs where one letter was: kept, with a warning that says what happened."""
    assert values.person_name(written) == Value(written, values.TWICE)


@pytest.mark.parametrize(
    ("written", "stored", "reason"),
    [
        ("2019-03-14", "2019-03-14", ""),
        ("2024-02-29", "2024-02-29", ""),
        (f"\n 2019-03-31{NBSP}", "2019-03-31", ""),
        (" ", None, ""),
        ("2019-03-14Z", "2019-03-14", values.ZONE),
        ("2019-03-14+01:00", "2019-03-14", values.ZONE),
        ("2019-03-14-05:30", "2019-03-14", values.ZONE),
        ("2023-08-01T00:00:00", "2023-08-01", values.TIME),
        ("2023-08-01 00:00:00", "2023-08-01", values.TIME),
        ("2023-08-01 0:00", "2023-08-01", values.TIME),
        ("2023-08-01T00:00:00.0000000", "2023-08-01", values.TIME),
        ("2023-08-01T23:59:59", "2023-08-01", values.TIME),
        ("2023-08-01T00:00:00Z", "2023-08-01", values.TIME),
        ("2019-01-14T00:00:00+02:00", "2019-01-14", values.TIME),
        ("2019-03-13T23:00:00Z", "2019-03-14", values.ZONED_TIME),
        ("2019-07-13T22:00:00.000Z", "2019-07-14", values.ZONED_TIME),
        ("2019-03-14T12:00:00+01:00", "2019-03-14", values.ZONED_TIME),
        ("-0001-01-01", None, values.YEAR),
        ("12018-11-02", None, values.YEAR),
        ("0019-03-14", None, values.YEAR),
        ("1900-01-01", None, values.YEAR),
        ("2200-01-01", None, values.YEAR),
        ("2199-12-31", "2199-12-31", ""),
        ("2199-12-31T23:30:00Z", None, values.YEAR),
        ("1901-01-01T00:30:00+14:00", None, values.YEAR),
        ("1901-01-01", "1901-01-01", ""),
    ],
)
def test_a_date_is_a_day_and_nothing_else(written: str, stored: str | None, reason: str) -> None:
    """No zone, time or year that a receiver cannot read leaves, and each that was there is told."""
    assert values.day(written) == Value(stored, reason)


@pytest.mark.parametrize(
    "written", ["31-12-2019", "2019-02-30", "2019-13-01", "2019-3-14", "19-03-14", "gisteren", "2019-03-14T25:00:00"]
)
def test_what_is_no_date_is_refused(written: str) -> None:
    """A value that is no existing date is none, for every kind of date."""
    for rule in (values.day, values.first_day, values.end_day):
        assert rule(written) == Value(None, values.NO_DAY, refused=True)
    assert values.moment(written) == Value(None, values.NO_MOMENT, refused=True)


@pytest.mark.parametrize(
    ("written", "first_is_open", "end_is_open"),
    [
        ("0001-01-01", True, True),
        ("0001-01-01T00:00:00", True, True),
        ("1900-01-01", True, True),
        ("1753-01-01 00:00:00", True, True),
        ("1018-11-02", True, False),
        ("-0001-01-01", True, False),
        ("9999-12-31", False, True),
        ("12018-11-02", False, True),
    ],
)
def test_a_year_that_cannot_be_opens_no_enrolment(written: str, *, first_is_open: bool, end_is_open: bool) -> None:
    """Left out where it is open anyhow; refused where an enrolment would become longer than the source says."""
    for rule, is_open in ((values.first_day, first_is_open), (values.end_day, end_is_open)):
        found = rule(written)
        assert (found.text, found.refused) == (None, not is_open)
        assert found.reason


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2026-10-01T07:00:00", "2026-10-01T07:00:00"),
        ("2026-10-31T07:00:00.5+02:00", "2026-10-31T07:00:00.5+02:00"),
        (" 2026-10-01t07:00:00z ", "2026-10-01T07:00:00Z"),
        ("2026-10-01", "2026-10-01T00:00:00"),
        ("2026-10-01 7:05", "2026-10-01T07:05:00"),
    ],
)
def test_a_moment_keeps_its_time_and_zone(written: str, stored: str) -> None:
    """A date and time leaves in the form of an xs:dateTime."""
    assert values.moment(written) == Value(stored)
    assert values.moment("0001-01-01T00:00:00") == Value(None, values.YEAR)


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("31-12-2026", "2026-12-31"),
        (" 1/8/2023 0:00:00", "2023-08-01 0:00:00"),
        ("2026-12-31", "2026-12-31"),
        ("1-8-12023", "12023-08-01"),
        ("gisteren", "gisteren"),
    ],
)
def test_a_dutch_date_is_turned_round(written: str, iso: str) -> None:
    """Day, month, year becomes year, month, day; what follows and any other text stay."""
    assert values.iso_of(written) == iso


def test_a_key_is_whole_or_none() -> None:
    """Outer white space goes; a key with a character that is broken is refused, because it would leave for life."""
    assert values.key(f" a  b{NBSP}") == Value("a  b")
    assert values.key(NBSP) == Value(None)
    assert values.key(f"{ZWSP}1001\u200e") == Value("1001")
    for broken in ("a\ufffd", "a\u0092", "a\u007f", "a\u0001", "a\0b"):
        assert values.key(broken).refused


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_a_rule_has_nothing_to_do_twice(written: str) -> None:
    """What a rule returns it leaves as it is, with no control, no outer white space and, in a name, in NFC."""
    for rule in (values.text, values.name, values.person_name):
        stored = rule(written).text
        if stored is None:
            continue
        assert stored
        assert rule(stored).text == stored
        assert not any("\x7f" <= character <= "\x9f" for character in stored)
        assert stored == stored.strip()
        if rule is not values.text:
            assert unicodedata.is_normalized("NFC", stored)
            assert stored == " ".join(stored.split())


def test_each_element_has_its_rule() -> None:
    """The kind of a field decides; what is read by people is a name."""
    rules = {
        ("leerling", "geboortedatum"): values.day,
        ("leerling", "instroomdatum"): values.first_day,
        ("leerling", "uitstroomdatum"): values.end_day,
        ("groep", "mutatiedatum"): values.moment,
        ("leerkracht", "achternaam"): values.person_name,
        ("groep", "naam"): values.name,
        ("leerling", "jaargroep"): values.text,
    }
    assert {path: values.rule_of(*path) for path in rules} == rules


@given(st.text(st.characters(max_codepoint=0x17F), max_size=8))
def test_a_quick_check_is_never_wrong(written: str) -> None:
    """What passes a quick check comes out of the rule as it is; the check only saves the work."""
    if values.is_plain(written):
        assert unicodedata.is_normalized("NFC", written)
        assert written == " ".join(written.split())
        assert not any("\x7f" <= character <= "\x9f" or character == "\xa0" for character in written)
    if values.is_plain_key(written):
        assert written == written.strip()
        assert not any("\x7f" <= character <= "\x9f" for character in written)


@given(st.dates())
def test_a_day_that_passes_the_quick_check_exists(day: date) -> None:
    """And its year can be."""
    written = day.isoformat()
    assert values.day(written) == (Value(written) if 1901 <= day.year <= 2199 else Value(None, values.YEAR))
