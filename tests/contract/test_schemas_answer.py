"""Our schema of the answers against the published one: the same verdicts, but for keys and the schooljaar."""

from collections import Counter
from collections.abc import Callable

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.answers import basis
from support.mutants import GENERAL, LG, XSD, every_single_change, mutant, seeded
from support.oracle import amount, needs_standard, published, published_codes, published_later
from support.reference_writer import render, render_leerkrachten, render_leerlingen, render_structuur
from support.strategies import codes, datasets

from uwlr_adapter.compare.samples import FORMS, STEPS, step
from uwlr_adapter.compare.samples import answer as vol
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling, Rol, School
from uwlr_adapter.contract.files import contract_file

ANSWER = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
Damage = Callable[[etree._Element], None]  # noqa: SLF001 - lxml has no other name for it


def broken_rules() -> set[str]:
    """Return the names of the rules that the last answer judged by ours breaks."""
    return {entry.type_name for entry in ANSWER.error_log}  # type: ignore[attr-defined] # the stubs leave it out


def judge(root: etree._Element, context: str) -> bool:
    """Return our verdict; it is the published one, or keys are the only reason why it is not."""
    later = published_later().validate(root)
    if ANSWER.validate(root):
        assert later, f"{context}: ours accepts what the published schema refuses"
        return True
    if later:
        assert broken_rules() == {"SCHEMAV_CVC_IDC"}, f"{context}: ours is stricter"
    return False


def answers(dataset: Dataset, xsdversie: str = "2.2") -> list[etree._Element]:
    """Return the four answers that carry a dataset."""
    rendered = (
        render(dataset, xsdversie),
        render_structuur(dataset, xsdversie),
        render_leerlingen(dataset, dataset.leerlingen, xsdversie),
        render_leerkrachten(dataset, dataset.leerkrachten, xsdversie),
    )
    return [etree.fromstring(answer) for answer in rendered]


@needs_standard
@settings(max_examples=amount(60, 500), deadline=None)
@given(dataset=datasets(), xsdversie=st.sampled_from(["2.1", "2.2"]))
def test_random_answers_are_valid(dataset: Dataset, xsdversie: str) -> None:
    """Every dataset with unique keys and sound references is valid, for each operation, by ours and as published."""
    for root in answers(dataset, xsdversie):
        assert judge(root, etree.QName(root).localname)


@needs_standard
def test_every_code_is_valid() -> None:
    """A school with every jaargroep, land and rol is valid, for each operation, by ours and as published."""
    groepen = tuple(Groep("groep", f"g{code}", code, jaargroep=code) for code in codes("Jaargroep"))
    leerlingen = tuple(Leerling(f"l{land}", roepnaam="Bo", land=land) for land in codes("Land"))
    leerkrachten = tuple(Leerkracht(f"d{rol}", roepnaam="Evi", rollen=(Rol("rol", rol),)) for rol in codes("Rol"))
    school = School("2026-2027", "2026-09-01", "21QW", "00", None, "2026-09-01T10:00:00+02:00")
    for root in answers(Dataset(school, (), groepen, leerlingen, leerkrachten)):
        assert judge(root, etree.QName(root).localname)


@needs_standard
@settings(max_examples=amount(40, 500), deadline=None)
@given(dataset=datasets(years=st.sampled_from(["1991-1992", "2012-2013", "2024-2025"])))
def test_answers_of_listed_years_are_valid_as_published(dataset: Dataset) -> None:
    """An answer for a schooljaar of the published list is valid by the published schema as it is."""
    assert all(published().validate(root) for root in answers(dataset))


@needs_standard
@settings(max_examples=amount(60, 500), deadline=None)
@given(dataset=datasets(), seed=st.integers(0, 2**32))
def test_mutants_of_random_answers(dataset: Dataset, seed: int) -> None:
    """The published schema accepts whatever ours accepts; a message that only ours refuses has an error in its keys."""
    rng = seeded(str(seed))
    for root in answers(dataset):
        judge(mutant(rng, root, GENERAL), f"seed {seed}")


@needs_standard
@pytest.mark.parametrize("name", FORMS)
def test_every_single_change(name: str) -> None:
    """Whatever one element or attribute becomes, ours and the published schema agree, but for keys."""
    whole = vol(name)
    assert judge(whole, "unchanged")
    for done in every_single_change(whole):
        judge(whole, done)
    assert judge(whole, "all undone")


@needs_standard
@pytest.mark.parametrize("naam", ["", *STEPS])
def test_seeded_mutants(naam: str) -> None:
    """The same, with damage that is the same in every run and of which a fair part is still valid."""
    rng = seeded(f"antwoord {naam}")
    base = step(basis(), naam) if naam else basis()
    verdicts = Counter(judge(mutant(rng, base, GENERAL), f"mutant {number}") for number in range(amount(400, 2000)))
    assert min(verdicts[True], verdicts[False]) > 10, "the mutants are all of one kind"


def _set(path: str, name: str, value: str) -> Damage:
    def change(root: etree._Element) -> None:
        element = root.find(path, {"": LG})
        assert element is not None
        element.set(name, value)

    return change


_KEY_ERRORS: dict[str, Damage] = {
    "two groepen with one key": _set(".//groepen/groep[2]", "key", "g1"),
    "two samengestelde groepen with one key": _set(".//groepen/samengestelde_groep[2]", "key", "s1"),
    "groep and samengestelde groep with one key": _set(".//groepen/samengestelde_groep[2]", "key", "g2"),
    "two vestigingen with one key": _set(".//vestigingen/vestiging[2]", "key", "v1"),
    "two leerlingen with one key": _set(".//leerlingen/leerling[3]", "key", "1"),
    "two leerlingen with one eckid": _set(".//leerlingen/leerling[3]", "eckid", "e1"),
    "two leerkrachten with one key": _set(".//leerkrachten/leerkracht[2]", "key", "1"),
    "two leerkrachten with one eckid": _set(".//leerkrachten/leerkracht[2]", "eckid", "e1"),
}
_REFERENCE_ERRORS: dict[str, Damage] = {
    "leerling in an unknown groep": _set(".//leerling/groep", "key", "g9"),
    "leerling in a samengestelde groep as groep": _set(".//leerling/groep", "key", "s1"),
    "leerling in an unknown samengestelde groep": _set(".//leerling//samengestelde_groep", "key", "s9"),
    "leerling in a groep as samengestelde groep": _set(".//leerling//samengestelde_groep", "key", "g1"),
    "leerling at an unknown vestiging": _set(".//leerling/vestiging", "key", "v9"),
    "leerkracht of an unknown groep": _set(".//leerkracht/groepen/groep", "key", "g9"),
    "leerkracht of a samengestelde groep as groep": _set(".//leerkracht/groepen/groep", "key", "s1"),
    "leerkracht of an unknown samengestelde groep": _set(".//leerkracht/groepen/samengestelde_groep", "key", "s9"),
    "leerkracht of a groep as samengestelde groep": _set(".//leerkracht/groepen/samengestelde_groep", "key", "g1"),
}
_KEY_ERRORS_BY_STEP = [
    *(("structuur", error) for error in list(_KEY_ERRORS)[:4]),
    *(("leerlingen", error) for error in list(_KEY_ERRORS)[4:6]),
    *(("leerkrachten", error) for error in list(_KEY_ERRORS)[6:]),
]


@pytest.mark.parametrize("error", [*_KEY_ERRORS, *_REFERENCE_ERRORS])
def test_keys_and_references(error: str) -> None:
    """A doubled key or eckid and a dangling reference are refused, for that reason alone."""
    root = basis()
    assert ANSWER.validate(root)
    (_KEY_ERRORS | _REFERENCE_ERRORS)[error](root)
    assert not ANSWER.validate(root)
    assert broken_rules() == {"SCHEMAV_CVC_IDC"}


@needs_standard
@pytest.mark.parametrize("error", [*_KEY_ERRORS, *_REFERENCE_ERRORS])
def test_keys_and_references_are_inert_as_published(error: str) -> None:
    """The published schema accepts every one of them, which is why ours must not."""
    root = basis()
    (_KEY_ERRORS | _REFERENCE_ERRORS)[error](root)
    assert published().validate(root)


@pytest.mark.parametrize(("naam", "error"), _KEY_ERRORS_BY_STEP)
def test_keys_in_steps(naam: str, error: str) -> None:
    """An answer in steps holds to the keys and eckids of what it carries."""
    root = basis()
    assert ANSWER.validate(step(root, naam))
    _KEY_ERRORS[error](root)
    assert not ANSWER.validate(step(root, naam))


@pytest.mark.parametrize("error", _REFERENCE_ERRORS)
def test_references_in_steps(error: str) -> None:
    """An answer in steps may refer to groups and vestigingen, which travel in another answer."""
    root = basis()
    _REFERENCE_ERRORS[error](root)
    assert all(ANSWER.validate(step(root, naam)) for naam in STEPS)


def test_leerling_and_leerkracht_may_share() -> None:
    """The keys and eckids of leerlingen say nothing about those of leerkrachten: the basis shares both."""
    assert ANSWER.validate(basis())


@pytest.mark.parametrize(
    ("schooljaar", "valid"),
    [
        ("1990-1991", False),
        ("1991-1992", True),
        ("2024-2025", True),
        ("2026-2027", True),
        ("2099-2100", True),
        ("2100-2101", False),
        ("2026-2028", False),
        ("2026-2026", False),
        ("2026-2027 ", False),
        ("", False),
    ],
)
def test_schooljaar(schooljaar: str, *, valid: bool) -> None:
    """A schooljaar is two following years, from the first of the published list up to 2099-2100."""
    root = basis()
    root[0][0][0].text = schooljaar
    assert ANSWER.validate(root) == valid


@pytest.mark.parametrize("root", ["leerlinggegevens_antwoord", *(f"{naam}_antwoord" for naam in STEPS)])
@pytest.mark.parametrize(
    ("children", "valid"),
    [
        ("<geenwijzigingen/>", True),
        ("<geengegevens/>", True),
        ("<geengegevens></geengegevens>", True),
        ("", False),
        ("<geengegevens/><geengegevens/>", False),
        ("<geengegevens/><geenwijzigingen/>", False),
        ("<geengegevens>x</geengegevens>", False),
        ("<geengegevens> </geengegevens>", False),
        ('<geenwijzigingen sinds="2026"/>', False),
        ("<geenwijzigingen><school/></geenwijzigingen>", False),
        ("geengegevens", False),
    ],
)
def test_outcomes(root: str, children: str, *, valid: bool) -> None:
    """Each answer has exactly one child, and one without data is strictly empty."""
    assert ANSWER.validate(etree.fromstring(f'<{root} xmlns="{LG}">{children}</{root}>')) == valid


@pytest.mark.parametrize("part", ["school", "vestigingen", "groepen", "leerlingen", "leerling", "leerkracht"])
def test_no_toevoegingen(part: str) -> None:
    """A block of a supplier has no place in an answer."""
    root = basis()
    element = root.find(f".//{{{LG}}}{part}")
    assert element is not None
    etree.SubElement(element, f"{{{LG}}}toevoegingen")
    assert not ANSWER.validate(root)


@needs_standard
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Jaargroep", "EDEXJaargroepType"),
        ("Land", "EDEXLandType"),
        ("Rol", "EDEXLeerkrachtRolType"),
        ("Etniciteit", "EDEXEtniciteitType"),
        ("Gewicht", "EDEXLrlGewichtType"),
        ("GewichtNieuw", "EDEXLrlGewichtNieuwType"),
    ],
)
def test_code_lists(ours: str, theirs: str) -> None:
    """A code list holds the published codes, each once."""
    found = codes(ours)
    assert len(found) == len(set(found))
    assert set(found) == published_codes(theirs)


@pytest.mark.parametrize("version", ["2.2", "2.3"])
def test_explained_the_same_by_xmlschema(version: str) -> None:
    """A second implementation of XML Schema, which explains findings elsewhere, comes to the same verdicts."""
    path = str(contract_file(f"schemas/{version}/antwoord.xsd"))
    first, second = etree.XMLSchema(file=path), xmlschema.XMLSchema10(path)
    rng = seeded("xmlschema")
    damaged = [mutant(rng, basis(), GENERAL) for _ in range(amount(60, 400))]
    for error in (_KEY_ERRORS | _REFERENCE_ERRORS).values():
        root = basis()
        error(root)
        damaged += [root, *(step(root, naam) for naam in STEPS)]
    verdicts = Counter[bool]()
    for number, root in enumerate([basis(), *damaged]):
        ours = first.validate(root)
        assert second.is_valid(etree.tostring(root, encoding="unicode")) == ours, f"{number}: libxml2 says {ours}"
        verdicts[ours] += 1
    assert verdicts[True] > 3


@pytest.mark.parametrize("version", ["2.2", "2.3"])
def test_shape_of_the_schema(version: str) -> None:
    """The four answers are the only roots, no xs:group is used, and every path carries a prefix."""
    files = [contract_file(f"schemas/{version}/antwoord.xsd"), contract_file("schemas/2.2/delen.xsd")]
    trees = [etree.parse(str(path)) for path in files]
    roots = [element.get("name") for tree in trees for element in tree.getroot().findall(f"{{{XSD}}}element")]
    assert sorted(map(str, roots)) == sorted(["leerlinggegevens_antwoord", *(f"{naam}_antwoord" for naam in STEPS)])
    assert not [group for tree in trees for group in tree.iter(f"{{{XSD}}}group")]
    paths = [selector.get("xpath", "") for tree in trees for selector in tree.iter(f"{{{XSD}}}selector")]
    steps = [step for path in paths for step in path.replace("|", "/").split("/")]
    assert all(step.startswith("lg:") for step in steps)
