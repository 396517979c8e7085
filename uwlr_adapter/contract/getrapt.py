"""Getrapt: the part of a dataset that a request by groups asks for. Pure.

Several groups are a union in which nobody stands twice. A reference without a key asks for those in no group of that
kind (UWLR 2.2, getrapte overdracht). A key that names no group of the school is passed over: the standard says nothing
of it, and a group may have gone since the vendor fetched the structure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from uwlr_adapter.contract.dataset import Dataset, GroepSoort, Leerkracht, Leerling


@dataclass(frozen=True, slots=True)
class GroepVraag:
    """One group reference of a request; without a key it asks for those in no group of this kind."""

    soort: GroepSoort
    key: str | None


def choose(dataset: Dataset, vragen: Iterable[GroepVraag]) -> Dataset:
    """Give the dataset with only the leerlingen and leerkrachten of the asked groups, in their order."""
    asked = frozenset(vragen)
    return replace(
        dataset,
        leerlingen=tuple(one for one in dataset.leerlingen if not asked.isdisjoint(_of_leerling(one))),
        leerkrachten=tuple(one for one in dataset.leerkrachten if not asked.isdisjoint(_of_leerkracht(one))),
    )


def count_unknown(dataset: Dataset, vragen: Iterable[GroepVraag]) -> int:
    """Count the references that name no group of this dataset."""
    groepen = known(dataset)
    return sum(vraag.key is not None and vraag not in groepen for vraag in vragen)


def known(dataset: Dataset) -> frozenset[GroepVraag]:
    """Give the references that name a group of this dataset."""
    return frozenset(GroepVraag(groep.soort, groep.key) for groep in dataset.groepen)


def references(dataset: Dataset, lijst: str) -> list[set[GroepVraag]]:
    """Give for each person in a list (`leerlingen` or `leerkrachten`) the references that it answers to."""
    if lijst == "leerlingen":
        return [_of_leerling(one) for one in dataset.leerlingen]
    return [_of_leerkracht(one) for one in dataset.leerkrachten]


def _of_leerling(leerling: Leerling) -> set[GroepVraag]:
    """Give every reference that this leerling answers to."""
    samengesteld = leerling.samengestelde_groepen or (None,)
    return {GroepVraag("groep", leerling.groep), *(GroepVraag("samengestelde_groep", key) for key in samengesteld)}


def _of_leerkracht(leerkracht: Leerkracht) -> set[GroepVraag]:
    """Give every reference that this leerkracht answers to."""
    own = {GroepVraag(groep.soort, groep.key) for groep in leerkracht.groepen}
    soorten = {vraag.soort for vraag in own}
    without: set[GroepVraag] = set()
    if "groep" not in soorten:
        without.add(GroepVraag("groep", None))
    if "samengestelde_groep" not in soorten:
        without.add(GroepVraag("samengestelde_groep", None))
    return own | without
