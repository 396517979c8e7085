"""The examples for vendors: made by the service as it is now, valid, importable, and served."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree
from support.example_answers import make
from support.messages import SOAP11
from support.oracle import needs_standard, published_later
from support.wsgi import Reply, call

from uwlr_adapter.cli import main
from uwlr_adapter.client.results_file import judge_results, read_results
from uwlr_adapter.contract import names, versions
from uwlr_adapter.contract.answer import check
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.request import judge, read
from uwlr_adapter.demo import example_files
from uwlr_adapter.demo.example_files import ANSWERS, FAULT_EXAMPLES, FOLDER, OWN_SCHOOL, SENT, ExampleFiles

PREFIX = "/sandbox/voorbeelden"
ANSWER_FILES = sorted(path.relative_to(FOLDER) for path in (FOLDER / ANSWERS).rglob("antwoord.xml"))


def test_the_examples_are_what_the_service_answers_now() -> None:
    """Each file has the bytes that `make examples` writes, and no file is left of an earlier time."""
    made = make()
    stored = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    own = {name for name in stored if name.startswith(f"{OWN_SCHOOL}/")} | {"README.md"}
    assert stored.keys() - own == made.keys()
    assert [name for name, content in made.items() if stored[name] != content] == [], "make examples"


def test_every_version_profile_operation_and_outcome_has_one() -> None:
    """No combination is left out, and each answer has the outcome by which its folder is named."""
    found = set()
    for path in ANSWER_FILES:
        _, version, profiel, operation, outcome, _ = path.parts
        body = etree.parse(str(FOLDER / path)).getroot()[0]
        assert etree.QName(body[0][0]).localname == outcome
        found.add((version, profiel, operation, outcome))
    assert found == {
        (version, profiel.replace(" ", "-"), operation.name, outcome)
        for version in versions.VERSIONS
        for profiel in STANDARD
        for operation in names.OPERATIONS.values()
        for outcome in (operation.payload, "geenwijzigingen", "geengegevens")
    }


def test_every_answer_is_valid_by_our_schema() -> None:
    """And its request is one that needs no repair."""
    for path in ANSWER_FILES:
        version = path.parts[1]
        assert check((FOLDER / path).read_bytes(), version) == [], path
        request = read((FOLDER / path).with_name("verzoek.xml").read_bytes())
        assert (judge(request, "").xsdversie, request.repairs) == (version, ())


@needs_standard
def test_every_answer_is_valid_by_the_published_schema() -> None:
    """Those of 2.1 and 2.2, whose files were published; its list of schooljaren ends before ours."""
    for path in ANSWER_FILES:
        if path.parts[1] != "2.3":
            body = etree.parse(str(FOLDER / path)).getroot()[0]
            assert published_later().validate(body[0]), path


def test_every_fault_is_one() -> None:
    """Each example of a faultcode and of a word that a request gets is a fault of SOAP 1.1."""
    found = 0
    for path in (FOLDER / FAULT_EXAMPLES).rglob("antwoord.xml"):
        if path.with_name("verzoek.xml").exists():
            code = etree.parse(str(path)).getroot().findtext(f".//{{{SOAP11}}}Fault/faultcode") or ""
            assert path.parts[-3] != "faultcode" or code == f"soap:{path.parts[-2]}"
            assert code.startswith("soap:")
            found += 1
    assert found > 20


def test_the_results_are_taken_as_they_are() -> None:
    """The message needs no repair."""
    verdict = judge_results(read_results((FOLDER / SENT / "toets.xml").read_bytes()))
    assert (verdict.fault, verdict.repairs) == (None, ())


def test_no_two_names_differ_in_capitals_only() -> None:
    """The folder can be copied to a disk that takes them for one."""
    found = example_files.names()
    assert len({name.lower() for name in found}) == len(found)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the example school, imported from EDEXML."""
    folder = tmp_path_factory.mktemp("own")
    (file,) = (FOLDER / OWN_SCHOOL).glob("*.xml")
    result = CliRunner().invoke(main, ["--data", str(folder), "import", "edexml", str(file)])
    assert result.exit_code == 0, result.output
    assert "imported as 1" in result.output
    return folder


def test_the_csv_set_is_the_same_school(data: Path) -> None:
    """`import` takes the set, and finds nothing in it that is not as in the EDEXML file."""
    result = CliRunner().invoke(
        main, ["--data", str(data), "import", "csv", str(FOLDER / OWN_SCHOOL / "csv"), "--json"]
    )
    assert result.exit_code == 0, result.output
    counts = re.findall(r'"(added|changed|removed)": (\d+)', result.output)
    assert counts
    assert {number for _, number in counts} == {"0"}


APP = ExampleFiles(PREFIX)


def get(path: str, method: str = "GET", **environ: str) -> Reply:
    """Ask for a path."""
    return call(APP, b"", method=method, path=path, content_type=None, **environ)


def test_each_example_is_served_and_listed() -> None:
    """Each file is at its own path with its type and an ETag, and the page has a link to it."""
    page = get(f"{PREFIX}/")
    links = set(re.findall(r'href="([^"]+)"', page.body.decode()))
    for name in example_files.names():
        path = f"{PREFIX}/{name}"
        reply = get(path)
        assert reply.body == (FOLDER / name).read_bytes()
        assert reply.headers["Content-Type"].startswith(("text/xml", "text/csv", "text/markdown"))
        assert path in links
    assert get(path, HTTP_IF_NONE_MATCH=reply.headers["ETag"]).status == HTTPStatus.NOT_MODIFIED
    assert get(path, "HEAD").body == b""


def test_the_page_runs_nothing() -> None:
    """It allows its own style sheet and nothing else, and is the same with and without a slash."""
    page = get(f"{PREFIX}/")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert get(PREFIX).body == page.body


@pytest.mark.parametrize("name", ["nergens.xml", "../setup.py", "antwoorden", "antwoorden/", "%2e%2e/setup.py", ""])
def test_nothing_else_is_served(name: str) -> None:
    """No path leads out of the folder."""
    found = get(f"{PREFIX}/{name}") if name else get("/sandbox")
    assert found.status == HTTPStatus.NOT_FOUND
