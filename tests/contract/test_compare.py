"""`contract compare`: official files against ours, and every kind of difference in a doctored copy."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.oracle import needs_standard, standard_file

from uwlr_adapter.cli import main
from uwlr_adapter.compare import compare
from uwlr_adapter.compare.model_walk import STATED_SCHOOLJAREN, STATED_TOEVOEGINGEN, Difference
from uwlr_adapter.compare.schema_files import MESSAGES, RESULT_MESSAGES, CompareError, find
from uwlr_adapter.contract.files import contract_file

SCHOOL = "leerlinggegevens_antwoord/leerlinggegevens/school"
LEERLING = "leerlinggegevens_antwoord/leerlinggegevens/leerlingen/leerling"
AFNAME = "leerresultaten_verzoek/toetsafnames/toetsafname"
RESULTAAT = f"{AFNAME}/resultaten/resultaat"
GROEPEN = "leerlinggegevens_antwoord/leerlinggegevens/groepen"


def _published() -> Path:
    return standard_file("uwlr-2.2/Schemas/UWLR_Autorisatie_v2p2.xsd").parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of our schemas of 2.2 somewhere in it, to doctor."""
    shutil.copytree(contract_file("schemas/2.2/antwoord.xsd").parent, tmp_path / "bestanden" / "2.2")
    return tmp_path


@pytest.fixture
def results(copy: Path) -> Path:
    """Return a folder with a copy of our schemas of results beside those of 2.2, to doctor."""
    shutil.copytree(contract_file("schemas/leerresultaten/verzoek.xsd").parent, copy / "bestanden" / "leerresultaten")
    return copy


def _doctor(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / "bestanden" / "2.2" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _compare(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["contract", "compare", *arguments], env={"COLUMNS": "250"})
    return result.exit_code, result.output


@needs_standard
def test_published_files_differ_as_stated() -> None:
    """The published files of 2.2 differ from ours in what we state and in nothing else; the command ends with 0."""
    exit_code, output = _compare(str(_published()))
    assert exit_code == 0, output
    assert "unstated differences: 0" in output
    assert "UWLR_Leerresultaten_v2p2.xsd" in output
    for reason in (STATED_SCHOOLJAREN, STATED_TOEVOEGINGEN, compare.KEYS_HELD):
        assert reason in output


@needs_standard
def test_published_files_are_not_those_of_2_3() -> None:
    """Held against ours of 2.3, the published files of 2.2 want a key of each leerling, which is news."""
    theirs = find(_published(), "2.3")
    news = [diff for diff in compare.compare_models(theirs, "2.3") if not diff.stated]
    assert news == [Difference(f"{LEERLING}/@key", "attribute", "optional", "required")]


@needs_standard
def test_the_main_file_is_found_among_those_of_the_profiles() -> None:
    """Of the files that declare a message, that with all messages is taken, not a profile's copy."""
    found = find(_published(), "2.2")
    names = ("Leerlinggegevens", "Autorisatie", "Leerresultaten", "Toetsdefinities")
    assert [path.name for path in found.paths] == [f"UWLR_{name}_v2p2.xsd" for name in names]
    assert set(found.files) == {*MESSAGES, *RESULT_MESSAGES}


def test_a_copy_of_ours_does_not_differ(copy: Path) -> None:
    """Our own schemas, found in a folder, are the same as ours: models and samples."""
    theirs = find(copy, "2.2")
    assert [path.name for path in theirs.paths] == ["verzoek.xsd", "antwoord.xsd", "autorisatie.xsd"]
    assert compare.compare(theirs, "2.2") == []


def test_a_copy_of_2_3_does_not_differ(tmp_path: Path) -> None:
    """With both versions in one folder, the asked one is taken."""
    shutil.copytree(contract_file("schemas/2.2/antwoord.xsd").parents[1], tmp_path / "schemas")
    theirs = find(tmp_path, "2.3")
    assert theirs.files["leerlingen_antwoord"] == tmp_path / "schemas" / "2.3" / "antwoord.xsd"
    assert compare.compare_models(theirs, "2.3") == []


_JAARGROEP = '<xs:element name="jaargroep" type="Jaargroep"/>'
_NAME = '<xs:element name="naam" type="Tekst64"/>'
DOCTORED = {
    "an element is missing": (
        ("delen.xsd", '<xs:element name="peildatum" type="xs:date" minOccurs="0"/>', ""),
        Difference(f"{SCHOOL}/peildatum", "element", "0..1", "absent"),
    ),
    "an element is added": (
        (
            "delen.xsd",
            '<xs:element name="auteur"',
            '<xs:element name="extra" type="xs:string"/><xs:element name="auteur"',
        ),
        Difference(f"{SCHOOL}/extra", "element", "absent", "1..1"),
    ),
    "an attribute is missing": (
        ("delen.xsd", '<xs:attribute name="eckid" type="Sleutel"/>', ""),
        Difference(f"{LEERLING}/@eckid", "attribute", "optional", "absent"),
    ),
    "an attribute becomes required": (
        (
            "delen.xsd",
            '<xs:attribute name="eckid" type="Sleutel"/>',
            '<xs:attribute name="eckid" type="Sleutel" use="required"/>',
        ),
        Difference(f"{LEERLING}/@eckid", "attribute", "optional", "required"),
    ),
    "an element becomes required": (
        ("delen.xsd", 'name="aanmaakdatum" type="xs:dateTime" minOccurs="0"', 'name="aanmaakdatum" type="xs:dateTime"'),
        Difference(f"{SCHOOL}/aanmaakdatum", "cardinality", "0..1", "1..1"),
    ),
    "an element may repeat": (
        ("delen.xsd", _JAARGROEP, _JAARGROEP.replace("/>", ' maxOccurs="3"/>')),
        Difference(f"{GROEPEN}/groep/jaargroep", "cardinality", "1..1", "1..3"),
    ),
    "two elements change places": (
        ("delen.xsd", f"{_NAME}\n      {_JAARGROEP}", f"{_JAARGROEP}\n      {_NAME}"),
        Difference(f"{GROEPEN}/groep", "order", "refuses jaargroep naam", "accepts jaargroep naam"),
    ),
    "a text may be longer": (
        ("typen.xsd", '<xs:maxLength value="10"/>', '<xs:maxLength value="11"/>'),
        Difference(f"{LEERLING}/voorvoegsel", "facet", "maxLength 10", "maxLength 11"),
    ),
    "a pattern changes": (
        ("typen.xsd", r'<xs:pattern value="\p{Nd}{4}\p{Lu}{2}"/>', r'<xs:pattern value="[0-9]{4}\p{Lu}{2}"/>'),
        Difference(f"{LEERLING}/postcodenl", "facet", r"pattern \p{Nd}{4}\p{Lu}{2}", r"pattern [0-9]{4}\p{Lu}{2}"),
    ),
    "a code is added": (
        ("typen.xsd", '<xs:enumeration value="LRK"/>', '<xs:enumeration value="LRK"/><xs:enumeration value="TAL"/>'),
        Difference(
            "leerlinggegevens_antwoord/leerlinggegevens/leerkrachten/leerkracht/rol",
            "codes",
            "also none",
            "also TAL",
        ),
    ),
    "a schooljaar in the middle is missing": (
        ("typen.xsd", '<xs:enumeration value="2012-2013"/>', ""),
        Difference(f"{SCHOOL}/schooljaar", "codes", "also 2012-2013", "also none"),
    ),
    "a type changes": (
        (
            "delen.xsd",
            '<xs:element name="geboortedatum" type="xs:date"',
            '<xs:element name="geboortedatum" type="xs:dateTime"',
        ),
        Difference(f"{LEERLING}/geboortedatum", "type", "xs:date", "xs:dateTime"),
    ),
    "a text becomes a structure": (
        ("delen.xsd", '<xs:element name="fotourl" type="Tekst256"', '<xs:element name="fotourl" type="Verwijzing"'),
        Difference(f"{LEERLING}/fotourl", "type", "xs:string", "elements or attributes"),
    ),
    "a default changes": (
        ("verzoek.xsd", 'default="00"', ""),
        Difference("leerlinggegevens_verzoek/dependancecode", "element", "default '00'", "default None"),
    ),
    "a message is missing": (
        ("delen.xsd", 'name="structuur_antwoord"', 'name="structuren_antwoord"'),
        Difference("structuur_antwoord", "message", "here", "absent"),
    ),
    "a message is added": (
        (
            "delen.xsd",
            '<xs:element name="structuur_antwoord">',
            '<xs:element name="extra_antwoord"/><xs:element name="structuur_antwoord">',
        ),
        Difference("extra_antwoord", "message", "absent", "here, in antwoord.xsd"),
    ),
    "the header changes": (
        ("autorisatie.xsd", '<xs:maxLength value="64"/>', '<xs:maxLength value="128"/>'),
        Difference("autorisatie/autorisatiesleutel", "facet", "maxLength 64", "maxLength 128"),
    ),
}


NORM = "toetsen/toets/toetsnormering/norm"
DOCTORED_RESULTS = {
    "a score may be a decimal": (
        ("typen.xsd", '<xs:restriction base="xs:nonNegativeInteger"/>', '<xs:restriction base="xs:decimal"/>'),
        Difference(f"{RESULTAAT}/score", "type", "xs:nonNegativeInteger", "xs:decimal"),
    ),
    "a bound changes": (
        ("typen.xsd", '<xs:maxInclusive value="10"/>', '<xs:maxInclusive value="10.5"/>'),
        Difference(
            f"leerresultaten_verzoek/{NORM}/schoolcijfer_vanaf", "facet", "maxInclusive 10", "maxInclusive 10.5"
        ),
    ),
    "a child of OSO is added": (
        ("oso.xsd", '<xs:element name="kwalificatie"', '<xs:element name="meer"/><xs:element name="kwalificatie"'),
        Difference(f"{RESULTAAT}/osoresultaat/referentiescore/meer", "element", "absent", "1..1"),
    ),
    "a leerlingid may be absent": (
        ("verzoek.xsd", 'name="leerlingid" type="tpKey"', 'name="leerlingid" type="tpKey" minOccurs="0"'),
        Difference(f"{AFNAME}/leerlingid", "cardinality", "1..1", "0..1"),
    ),
    "an attribute becomes optional": (
        ("typen.xsd", 'type="xs:integer" use="required"', 'type="xs:integer"'),
        Difference(
            "leerresultaten_verzoek/toetsen/toets/toetshierarchie/ingang/@niveau", "attribute", "required", "optional"
        ),
    ),
    "the confirmation is missing": (
        ("bevestiging.xsd", "leerresultaten_bevestiging", "leerresultaten_antwoord"),
        Difference("leerresultaten_bevestiging", "message", "here", "absent"),
    ),
}


@pytest.mark.parametrize("name", DOCTORED_RESULTS)
def test_each_kind_of_difference_in_results_is_found(results: Path, name: str) -> None:
    """A copy of ours with one change in the schemas of results is told to differ there."""
    (file, old, new), expected = DOCTORED_RESULTS[name]
    _doctor(results, f"../leerresultaten/{file}", old, new)
    found = compare.compare_models(find(results, "2.2"), "2.2")
    assert expected in found, found


def test_a_copy_of_ours_with_results_does_not_differ(results: Path) -> None:
    """With both services in one folder nothing differs, however a bound is written."""
    _doctor(results, "../leerresultaten/typen.xsd", '<xs:maxInclusive value="10"/>', '<xs:maxInclusive value="10.00"/>')
    assert compare.compare_models(find(results, "2.2"), "2.2") == []


def test_a_sample_of_results_tells_what_the_models_hide(results: Path) -> None:
    """A key that is another one is seen by samples alone, and is news: those of results are held to by both."""
    _doctor(results, "../leerresultaten/verzoek.xsd", '<xs:field xpath="@key"/>', '<xs:field xpath="lr:infourl"/>')
    found = list(compare.compare_samples(find(results, "2.2"), "2.2"))
    assert [(diff.path, diff.stated) for diff in found] == [(f"{RESULTAAT}/infourl", "")]


@pytest.mark.parametrize("name", DOCTORED)
def test_each_kind_of_difference_is_found(copy: Path, name: str) -> None:
    """A copy of ours with one change is told to differ there, and the difference is not a stated one."""
    change, expected = DOCTORED[name]
    _doctor(copy, *change)
    assert expected in compare.compare_models(find(copy, "2.2"), "2.2")


def test_one_change_is_one_difference(copy: Path) -> None:
    """A change in a type that many messages share is told once."""
    _doctor(copy, "delen.xsd", '<xs:element name="peildatum" type="xs:date" minOccurs="0"/>', "")
    assert len(compare.compare_models(find(copy, "2.2"), "2.2")) == 1


def test_a_shorter_list_of_schooljaren_is_stated(copy: Path) -> None:
    """A list that ends earlier than ours is no news; that is all the published list does."""
    for year in range(2030, 2100):
        _doctor(copy, "typen.xsd", f'<xs:enumeration value="{year}-{year + 1}"/>', "")
    (found,) = compare.compare_models(find(copy, "2.2"), "2.2")
    assert (found.path, found.kind, found.stated) == (f"{SCHOOL}/schooljaar", "codes", STATED_SCHOOLJAREN)


def test_samples_tell_what_the_models_hide(copy: Path) -> None:
    """A reference that is no longer held to is seen by a sample alone, and stated; a narrower brincode is news."""
    _doctor(copy, "antwoord.xsd", 'xpath="lg:leerlingen/lg:leerling/lg:vestiging"', 'xpath="lg:x"')
    _doctor(copy, "typen.xsd", r'<xs:pattern value="\p{Nd}{2}\p{Lu}{2}"/>', r'<xs:pattern value="[0-9]{2}\p{Lu}{2}"/>')
    found = list(compare.compare_samples(find(copy, "2.2"), "2.2"))
    stated = {diff.path for diff in found if diff.stated == compare.KEYS_HELD}
    assert f"{LEERLING}/vestiging/@key" in stated
    news = [diff for diff in found if not diff.stated]
    assert (f"{SCHOOL}/brincode", "accepts '٢١QW'") in [(diff.path, diff.ours) for diff in news]
    assert all(diff.path.endswith("/school/brincode") for diff in news)


def test_news_ends_with_1(copy: Path) -> None:
    """The command shows a difference that is not stated, and ends with 1."""
    _doctor(copy, "typen.xsd", '<xs:maxLength value="10"/>', '<xs:maxLength value="11"/>')
    exit_code, output = _compare(str(copy))
    assert exit_code == 1
    assert f"{LEERLING}/voorvoegsel" in output
    assert "maxLength 11" in output


def test_a_folder_without_xsds(tmp_path: Path) -> None:
    """A folder without the XSDs, or with broken ones only, is refused in one sentence; the command ends with 2."""
    (tmp_path / "kapot.xsd").write_text("<xs:schema", encoding="utf-8")
    with pytest.raises(CompareError):
        find(tmp_path, "2.2")
    exit_code, output = _compare(str(tmp_path))
    assert exit_code == 2
    assert "no XSDs" in output


def test_xsds_that_do_not_compile(copy: Path) -> None:
    """Files that refer to a type that is nowhere are refused in one sentence."""
    _doctor(copy, "delen.xsd", 'type="Jaargroep"', 'type="Bestaatniet"')
    exit_code, output = _compare(str(copy))
    assert exit_code == 2
    assert "does not compile" in output
