"""Our schema of the answers of UWLR 2.3: that of 2.2, except in how a leerling is identified."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.answers import basis
from support.mutants import GENERAL, LG, mutant, seeded
from support.oracle import amount
from support.reference_writer import render, render_leerkrachten, render_leerlingen, render_structuur
from support.strategies import datasets

from uwlr_adapter.compare.samples import STEPS, step
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.files import contract_file

PREVIOUS = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
ANSWER = etree.XMLSchema(file=str(contract_file("schemas/2.3/antwoord.xsd")))
NS = {"": LG}


def _leerlingen(root: etree._Element) -> list[etree._Element]:
    return root.findall(".//leerlingen/leerling", NS)


def _bases() -> list[etree._Element]:
    """Return an answer with everything, and its leerlingen alone."""
    return [basis(), step(basis(), "leerlingen")]


@settings(max_examples=amount(60, 500), deadline=None)
@given(dataset=datasets(), beside=st.booleans())
def test_random_answers_are_valid(dataset: Dataset, *, beside: bool) -> None:
    """Every dataset is valid for each operation, with and without the keys of leerlingen who have an eckid."""
    for answer in (
        render(dataset, "2.3", key_naast_eckid=beside),
        render_structuur(dataset, "2.3"),
        render_leerlingen(dataset, dataset.leerlingen, "2.3", key_naast_eckid=beside),
        render_leerkrachten(dataset, dataset.leerkrachten, "2.3"),
    ):
        assert ANSWER.validate(etree.fromstring(answer)), ANSWER.error_log


@pytest.mark.parametrize("naam", ["", *STEPS])
def test_the_same_as_2_2_where_leerlingen_have_keys(naam: str) -> None:
    """An answer in which each leerling has a key is judged as in 2.2; one without is refused by 2.2 alone."""
    rng = seeded(f"2.3 {naam}")
    base = step(basis(), naam) if naam else basis()
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for number in range(amount(400, 2000)):
        damaged = mutant(rng, base, GENERAL)
        verdict = PREVIOUS.validate(damaged), ANSWER.validate(damaged)
        if verdict == (False, True):
            assert any(leerling.get("key") is None for leerling in _leerlingen(damaged)), f"mutant {number}"
        assert verdict != (True, False), f"mutant {number}: 2.2 accepts what 2.3 refuses"
        verdicts[verdict] += 1
    assert min(verdicts[True, True], verdicts[False, False]) > 10, "the mutants are all of one kind"


def test_a_leerling_may_lack_a_key() -> None:
    """A leerling needs no key, and several may lack it; 2.2 wants each to have one."""
    for root in _bases():
        for leerling in _leerlingen(root)[:2]:
            del leerling.attrib["key"]
        assert ANSWER.validate(root)
        assert not PREVIOUS.validate(root)


@pytest.mark.parametrize("attribute", ["key", "eckid"])
def test_what_identifies_is_unique(attribute: str) -> None:
    """Two leerlingen with the same key, or with the same eckid, are refused, also where others lack it."""
    for root in _bases():
        first, second, third = _leerlingen(root)
        del second.attrib[attribute]
        third.set(attribute, "new")
        assert ANSWER.validate(root)
        third.set(attribute, first.get(attribute, ""))
        assert not ANSWER.validate(root)


@pytest.mark.parametrize(
    "path", ["leerkrachten/leerkracht", "groepen/groep", "leerling/groep", "vestigingen/vestiging"]
)
def test_all_else_keeps_its_key(path: str) -> None:
    """A leerkracht, a groep, a vestiging and a reference have a key as before."""
    root = basis()
    element = root.find(f".//{path}", NS)
    assert element is not None
    del element.attrib["key"]
    assert not ANSWER.validate(root)
