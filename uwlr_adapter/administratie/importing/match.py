"""Who is who: the rows of a source matched with the persons that are known. Pure.

The key that leaves is the source's key at first sight, for life. A row is matched by its source key, else by its
ECK-iD within the brincode, whose new source key becomes an alias. A key that starts with `#` is a dummy (EDEXML,
keys): such a row is matched by ECK-iD only, and a new person gets a key of ours.
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import sha256

from uwlr_adapter.administratie.model import Ernst, Probleem

DUMMY = "#"


@dataclass(frozen=True, slots=True)
class Rij:
    """What one row of a source says of who it is about."""

    regel: int
    key: str
    eckid: str | None


@dataclass(frozen=True, slots=True)
class Bekend:
    """The known persons of one kind and brincode: by source key, by ECK-iD, and the keys that ever left."""

    bij_bronsleutel: Mapping[str, int]
    bij_eckid: Mapping[str, int]
    eckid_van: Mapping[int, str | None]
    keys: AbstractSet[str]
    elders: AbstractSet[int] = frozenset()
    """Persons with records at a vestiging outside the source: another ECK-iD would change theirs too."""
    is_vergeten: Callable[[str, str | None], bool] = lambda _key, _eckid: False
    """Tells whether a key and an ECK-iD are those of somebody who was forgotten."""


@dataclass(frozen=True, slots=True)
class Nieuw:
    """A person seen for the first time; `bronsleutel` is None for a dummy."""

    key: str
    eckid: str | None
    bronsleutel: str | None


@dataclass(slots=True)
class Uitkomst:
    """What the rows come to, in their order: a known person's id, or a new person."""

    personen: list[int | Nieuw] = field(default_factory=list)
    aliassen: dict[str, int] = field(default_factory=dict)
    eckids: dict[int, str] = field(default_factory=dict)
    """New or other ECK-iDs of known persons."""
    problemen: list[Probleem] = field(default_factory=list)


def make_key(rij: Rij, poging: int) -> str:
    """Give a key of ours: 24 characters, within the 30 that every afnemer takes.

    It follows from who the row is about, so that somebody who comes in again after a terugdraaien has the same one.
    """
    return sha256(f"{rij.eckid or rij.key} {poging}".encode("utf-8", "surrogatepass")).hexdigest()[:24]


def match(soort: str, rijen: Iterable[Rij], bekend: Bekend, new_key: Callable[[Rij, int], str] = make_key) -> Uitkomst:
    """Match the rows of one source; those that cannot be taken are problems of weight WEIGERT in the outcome.

    The keys and ECK-iDs of the rows are unique among themselves: the reader saw to that.
    """
    uitkomst = Uitkomst()
    regel_van: dict[int, int] = {}
    taken = set(bekend.keys)
    for rij in rijen:
        is_dummy = rij.key.startswith(DUMMY)
        by_key = None if is_dummy else bekend.bij_bronsleutel.get(rij.key)
        by_eckid = None if rij.eckid is None else bekend.bij_eckid.get(rij.eckid)
        known = by_eckid if by_key is None else by_key
        if bekend.is_vergeten(rij.key, rij.eckid):
            reden = f"was forgotten here: take this {soort} out of the source (or `leerling allow`)"
            _refuse(uitkomst, f"{soort}/@key", rij, reden)
        elif is_dummy and rij.eckid is None:
            _refuse(
                uitkomst, f"{soort}/@key", rij, f"a key that starts with {DUMMY} is no identity, and there is no ECK-iD"
            )
        elif by_key is not None and by_eckid is not None and by_key != by_eckid:
            _refuse(uitkomst, f"{soort}/@eckid", rij, f"its ECK-iD belongs to another {soort}")
        elif known is not None and known in bekend.elders and _changes_eckid(rij, bekend.eckid_van[known]):
            _refuse(
                uitkomst, f"{soort}/@key", rij, f"its key is that of a {soort} with another ECK-iD at another vestiging"
            )
        elif known is None:
            uitkomst.personen.append(_new(rij, taken, new_key, is_dummy=is_dummy))
        elif known in regel_van:
            _refuse(uitkomst, f"{soort}/@key", rij, f"the same {soort} as line {regel_van[known]}")
        else:
            regel_van[known] = rij.regel
            uitkomst.personen.append(known)
            _update(uitkomst, soort, rij, known, bekend, is_alias=by_key is None and not is_dummy)
    return uitkomst


def _new(rij: Rij, taken: set[str], new_key: Callable[[Rij, int], str], *, is_dummy: bool) -> Nieuw:
    key, poging = rij.key, 0
    while is_dummy or key in taken:  # a source may come up with a key that we gave to somebody
        key, is_dummy, poging = new_key(rij, poging), False, poging + 1
    taken.add(key)
    return Nieuw(key=key, eckid=rij.eckid, bronsleutel=None if rij.key.startswith(DUMMY) else rij.key)


def _update(uitkomst: Uitkomst, soort: str, rij: Rij, known: int, bekend: Bekend, *, is_alias: bool) -> None:
    if is_alias:
        uitkomst.aliassen[rij.key] = known
        reden = f"a new key for a {soort} known by ECK-iD, who keeps the key at first sight"
        uitkomst.problemen.append(Probleem(rij.regel, f"{soort}/@key", reden, Ernst.MELDING))
    before = bekend.eckid_van[known]
    if rij.eckid is None and before is not None:
        uitkomst.problemen.append(
            Probleem(rij.regel, f"{soort}/@eckid", "has no ECK-iD any more: keeps the known one", Ernst.MELDING)
        )
    elif rij.eckid is not None and rij.eckid != before:
        uitkomst.eckids[known] = rij.eckid
        if before is not None:
            uitkomst.problemen.append(
                Probleem(rij.regel, f"{soort}/@eckid", "has another ECK-iD than before", Ernst.MELDING)
            )


def _changes_eckid(rij: Rij, before: str | None) -> bool:
    return rij.eckid is not None and before is not None and rij.eckid != before


def _refuse(uitkomst: Uitkomst, element: str, rij: Rij, reden: str) -> None:
    uitkomst.problemen.append(Probleem(rij.regel, element, reden))
