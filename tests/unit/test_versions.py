"""The versions of UWLR: one record each, and no other module that names one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import uwlr_adapter
from uwlr_adapter.contract import versions
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION, VERSIONS, LeerlingIdentity, get_version

PACKAGE = Path(uwlr_adapter.__file__).parent
MAY_NAME_ONE = {
    "contract/versions.py",
    "contract/fields.py",  # the `since` of a row
    "administratie/sources/edexml/edexml.py",  # versions of EDEXML, which are others
}
VERSION = re.compile(rf"(?<![\d.])({'|'.join(map(re.escape, VERSIONS))})(?![\d])")


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a module that are no docstring and no text beside a constant."""
    beside = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in beside:
            yield one


def test_no_other_module_names_a_version() -> None:
    """A text of the code that names a version of UWLR stands in the table of versions."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in MAY_NAME_ONE or name.startswith("db/migrations/"):
            continue
        named = texts(ast.parse(path.read_text(encoding="utf-8")))
        found += [f"{name}:{one.lineno}" for one in named if VERSION.search(str(one.value))]
    assert found == []


@pytest.mark.parametrize("text", ['x = "2.3"', 'f(f"versie 2.1 of")', '["schemas/2.2/antwoord.xsd"]'])
def test_a_named_version_is_found(text: str) -> None:
    """The search above finds a version in any text of code, and in no docstring."""
    assert any(VERSION.search(str(one.value)) for one in texts(ast.parse(text)))
    assert not list(texts(ast.parse('"""UWLR 2.2, Autorisatie."""')))


def test_what_differs() -> None:
    """2.1 has no eckid and is a variant of 2.2; 2.3 identifies a leerling by the eckid."""
    assert VERSIONS == ("2.1", "2.2", "2.3")
    assert FULL_VERSIONS == ("2.2", "2.3")
    assert USUAL_VERSION == "2.2"
    assert [get_version(name).identity for name in VERSIONS] == list(LeerlingIdentity)
    assert [get_version(name).has_eckid for name in VERSIONS] == [False, True, True]
    assert versions.in_dutch() == "2.1, 2.2 of 2.3"


@pytest.mark.parametrize("name", VERSIONS)
def test_its_schemas_are_there(name: str) -> None:
    """Each schema that a version names is a file of the contract; a variant shares those of its version."""
    version = get_version(name)
    schemas = [version.answer_schema, version.request_schema, version.autorisatie_schema]
    for schema in schemas:
        assert contract_file(schema).is_file()
    if version.variant_of is not None:
        other = get_version(version.variant_of)
        assert schemas == [other.answer_schema, other.request_schema, other.autorisatie_schema]


def test_an_unknown_version_is_an_error() -> None:
    """It is never replaced by another one."""
    with pytest.raises(KeyError):
        get_version("2.4")
