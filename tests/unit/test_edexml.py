"""The EDEXML reader: every file of the corpus gets its verdict, at its line, and nothing is said twice or lost."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from lxml import etree
from support.edexml_files import CORPUS, EdexmlCase, make_dataset, read_manifest, to_edexml
from support.stored import stored
from support.strategies import datasets

from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem, Severity
from uwlr_adapter.administratie.sources import keys
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.administratie.sources.edexml.judge import REASONS
from uwlr_adapter.contract import schemas
from uwlr_adapter.contract.dataset import Dataset, Leerling
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.xml import FILE

CASES = read_manifest()


def _of(naam: str) -> Delivery:
    return edexml.read((CORPUS / naam).read_bytes())


def _says(problems: tuple[Problem, ...], case: EdexmlCase, severity: Severity) -> bool:
    return any(
        problem.severity is severity
        and case.line in {"-", str(problem.line)}
        and case.element in {"-", problem.element}
        and case.reason in problem.reason
        for problem in problems
    )


def test_the_corpus_and_its_manifest_name_the_same_files() -> None:
    """No file of the corpus goes unjudged, and none is missing."""
    assert {case.naam for case in CASES} == {path.name for path in CORPUS.glob("*.xml")}


@pytest.mark.parametrize("case", [one for one in CASES if one.verdict == "taken"], ids=lambda one: one.naam)
def test_a_file_that_can_be_taken_is_taken_with_its_one_warning(case: EdexmlCase) -> None:
    """A value that UWLR cannot carry leads to one warning with line, element and reason; a sound file leads to none."""
    delivery = edexml.read(case.data)
    assert [one.record.key for one in delivery.leerlingen] == ["101", "102"]
    if case.reason == "-":
        assert delivery.warnings == ()
    else:
        assert _says(delivery.warnings, case, Severity.WARNING), delivery.warnings


@pytest.mark.parametrize("case", [one for one in CASES if one.verdict == "refused"], ids=lambda one: one.naam)
def test_a_file_that_cannot_be_taken_is_refused_with_its_reason(case: EdexmlCase) -> None:
    """A file that breaks what cannot be missed is refused, with line, element and reason."""
    with pytest.raises(ImportRefusedError) as caught:
        edexml.read(case.data)
    assert _says(caught.value.problems, case, Severity.REFUSED), caught.value.problems


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.naam)
def test_no_problem_shows_a_value_of_the_file(case: EdexmlCase) -> None:
    """Names, keys, ECK-iDs and numbers of the file stand in no reason."""
    try:
        problems = edexml.read(case.data).warnings
    except ImportRefusedError as error:
        problems = error.problems
    said = " ".join(f"{problem.element} {problem.reason}" for problem in problems)
    for value in ("Zonneveld", "Zoë", "Ole", "1234", "van den", "201703", "id.school", "ZZ", "kat", "UU", "123456782"):
        assert value not in said


def test_numbers_of_the_bsn_family_are_dropped_and_counted() -> None:
    """Of the national numbers only a count is left; the last four digits are a field of their own and stay."""
    delivery = _of("bsn.xml")
    assert delivery.dropped == {"bsn": 1, "sofinummer": 1}
    assert delivery.leerlingen[1].record.bsn_ondwnr_4 == "6782"
    assert "123456782" not in repr(delivery)


def test_the_example_of_the_corpus_is_read_field_by_field() -> None:
    """A leerling and a leerkracht hold what their elements say, keys and references included."""
    delivery = _of("versie-2.1.xml")
    assert delivery.school.brin6 == "21QW00"
    assert delivery.school.schoolkey == "school-21"
    assert delivery.leerlingen[0].record == Leerling(
        key="101",
        eckid="https://ketenid.nl/201703/a1",
        achternaam="Zonneveld",
        voorvoegsel="van",
        roepnaam="Zoë",
        jaargroep="3",
        groep="g3",
        samengestelde_groepen=("plus",),
        vestiging="N",
        postcodenl="1234AB",
        instroomdatum="2025-08-01",
    )
    (leerkracht,) = delivery.leerkrachten
    assert [(rol.soort, rol.waarde) for rol in leerkracht.record.rollen] == [("rol", "KLA")]
    assert leerkracht.record.groepen[0].rollen[0].waarde == "Maandag"


@pytest.mark.parametrize("naam", ["volgorde.xml", "windows-1252.xml", "utf-16.xml", "witruimte-om-keys.xml"])
def test_the_form_of_a_file_changes_nothing_of_what_it_says(naam: str) -> None:
    """Order of elements, encoding and white space around keys make no difference to the records."""
    plain, other = _of("versie-2.1.xml"), _of(naam)
    assert [one.record for one in other.leerlingen] == [one.record for one in plain.leerlingen]
    assert [one.record for one in other.leerkrachten] == [one.record for one in plain.leerkrachten]
    assert [one.record for one in other.groepen] == [one.record for one in plain.groepen]


def test_an_absent_dependancecode_is_00() -> None:
    """A brincode alone means its main vestiging, never all of them."""
    assert _of("versie-1.03.xml").school.brin6 == "21QW00"


def test_a_broken_field_takes_only_itself_along() -> None:
    """A leerling whose voorvoegsel is too long comes in without it, and with everything else."""
    plain, other = _of("versie-2.1.xml"), _of("voorvoegsel-te-lang.xml")
    assert other.leerlingen[0].record.voorvoegsel is None
    assert other.leerlingen[0].record.postcodenl == plain.leerlingen[0].record.postcodenl


def test_every_doubled_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with several doubled keys is refused with all of them at once, before the XSD sees it."""
    monkeypatch.setattr(schemas.Schema, "findings", None)
    leerlingen = [Leerling(key=key, roepnaam="Bo") for key in ("1", "1", "2", "2")]
    with pytest.raises(ImportRefusedError) as caught:
        edexml.read(to_edexml(make_dataset(leerlingen)))
    first, second = caught.value.problems
    assert (first.reason, second.reason) == ("the same key as line 12", "the same key as line 18")
    assert (first.line, second.line) == (15, 21)


def test_many_broken_fields_are_all_left_out() -> None:
    """The reader goes on until nothing is left that breaks UWLR, however many fields that takes."""
    leerlingen = [
        Leerling(key=str(number), roepnaam="Bo", land="XX", geslacht="7", postcodenl="1", fotourl="f" * 300)
        for number in range(60)
    ]
    delivery = edexml.read(to_edexml(make_dataset(leerlingen)))
    assert len(delivery.warnings) == 240
    assert {one.record.land for one in delivery.leerlingen} == {None}


@given(datasets())
@settings(max_examples=60, deadline=None)
def test_a_file_of_any_dataset_is_read_back(dataset: Dataset) -> None:
    """The records hold the values of a valid file, one by one, as the rules for texts and dates leave them."""
    delivery, expected = edexml.read(to_edexml(dataset)), stored(dataset)
    assert tuple(one.record for one in delivery.leerlingen) == expected.leerlingen
    assert tuple(one.record for one in delivery.leerkrachten) == expected.leerkrachten
    assert tuple(one.record for one in delivery.groepen) == expected.groepen
    assert tuple(one.record for one in delivery.locaties) == expected.locaties


def test_the_published_example_is_read_value_by_value() -> None:
    """Every value of the published EDEXML 2.1 example that UWLR carries stands in the records as the file has it."""
    folder = os.environ.get("UWLR_STANDARD")
    if not folder:
        pytest.skip("UWLR_STANDARD does not name the published files")
    data = (Path(folder) / "edexml-2.1" / "EDEXML.Voorbeeld.2.1.xml").read_bytes()
    delivery = edexml.read(data)
    written = etree.fromstring(data).find("leerlingen")
    assert written is not None
    assert len(delivery.leerlingen) == len(written)
    for element, source_records in zip(written, delivery.leerlingen, strict=True):
        values = {field.tag.replace("-", "_"): field.text for field in element if len(field) == 0 and field.text}
        assert values.pop("bsn", None) is None or delivery.dropped == {"bsn": 1}
        assert {naam: getattr(source_records.record, naam) for naam in values} == values
        assert source_records.record.key == element.get("key")
        assert source_records.record.eckid == element.get("eckid")
    assert {warning.element for warning in delivery.warnings} == {
        "groep/toevoegingen",
        "leerling/toevoegingen",
        "leerling/@eckid",
        "leerkracht/@eckid",
        "leerkracht/rol",
    }


@pytest.mark.parametrize("naam", ["instroomdatum", "uitstroomdatum"])
@pytest.mark.parametrize("value", ["01-10-2013", "2013-10-01T25:00:00", "2013-13-01", "gisteren"])
def test_an_enrolment_date_that_cannot_be_read_refuses_the_file(naam: str, value: str) -> None:
    """Left out it would mean open, and somebody who left would be sent."""
    with pytest.raises(ImportRefusedError) as caught:
        edexml.read(_one_leerling(f"<{naam}>{value}</{naam}>"))
    assert caught.value.problems[0].element == f"leerling/{naam}"
    assert value not in str(caught.value)


def test_white_space_around_a_date_is_no_part_of_it() -> None:
    """A pretty-printed date is the date, of enrolment and others alike."""
    delivery = edexml.read(
        _one_leerling("<geboortedatum>\n 2010-01-02 </geboortedatum><uitstroomdatum> 2013-10-01\n</uitstroomdatum>")
    )
    leerling = delivery.leerlingen[0].record
    assert (leerling.geboortedatum, leerling.uitstroomdatum) == ("2010-01-02", "2013-10-01")


def _one_leerling(fields_: str) -> bytes:
    return (
        "<EDEX><school><schooljaar>2014-2015</schooljaar><brincode>21QW</brincode></school>"
        f'<leerlingen><leerling key="1"><roepnaam>Zoë</roepnaam>{fields_}</leerling></leerlingen></EDEX>'
    ).encode()


def test_the_longest_key() -> None:
    """A key of 256 characters is one as any other, and is known again when it stands there twice."""
    longest = Leerling("k" * 256, roepnaam="Bo")
    (leerling,) = edexml.read(to_edexml(make_dataset([longest]))).leerlingen
    assert leerling.record.key == longest.key
    for key, reason in ((longest.key, "the same key as line"), (longest.key + "k", "longer than 256")):
        with pytest.raises(ImportRefusedError) as refused:
            edexml.read(to_edexml(make_dataset([Leerling(key, roepnaam="Bo"), Leerling(key, roepnaam="Cas")])))
        assert all(reason in problem.reason for problem in refused.value.problems)


def test_each_kind_of_error_has_a_sentence_of_its_own() -> None:
    """No error of the XSD is told with the words of another one, or with none."""
    of_messages = {Rule.XML, Rule.CHARSET, Rule.DTD, Rule.INSTRUCTION, Rule.TOO_MUCH, Rule.SOAP, Rule.MUST_UNDERSTAND}
    of_requests_and_answers = {Rule.OPERATION, Rule.VERSION, Rule.IDENTITY}
    assert set(REASONS) == set(Rule) - of_messages - of_requests_and_answers
    assert len(set(REASONS.values())) == len(REASONS)


@pytest.mark.parametrize("naam", ["naam-van-nbsp.xml", "alleen-key.xml", "enige-naam-te-lang.xml"])
def test_a_person_without_a_name_has_none(naam: str) -> None:
    """Nothing stands in for the name: who gets the record must see that there is none."""
    nameless = _of(naam).leerlingen[1].record
    assert (nameless.achternaam, nameless.roepnaam) == (None, None)


def test_marks_at_the_start_do_no_harm() -> None:
    """A byte order mark for each program that a file went through is no part of it."""
    data = (CORPUS / "versie-2.1.xml").read_bytes()
    for marks in range(4):
        assert edexml.read(b"\xef\xbb\xbf" * marks + data) == _of("versie-2.1.xml")


def test_elements_in_another_order_are_put_in_that_of_the_standard() -> None:
    """A record of plain texts only, in which nothing else has to be done, is sorted as well."""
    delivery = edexml.read(_one_leerling("<jaargroep>4</jaargroep><geslacht>2</geslacht><achternaam>Vis</achternaam>"))
    assert delivery.leerlingen[0].record == Leerling("1", achternaam="Vis", roepnaam="Zoë", geslacht="2", jaargroep="4")
    assert delivery.warnings == ()


def test_a_file_that_is_too_large_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was cut off says nothing about its encoding."""
    monkeypatch.setattr(f"{edexml.__name__}.FILE", replace(FILE, octets=len("<EDEX>")))
    with pytest.raises(ImportRefusedError) as refused:
        edexml.read("<EDEX>é".encode()[:-1])
    assert refused.value.problems[0].reason == "larger than 6 bytes"


@pytest.mark.parametrize("key", ["1,2E+11", '="00101"', "#N/A"])
def test_a_key_that_a_spreadsheet_changed_refuses_the_file(key: str) -> None:
    """Whatever made the file: the key at first sight is sent for life."""
    with pytest.raises(ImportRefusedError) as refused:
        edexml.read(to_edexml(make_dataset([Leerling(key, roepnaam="Zoë")])))
    assert [one.element for one in refused.value.problems if one.reason == keys.MANGLED] == ["leerling/@key"]


FILE_OF_ONE = to_edexml(make_dataset([Leerling("1", roepnaam="Zoë")], schoolkey="SK1"))


@pytest.mark.parametrize("key", ["S\ufffdK", "S\u0092K", "1,2E+11"])
def test_a_schoolkey_is_held_to_the_rule_of_every_key(key: str) -> None:
    """It leaves in each answer, so one that is broken refuses the file at its line."""
    data = FILE_OF_ONE.replace(b"SK1", key.encode())
    with pytest.raises(ImportRefusedError) as refused:
        edexml.read(data)
    assert [(one.line, one.element) for one in refused.value.problems] == [(8, "school/schoolkey")]


def test_what_nobody_sees_is_no_part_of_the_school_block() -> None:
    """Spaces without width around the year, the school and its key are no mistake in them."""
    data = FILE_OF_ONE
    for text in ("SK1", "2026-2027", "21QW", "00"):
        data = data.replace(f">{text}<".encode(), f">\u200b{text}\ufeff<".encode())
    read = edexml.read(data)
    assert (read.school.brin6, read.school.schooljaar, read.school.schoolkey) == ("21QW00", "2026-2027", "SK1")
    assert read.warnings == ()


def test_an_aanmaakdatum_that_is_none_is_told_at_its_line() -> None:
    """The warning names the line of the element, not that of the block."""
    (warning,) = edexml.read(FILE_OF_ONE.replace(b"2026-10-01T07:00:00+02:00", b"01-10-2026")).warnings
    assert (warning.line, warning.element) == (9, "school/aanmaakdatum")


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"\n" + FILE_OF_ONE, 2, "white space stands before <?xml"),
        (FILE_OF_ONE + FILE_OF_ONE, 18, "more follows behind </EDEX>"),
        (FILE_OF_ONE.replace("ë".encode(), b"&euml;"), 14, "a name of HTML"),
        (FILE_OF_ONE[: FILE_OF_ONE.index("ë".encode()) + 1], 14, "breaks off inside a character of UTF-8"),
        (b"\xef\xbb\xbf \n", 0, "is empty"),
    ],
    ids=["white space first", "two files", "HTML", "half a character", "a mark alone"],
)
def test_a_file_that_is_no_xml_is_told_what_it_is(data: bytes, line: int, what: str) -> None:
    """The reason says the mistake, so that whoever exports the file knows what to look for."""
    with pytest.raises(ImportRefusedError) as refused:
        edexml.read(data)
    (problem,) = refused.value.problems
    assert problem.line == line
    assert what in problem.reason
