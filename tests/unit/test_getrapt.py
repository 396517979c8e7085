"""Getrapt, without a service: which records a request by groups gets, over random schools."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import amount
from support.strategies import datasets

from uwlr_adapter.contract import names, rendered
from uwlr_adapter.contract.answer import AnswerFormat, render_records
from uwlr_adapter.contract.dataset import Dataset, GroepSoort, Leerkracht, Leerling
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.getrapt import GroepReference, choose
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.versions import VERSIONS

KINDS: tuple[GroepSoort, ...] = ("groep", "samengestelde_groep")
STRANGE = "a key that no strategy draws"


def everybody(dataset: Dataset) -> list[GroepReference]:
    """Return a reference to each group, and both without a key."""
    return [
        *(GroepReference(groep.soort, groep.key) for groep in dataset.groepen),
        *(GroepReference(kind, None) for kind in KINDS),
    ]


def leerling_is_asked(leerling: Leerling, question: GroepReference) -> bool:
    """Return whether a reference asks for a leerling."""
    if question.soort == "groep":
        return leerling.groep == question.key
    if question.key is None:
        return len(leerling.samengestelde_groepen) == 0
    return question.key in leerling.samengestelde_groepen


def leerkracht_is_asked(leerkracht: Leerkracht, question: GroepReference) -> bool:
    """Return whether a reference asks for a leerkracht."""
    own = [reference.key for reference in leerkracht.groepen if reference.soort == question.soort]
    return not own if question.key is None else question.key in own


@st.composite
def asked(draw: st.DrawFn) -> tuple[Dataset, list[GroepReference]]:
    """Return a school and references to some of its groups, doubled, keyless or unknown ones among them."""
    dataset = draw(datasets())
    choices = [*everybody(dataset), *(GroepReference(kind, STRANGE) for kind in KINDS)]
    return dataset, draw(st.lists(st.sampled_from(choices), min_size=1, max_size=6))


def count_unknown(dataset: Dataset, references: list[GroepReference]) -> int:
    """Return how many references an answer finds no group for."""
    answer_format = AnswerFormat(names.HAAL_LEERLINGEN, STANDARD["volledig"].in_version("2.2"), "2.2")
    return rendered.make(answer_format, dataset).choose(references).unknown


@given(asked())
@settings(deadline=None, max_examples=amount(50, 150))
def test_several_groups_are_a_union_without_doubles(case: tuple[Dataset, list[GroepReference]]) -> None:
    """A person in any requested group is returned once, in the order of the school; groups stay as they are."""
    dataset, questions = case
    found = choose(dataset, questions)
    leerlingen = [one for one in dataset.leerlingen if any(leerling_is_asked(one, question) for question in questions)]
    leerkrachten = [
        one for one in dataset.leerkrachten if any(leerkracht_is_asked(one, question) for question in questions)
    ]
    assert list(found.leerlingen) == leerlingen
    assert list(found.leerkrachten) == leerkrachten
    assert (found.school, found.groepen, found.locaties) == (dataset.school, dataset.groepen, dataset.locaties)


@given(asked())
@settings(deadline=None, max_examples=amount(40, 100))
def test_an_unknown_key_changes_nothing_and_is_counted(case: tuple[Dataset, list[GroepReference]]) -> None:
    """References to no group of this kind add nobody; a keyless one is never unknown."""
    dataset, questions = case
    known = {(groep.soort, groep.key) for groep in dataset.groepen}
    strange = [
        question for question in questions if question.key is not None and (question.soort, question.key) not in known
    ]
    assert count_unknown(dataset, questions) == len(strange)
    without = [question for question in questions if question not in strange]
    assert choose(dataset, questions) == choose(dataset, without)


@given(datasets())
@settings(deadline=None, max_examples=amount(20, 40))
def test_a_group_is_of_one_kind(dataset: Dataset) -> None:
    """The key of a stamgroep asked for as a samengestelde groep, or the other way round, names no group."""
    other: dict[GroepSoort, GroepSoort] = {"groep": "samengestelde_groep", "samengestelde_groep": "groep"}
    crossed = [GroepReference(other[groep.soort], groep.key) for groep in dataset.groepen]
    assert count_unknown(dataset, crossed) == len(crossed)
    assert choose(dataset, crossed).leerlingen == ()


@given(
    datasets(),
    st.sampled_from(SET_NAMES),
    st.sampled_from(VERSIONS),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=amount(50, 150))
def test_the_three_together_carry_what_the_whole_carries(
    dataset: Dataset,
    naam: str,
    version: str,
    both: bool,  # noqa: FBT001 - drawn
    order: Random,
) -> None:
    """Structuur, leerlingen and leerkrachten over all groups are, byte by byte, the records of the all-in-one."""

    def records(operation: names.Operation, part: Dataset) -> str:
        return render_records(AnswerFormat(operation, STANDARD[naam].in_version(version), version, both), part)

    questions = everybody(dataset)
    order.shuffle(questions)
    part = choose(dataset, questions)
    whole = records(names.HAAL_LEERLINGGEGEVENS, dataset)
    steps = (
        records(names.HAAL_STRUCTUUR, dataset)
        + records(names.HAAL_LEERLINGEN, part)
        + records(names.HAAL_LEERKRACHTEN, part)
    )
    assert steps == whole


@given(datasets())
@settings(deadline=None, max_examples=amount(30, 60))
def test_group_by_group_reaches_everybody(dataset: Dataset) -> None:
    """Whoever asks one group at a time, and then for those in none, has met everybody, each as in the whole."""
    found = [choose(dataset, [question]) for question in everybody(dataset)]
    assert {one for part in found for one in part.leerlingen} == set(dataset.leerlingen)
    assert {one for part in found for one in part.leerkrachten} == set(dataset.leerkrachten)
