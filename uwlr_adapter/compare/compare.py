"""Comparison of two sets of XSDs for the same messages: the official files of an owner, and ours.

The models are walked side by side with xmlschema, and both sets validate the same samples with libxml2. A difference
that we state is marked with its reason; any other one is unexpected.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree

from uwlr_adapter.compare import result_samples, samples
from uwlr_adapter.compare.model_walk import STATED_SCHOOLJAREN, Difference, ModelWalk
from uwlr_adapter.compare.schema_files import MESSAGES, RESULT_MESSAGES, CompareError, Schemas, ours

KEYS_HELD = "keys, eckids and references are held to by ours"


def compare(theirs: Schemas, xsdversie: str) -> list[Difference]:
    """Return every difference between an owner's schemas and ours: first of the models, then of the samples.

    Raises CompareError when the owner's schemas do not compile.
    """
    return [*compare_models(theirs, xsdversie), *compare_samples(theirs, xsdversie)]


def compare_models(theirs: Schemas, xsdversie: str) -> list[Difference]:
    """Return the differences of messages, elements, attributes, cardinality, order, types, facets and code lists."""
    own_schemas = ours(xsdversie)
    mine, other = _our_models(xsdversie), _models(theirs)
    found = [Difference(name, "message", "here", "absent") for name in _wanted(theirs) if name not in theirs.files]
    for path, model in other.items():
        extra = sorted(name for name in model.elements if name.endswith(("_verzoek", "_antwoord", "_bevestiging")))
        found += [
            Difference(name, "message", "absent", f"here, in {path.name}")
            for name in extra
            if name not in own_schemas.files
        ]
    walk = ModelWalk()
    for name, path in theirs.files.items():
        walk.element(name, mine[own_schemas.files[name]].elements[name], other[path].elements[name])
    return found + walk.found


def _wanted(theirs: Schemas) -> tuple[str, ...]:
    """Return the messages that an owner's files must declare: those of each service of which they declare one."""
    return tuple(
        name
        for service in (MESSAGES, RESULT_MESSAGES)
        if any(known in theirs.files for known in service if known != "autorisatie")
        for name in service
    )


@functools.cache
def _our_models(xsdversie: str) -> dict[Path, Any]:
    return _models(ours(xsdversie))


def _models(schemas: Schemas) -> dict[Path, Any]:
    try:
        return {
            path: xmlschema.XMLSchema10(str(path), allow="local", defuse="always", validation="lax")
            for path in schemas.paths
        }
    except (xmlschema.XMLSchemaException, OSError, SyntaxError) as error:
        raise CompareError(f"the schemas cannot be read: {type(error).__name__}") from error


@dataclass(slots=True)
class _SampleCount:
    """The first of the samples of one place that one party accepts and the other refuses, and their number."""

    first: str
    number: int = 0


def compare_samples(theirs: Schemas, xsdversie: str) -> Iterator[Difference]:
    """Validate each sample by both; samples of one place and one verdict are one difference, which shows the first."""
    own_schemas = ours(xsdversie)
    judges = {path: _compile(path) for path in (*own_schemas.paths, *theirs.paths)}
    found: dict[tuple[str, bool, str], _SampleCount] = {}
    tried: set[str] = set()
    for root in (*samples.every(), *result_samples.every()):
        name = etree.QName(root).localname
        numbers = result_samples.NUMBERS if name in RESULT_MESSAGES else ()
        if name not in theirs.files:
            continue
        mine, other = judges[own_schemas.files[name]], judges[theirs.files[name]]
        if not other.validate(root):
            yield Difference(name, "sample", "accepts a full message", "refuses it")
            continue
        for mutation in samples.changes(root, tried, numbers):
            accepted = mine.validate(root)
            if accepted != other.validate(root):
                reason = _stated(mutation, accepted=accepted, mine=mine)
                counts = found.setdefault((mutation.path, accepted, reason), _SampleCount(mutation.what))
                counts.number += 1
    for (path, accepted, reason), counts in found.items():
        more = f" and {counts.number - 1} more" if counts.number > 1 else ""
        accepts, refuses = f"accepts {counts.first}{more}", f"refuses {counts.first}{more}"
        yield Difference(path, "sample", accepts if accepted else refuses, refuses if accepted else accepts, reason)


def _compile(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(file=str(path))
    except (etree.XMLSchemaParseError, OSError) as error:
        raise CompareError(f"{path.name} does not compile") from error


def _stated(mutation: samples.SampleMutation, *, accepted: bool, mine: etree.XMLSchema) -> str:
    """Return the stated reason why the verdicts on a sample differ; empty when there is none, as for all of results."""
    if mutation.path.partition("/")[0] in RESULT_MESSAGES:
        return ""
    if accepted:
        return STATED_SCHOOLJAREN if mutation.path.endswith("/school/schooljaar") else ""
    rules = {entry.type_name for entry in mine.error_log}  # type: ignore[attr-defined] # the stubs miss it
    return KEYS_HELD if rules == {"SCHEMAV_CVC_IDC"} else ""
