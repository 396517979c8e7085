"""Our schemas of results against the published ones, verdict by verdict, and the reader against both."""

import random
from collections import Counter
from functools import cache

import pytest
import xmlschema
from lxml import etree
from support.mutants import mutant, seeded
from support.oracle import amount, needs_standard, standard_file
from support.result_messages import LR, OSO, SAMPLES, body_of, enveloped, full, manifest, sample
from support.result_mutants import DAMAGES

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.contract.leerresultaten.schema import BEVESTIGING_SCHEMA, DEFINITIES_SCHEMA, VERZOEK_SCHEMA, errors

NUMBER = amount(600, 6000)
"""Mutants of requests."""
FOLDER = "uwlr-2.2/Schemas/"
TD = "http://www.edustandaard.nl/leerresultaten/2/toetsdefinities"
VERZOEK, BEVESTIGING, DEFINITIES = (
    etree.XMLSchema(file=str(contract_file(name))) for name in (VERZOEK_SCHEMA, BEVESTIGING_SCHEMA, DEFINITIES_SCHEMA)
)


@cache
def published(name: str = "Leerresultaten") -> etree.XMLSchema:
    """Return a published schema."""
    return etree.XMLSchema(file=str(standard_file(f"{FOLDER}UWLR_{name}_v2p2.xsd")))


def bases() -> list[etree._Element]:
    """Return the valid requests of which mutants are made."""
    files = [one.file for one in manifest() if one.file.startswith("valid/")]
    return [full(), *(body_of(sample(file)) for file in files)]


def mutants(name: str, number: int) -> list[etree._Element]:
    """Return so many damaged requests, the same in every run."""
    rng, whole = seeded(name), bases()
    return [mutant(rng, rng.choice(whole), DAMAGES) for _ in range(number)]


@needs_standard
def test_same_verdict_on_mutants() -> None:
    """A damaged request is accepted by ours exactly when the published schema accepts it, xsi:type included."""
    verdicts: Counter[bool] = Counter()
    for number, damaged in enumerate(mutants("resultaten", NUMBER)):
        if etree.QName(damaged).localname == "leerresultaten_bevestiging":
            continue
        wanted = published().validate(damaged)
        assert VERZOEK.validate(damaged) == wanted, f"mutant {number}: the published schema says {wanted}"
        verdicts[wanted] += 1
    assert min(verdicts[True], verdicts[False]) > NUMBER // 10, "the mutants are all of one kind"


@needs_standard
def test_xmlschema_agrees() -> None:
    """A second validator has the same verdict by our schema as libxml2 by the published one.

    It differs from libxml2 in what is passed over here: digits of other scripts in a number, text that is no URI, and
    comments and instructions in a value.
    """
    second = xmlschema.XMLSchema10(str(contract_file(VERZOEK_SCHEMA)))
    tried = 0
    for number, damaged in enumerate(mutants("tweede", amount(80, 600))):
        etree.strip_tags(damaged, etree.Comment, etree.PI)
        text = etree.tostring(damaged, encoding="unicode")
        if any(odd in text for odd in ("٥", "٠", "vocabulaire", "XMLSchema-instance")):
            continue
        assert second.is_valid(damaged) == published().validate(damaged), f"mutant {number}"
        tried += 1
    assert tried > amount(80, 600) // 3


def test_second_validators_compile_ours() -> None:
    """Each of our schemas is one of XSD 1.0 and of XSD 1.1, so that every toolkit reads it."""
    for name in (VERZOEK_SCHEMA, BEVESTIGING_SCHEMA, DEFINITIES_SCHEMA):
        xmlschema.XMLSchema10(str(contract_file(name)))
        xmlschema.XMLSchema11(str(contract_file(name)))


@needs_standard
@pytest.mark.parametrize("one", manifest(), ids=lambda one: one.file)
def test_same_verdict_on_samples(one: object) -> None:
    """Ours and the published schema agree on every sample."""
    file = str(one.file)  # type: ignore[attr-defined] # a line of the manifest
    body = body_of(sample(file))
    assert VERZOEK.validate(body) == published().validate(body)


@needs_standard
@pytest.mark.parametrize("content", ["", " ", "\n", "x", "<x/>", "<!-- x -->"])
@pytest.mark.parametrize("attribute", ["", ' key="1"', ' xmlns:t="urn:x"'])
def test_same_verdict_on_confirmations(content: str, attribute: str) -> None:
    """A confirmation is empty: ours and the published schema agree on what may stand in it."""
    element = etree.fromstring(
        f'<leerresultaten_bevestiging xmlns="{LR}"{attribute}>{content}</leerresultaten_bevestiging>'
    )
    assert BEVESTIGING.validate(element) == published().validate(element)


@needs_standard
def test_same_verdict_on_definitions() -> None:
    """Definitions by themselves are judged as the published schema judges them, a toetscode that stands twice too."""
    rng = seeded("definities")
    sample_root = etree.fromstring((SAMPLES / "valid" / "toetsdefinities.xml").read_bytes())
    whole = etree.Element(f"{{{TD}}}Toetsdefinities")
    whole.extend(full().findall(f"{{{LR}}}toetsen"))
    assert DEFINITIES.validate(sample_root)
    assert DEFINITIES.validate(etree.fromstring(etree.tostring(whole)))
    verdicts: Counter[bool] = Counter()
    for number in range(amount(150, 1500)):
        damaged = mutant(rng, rng.choice([whole, sample_root]), DAMAGES)
        wanted = published("Toetsdefinities").validate(damaged)
        if etree.QName(damaged).localname == "Toetsdefinities":
            assert DEFINITIES.validate(damaged) == wanted, f"mutant {number}"
            verdicts[wanted] += 1
    assert min(verdicts.values()) > 10


def test_the_reader_is_as_strict_as_the_schema() -> None:
    """A strict caller gets its message taken exactly when the schema takes it, or is told one of our own rules.

    Our own rules refuse what is larger than we read, a year that no calendar has, an unknown version, an instruction,
    and a message that contradicts itself. White space around a date is folded first, as XSD has it: libxml2 does not.
    """
    outcomes: Counter[str] = Counter()
    for number, damaged in enumerate(mutants("lezer", amount(500, 5000))):
        outcome = outcome_of(damaged)
        for one in damaged.iter(f"{{{LR}}}afnamedatum", f"{{{LR}}}aanmaakdatum"):
            one.text = one.text and one.text.strip(" \t\r\n")
        valid = VERZOEK.validate(damaged)
        if not valid:
            assert outcome != "taken", f"mutant {number}: the schema refuses what was taken"
            assert outcome in {"Client.OngeldigBericht", "Client.ScoreOngeldig", "Client.ToetsNormeringOngeldig"} or (
                outcome == "Client.XsdVersieOngeldig"
            )
        elif outcome != "taken":
            outcomes["our own rule"] += 1
            assert is_our_own(damaged), f"mutant {number}: {outcome} for what the schema takes"
        outcomes[outcome] += 1
    assert outcomes["taken"] > 50
    assert len(outcomes) > 4


def outcome_of(body: etree._Element) -> str:
    """Return what a strict caller gets for a request: taken, or the code of a fault."""
    try:
        judge(read(enveloped(etree.tostring(body, encoding="unicode")), strict=True))
    except fault.Fault as refused:
        return refused.code
    return "taken"


def is_our_own(body: etree._Element) -> bool:
    """Return whether a valid request is refused by a rule of ours: written without the code under test."""
    texts = [one.text or "" for one in body.iter(etree.Element)]
    texts += [one.get("niveau", "") for one in body.iter(f"{{{LR}}}ingang")]
    first, second = (body.findtext(f"{{{LR}}}school/{{{LR}}}schooljaar") or "").split("-")
    return (
        any(True for _ in body.iter(etree.PI))
        or any(_is_large(text.strip()) for text in texts)
        or any(len(one.text or "") > 256 for one in body.iter(f"{{{OSO}}}*"))
        or body.findtext(f"{{{LR}}}school/{{{LR}}}xsdversie") not in {"2.1", "2.2", "2.3"}
        or int(second) != int(first) + 1
        or _contradicts(body)
    )


def _is_large(text: str) -> bool:
    """Return whether a text is a number or a year that is larger than we read."""
    digits = text.lstrip("+-")
    return (
        (digits.isdigit() and len(digits.lstrip("0")) > 18)
        or (len(text) > 40 and text.strip("0123456789.+-") == "")
        or text.startswith(("12026-", "-2026-", "9999-12-31T24"))
    )


def _contradicts(body: etree._Element) -> bool:
    """Return whether a valid request names a part or a versie that its toets does not have, or defines a part twice."""
    toetsen = {one.findtext(f"{{{LR}}}toetscode"): one for one in body.iterfind(f"{{{LR}}}toetsen/{{{LR}}}toets")}
    parts = {
        code: [one.text for one in toets.iterfind(f".//{{{LR}}}toetsonderdeel/{{{LR}}}toetsonderdeelcode")]
        for code, toets in toetsen.items()
    }
    if any(len(set(codes)) < len(codes) for codes in parts.values()):
        return True
    for one in body.iterfind(f".//{{{LR}}}resultaat"):
        code, part = one.findtext(f"{{{LR}}}toetscode"), one.findtext(f"{{{LR}}}toetsonderdeelcode")
        mine, its = one.findtext(f"{{{LR}}}versie"), toetsen[code].findtext(f"{{{LR}}}versie")
        if (part is not None and part not in parts[code]) or (mine is not None and its is not None and mine != its):
            return True
    return False


def test_the_stream_has_the_verdict_of_the_tree() -> None:
    """The schema has one verdict on a request, whether it judges the tree or a stream of it."""
    for number, damaged in enumerate(mutants("stroom", amount(200, 2000))):
        assert (errors(damaged) == []) == VERZOEK.validate(damaged), f"mutant {number}"


def test_mutants_are_the_same_in_every_run() -> None:
    """A mutant that fails can be made again by its number."""
    first, second = (etree.tostring(mutant(random.Random("x"), full(), DAMAGES)) for _ in range(2))  # noqa: S311 - no secret
    assert first == second
