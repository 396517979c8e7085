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
    by_initial: bool = False
    """Whether the roepnaam agrees in no more than the first letter, since more is not known on one side."""

    @property
    def differing(self) -> list[str]:
        """The names of the parts that differ."""
        return [part for part in Naming._fields if getattr(self, part) is False]

    def is_namesake(self, kind: PersonKind) -> bool:
        """Return whether one has the roepnaam and the date of birth of the other, by which twins are told apart.

        Of a leerkracht, who has no date, and where no more than the first letter of a roepnaam is known, the achternaam
        must agree.
        """
        is_born_alike = self.geboortedatum is True or kind is PersonKind.LEERKRACHT
        needs_achternaam = self.by_initial or kind is PersonKind.LEERKRACHT
        return bool(self.roepnaam) and is_born_alike and (self.achternaam is True or not needs_achternaam)

    @property
    def is_alike(self) -> bool:
        """Whether at least two parts agree and none differs: what makes two persons one of whom no key says so."""
        parts = (self.roepnaam and not self.by_initial, self.achternaam, self.geboortedatum)
        return not self.differing and sum(part is True for part in parts) > 1

    def is_same(self, kind: PersonKind) -> bool:
        """Return whether it is one person, given that a key or an ECK-iD says so, and not both.

        Of a leerling two of the three parts must agree; when one of them is unknown, the roepnaam decides, unless by
        its first letter alone, else the date, else the achternaam. Of a leerkracht one part that agrees suffices, and
        another achternaam alone is a marriage.
        """
        if kind is PersonKind.LEERKRACHT:
            is_marriage = self.roepnaam is None and self.achternaam is False
            return bool(self.roepnaam or self.achternaam) or is_marriage
        parts = (self.roepnaam, self.geboortedatum, self.achternaam)
        if None not in parts:
            return sum(part is True for part in parts) > 1
        deciding = parts[1:] if self.by_initial and parts[1:] != (None, None) else parts
        return next((part for part in deciding if part is not None), False)


def naming_of(record: Leerling | Leerkracht) -> Naming:
    """Return the naming of a record."""
    roepnaam = given_name(record.roepnaam, record.voornamen, record.voorletters_1)
    return Naming(roepnaam, record.achternaam, record.geboortedatum if isinstance(record, Leerling) else None)


def full_name(record: object) -> str:
    """Return the name of a person as people read it, empty without one; `record` has NAMES as attributes."""
    roepnaam, voornamen, voorletters, voorvoegsel, achternaam = (getattr(record, name) for name in NAMES)
    return " ".join(part for part in (roepnaam or voornamen or voorletters, voorvoegsel, achternaam) if part)


def given_name(roepnaam: str | None, voornamen: str | None, voorletters: str | None) -> str | None:
    """Return the roepnaam, else the first of the voornamen, else the first of the voorletters, such as `J.`."""
    if roepnaam and (roepnaam[0].isalpha() or fold(roepnaam)):
        return roepnaam
    if voornamen and (found := _WORD.search(voornamen)):
        return voornamen[found.start() :].split()[0]
    if voorletters and (found := _WORD.search(voorletters)):
        return found[0][0] + "."
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
    first, second = fold(one.roepnaam), fold(other.roepnaam)
    is_initial = 1 in (len(first), len(second))
    roepnaam = _same(first[:1], second[:1]) if is_initial else _same(first, second)
    return Comparison(
        roepnaam=roepnaam,
        achternaam=_same(fold_achternaam(one.achternaam), fold_achternaam(other.achternaam)),
        geboortedatum=_same(day_of_birth(one.geboortedatum), day_of_birth(other.geboortedatum)),
        by_initial=is_initial and roepnaam is True,
    )


Pair = tuple[str, str, str]
"""Two folded parts of a naming, in the order of its fields; the third one is empty."""


def pairs_of(naming: Naming) -> list[Pair]:
    """Return every two parts that are known."""
    roepnaam, achternaam = fold(naming.roepnaam), fold_achternaam(naming.achternaam)
    born = day_of_birth(naming.geboortedatum)
    pairs = [(roepnaam, "", born), ("", achternaam, born), (roepnaam, achternaam, "")]
    return [pair for pair in pairs if sum(map(bool, pair)) > 1]


def traces_of(naming: Naming) -> list[Pair]:
    """Return pairs by which namesakes are found: any two of them share at least one (`Comparison.is_namesake`)."""
    roepnaam, achternaam = fold(naming.roepnaam), fold_achternaam(naming.achternaam)
    pairs = [(roepnaam, "", day_of_birth(naming.geboortedatum)), (roepnaam[:1], achternaam, "")]
    return [pair for pair in pairs if sum(map(bool, pair)) > 1]


def folded(naming: Naming) -> tuple[str, str, str]:
    """Return every part folded, so that two spellings of one name are equal."""
    return fold(naming.roepnaam), fold_achternaam(naming.achternaam), day_of_birth(naming.geboortedatum)


def whole(naming: Naming) -> tuple[str, str, str] | None:
    """Return every part folded, for a match by name and date; None unless the date and a name are known."""
    roepnaam, achternaam, born = parts = folded(naming)
    return parts if born and (roepnaam or achternaam) else None


def _words(text: str) -> list[str]:
    if text.isascii():
        return _WORD.findall(text.casefold())
    marked = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(one for one in marked if not unicodedata.combining(one)).translate(_LETTERS))


def _same(one: str, other: str) -> bool | None:
    return one == other if one and other else None
