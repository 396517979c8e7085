"""Getrapt: the part of a dataset that a request by groups asks for. Pure.

Several groups are a union in which nobody occurs twice. A reference without a key asks for those in no group of that
kind (UWLR 2.2, getrapte overdracht). A key that names no group of the school is ignored: the standard says nothing
of it, and a group may have gone since the vendor fetched the structure.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from uwlr_adapter.contract.dataset import Dataset, GroepSoort, Leerkracht, Leerling


class GroepReference(NamedTuple):
    """One group reference of a request; without a key it asks for those in no group of this kind.

    A tuple, since a request may have hundreds, each looked up some times.
    """

    soort: GroepSoort
    key: str | None


def choose(dataset: Dataset, references: Iterable[GroepReference]) -> Dataset:
    """Return the dataset with only the leerlingen and leerkrachten of the asked groups, in their order."""
    asked = frozenset(references)
    return replace(
        dataset,
        leerlingen=tuple(one for one in dataset.leerlingen if not asked.isdisjoint(_of_leerling(one))),
        leerkrachten=tuple(one for one in dataset.leerkrachten if not asked.isdisjoint(_of_leerkracht(one))),
    )


def known(dataset: Dataset) -> frozenset[GroepReference]:
    """Return the references that name a group of this dataset."""
    return frozenset(GroepReference(groep.soort, groep.key) for groep in dataset.groepen)


def references(dataset: Dataset, list_name: str) -> list[set[GroepReference]]:
    """Return the references that each person in a list (`leerlingen` or `leerkrachten`) answers to."""
    if list_name == "leerlingen":
        return [_of_leerling(one) for one in dataset.leerlingen]
    return [_of_leerkracht(one) for one in dataset.leerkrachten]


def _of_leerling(leerling: Leerling) -> set[GroepReference]:
    """Return every reference that this leerling answers to."""
    samengesteld = leerling.samengestelde_groepen or (None,)
    return {
        GroepReference("groep", leerling.groep),
        *(GroepReference("samengestelde_groep", key) for key in samengesteld),
    }


def _of_leerkracht(leerkracht: Leerkracht) -> set[GroepReference]:
    """Return every reference that this leerkracht answers to."""
    own = {GroepReference(groep.soort, groep.key) for groep in leerkracht.groepen}
    kinds = {reference.soort for reference in own}
    without: set[GroepReference] = set()
    if "groep" not in kinds:
        without.add(GroepReference("groep", None))
    if "samengestelde_groep" not in kinds:
        without.add(GroepReference("samengestelde_groep", None))
    return own | without
