"""Names and dates of birth, compared: whether two records can be about one person. Pure.

docs/reference/records.md has the rules. Text is compared folded, so that a spelling is no difference: capitals,
diacritics, hyphens, white space and a voorvoegsel in front of an achternaam do not count, and what holds no letter or
digit (".", "?") is unknown.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerkracht, Leerling

_VOORVOEGSELS = frozenset(
    "'s 't a af al am an auf aus bij bin d da dal de degli dei del della den der des di die do dos du e el het i ibn im"
    " in l la las le les lo los o onder op over s t te tegen ten ter thoe toe tot uit unter van vom von voor vor y zu"
    " zum zur".replace("'", "").split()
)
"""Words in front of an achternaam that some sources write with it and others as its voorvoegsel."""
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
"""Letters that are not a base letter with a mark, folded."""
NAMES = ("roepnaam", "voornamen", "voorletters_1", "voorvoegsel", "achternaam")
"""The fields of a record, and the columns of a row, that hold the names of a person."""
_WORD = re.compile(r"[^\W_]+")
_UNKNOWN = frozenset((None, "", "."))


class Naming(NamedTuple):
    """The values by which a person is recognised, as a source wrote them; None is unknown.

    `roepnaam` is the roepnaam, else the first of the voornamen, else the first of the voorletters, such as `J.`.
    `geboortedatum` is an xs:date; a leerkracht has none.
    """

    roepnaam: str | None
    achternaam: str | None
    geboortedatum: str | None

    @property
    def is_nameless(self) -> bool:
        """Whether neither name is known."""
        if self.achternaam and self.achternaam[0].isalpha():  # nearly always
            return False
        return not fold(self.roepnaam) and not fold(self.achternaam)


NAMELESS = Naming(None, None, None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether each part of two namings agrees; None where it is unknown on one side."""

    roepnaam: bool | None
    achternaam: bool | None
    geboortedatum: bool | None

    @property
    def differing(self) -> list[str]:
        """The names of the parts that differ."""
        return [part for part in Naming._fields if getattr(self, part) is False]

    def is_same(self, kind: PersonKind) -> bool:
        """Return whether it is one person, given that a key or an ECK-iD says so, and not both.

        Of a leerling two of the three parts must agree; when one of them is unknown, the roepnaam decides, else the
        date, else the achternaam. Of a leerkracht one part that agrees suffices, and another achternaam alone is a
        marriage.
        """
        if kind is PersonKind.LEERKRACHT:
            is_marriage = self.roepnaam is None and self.achternaam is False
            return bool(self.roepnaam or self.achternaam) or is_marriage
        parts = (self.roepnaam, self.geboortedatum, self.achternaam)
        known = [part for part in parts if part is not None]
        return sum(known) > 1 if len(known) == len(parts) else bool(known) and known[0]


def naming_of(record: Leerling | Leerkracht) -> Naming:
    """Return the naming of a record."""
    roepnaam = record.roepnaam
    if roepnaam in _UNKNOWN:
        roepnaam = _given_name(record)
    return Naming(roepnaam, record.achternaam, record.geboortedatum if isinstance(record, Leerling) else None)


def full_name(record: object) -> str:
    """Return the name of a person as people read it, empty without one; `record` has NAMES as attributes."""
    roepnaam, voornamen, voorletters, voorvoegsel, achternaam = (getattr(record, name) for name in NAMES)
    return " ".join(part for part in (roepnaam or voornamen or voorletters, voorvoegsel, achternaam) if part)


def _given_name(record: Leerling | Leerkracht) -> str | None:
    for words in (record.voornamen, record.voorletters_1):
        if words and (found := _WORD.search(words)):
            return words[found.start() :].split()[0] if words is record.voornamen else found[0][0] + "."
    return None


def fold(text: str | None) -> str:
    """Return the letters and digits of a text, without case and diacritics; empty for what is unknown."""
    return "".join(_words(text)) if text else ""


def fold_achternaam(text: str | None) -> str:
    """Return an achternaam folded, without a voorvoegsel in front of it."""
    words = _words(text) if text else []
    while len(words) > 1 and words[0] in _VOORVOEGSELS:
        words = words[1:]
    return "".join(words)


def day_of_birth(text: str | None) -> str:
    """Return the day of an xs:date without its zone; empty for what is unknown."""
    return text.strip()[:10] if text else ""


def compare(one: Naming, other: Naming) -> Comparison:
    """Compare two namings."""
    return Comparison(
        roepnaam=_same_given_name(one.roepnaam, other.roepnaam),
        achternaam=_same(fold_achternaam(one.achternaam), fold_achternaam(other.achternaam)),
        geboortedatum=_same(day_of_birth(one.geboortedatum), day_of_birth(other.geboortedatum)),
    )


Pair = tuple[str, str, str]
"""Two folded parts of a naming, in the order of its fields; the third one is empty."""


def roepnaam_and_birth(naming: Naming) -> Pair | None:
    """Return the roepnaam and the date by which twins are told apart; None when one of them is unknown."""
    found = fold(naming.roepnaam), "", day_of_birth(naming.geboortedatum)
    return found if found[0] and found[2] else None


def pairs_of(naming: Naming) -> list[Pair]:
    """Return every two parts that are known."""
    roepnaam, achternaam = fold(naming.roepnaam), fold_achternaam(naming.achternaam)
    born = day_of_birth(naming.geboortedatum)
    pairs = [(roepnaam, "", born), ("", achternaam, born), (roepnaam, achternaam, "")]
    return [pair for pair in pairs if sum(map(bool, pair)) > 1]


def whole(naming: Naming) -> tuple[str, str, str] | None:
    """Return every part folded, for a match by name and date; None unless the date and a name are known."""
    names = fold(naming.roepnaam), fold_achternaam(naming.achternaam)
    born = day_of_birth(naming.geboortedatum)
    return (*names, born) if born and any(names) else None


def _words(text: str) -> list[str]:
    if text.isascii():
        return _WORD.findall(text.casefold())
    marked = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(one for one in marked if not unicodedata.combining(one)).translate(_LETTERS))


def _same(one: str, other: str) -> bool | None:
    return one == other if one and other else None


def _same_given_name(one: str | None, other: str | None) -> bool | None:
    first, second = fold(one), fold(other)
    if not first or not second:
        return None
    if 1 in (len(first), len(second)):  # of one of them only the first letter is known
        return first[0] == second[0]
    return first == second
