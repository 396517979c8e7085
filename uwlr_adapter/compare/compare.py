"""Two sets of XSDs for the same messages held against each other: the official files of an owner, and ours.

The models are walked side by side with xmlschema, and both judge the same samples with libxml2. What we state to
differ is marked with its reason; the rest is news.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xmlschema
from lxml import etree

from uwlr_adapter.compare import samples
from uwlr_adapter.compare.model_walk import STATED_SCHOOLJAREN, Difference, ModelWalk
from uwlr_adapter.compare.schema_files import MESSAGES, CompareError, Schemas, ours

KEYS_HELD = "keys, eckids and references are held to by ours"


def compare(theirs: Schemas, xsdversie: str) -> list[Difference]:
    """Give every difference between an owner's schemas and ours: first of the models, then of the samples.

    Raises CompareError when the owner's schemas do not compile.
    """
    return [*compare_models(theirs, xsdversie), *compare_samples(theirs, xsdversie)]


def compare_models(theirs: Schemas, xsdversie: str) -> list[Difference]:
    """Give the differences of messages, elements, attributes, cardinality, order, types, facets and code lists."""
    own_schemas = ours(xsdversie)
    mine, other = _models(own_schemas), _models(theirs)
    found = [Difference(naam, "message", "here", "absent") for naam in MESSAGES if naam not in theirs.files]
    for path, model in other.items():
        extra = sorted(naam for naam in model.elements if naam.endswith(("_verzoek", "_antwoord")))
        found += [
            Difference(naam, "message", "absent", f"here, in {path.name}") for naam in extra if naam not in MESSAGES
        ]
    walk = ModelWalk()
    for naam, path in theirs.files.items():
        walk.element(naam, mine[own_schemas.files[naam]].elements[naam], other[path].elements[naam])
    return found + walk.found


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
    """Samples of one place that one party accepts and the other refuses."""

    first: str
    number: int = 0


def compare_samples(theirs: Schemas, xsdversie: str) -> Iterator[Difference]:
    """Judge each sample by both; those of one place and one verdict are told together, with the first of them."""
    own_schemas = ours(xsdversie)
    judges = {path: _compile(path) for path in (*own_schemas.paths, *theirs.paths)}
    found: dict[tuple[str, bool, str], _SampleCount] = {}
    tried: set[str] = set()
    for root in samples.every():
        naam = etree.QName(root).localname
        if naam not in theirs.files:
            continue
        mine, other = judges[own_schemas.files[naam]], judges[theirs.files[naam]]
        if not other.validate(root):
            yield Difference(naam, "sample", "accepts a full message", "refuses it")
            continue
        for mutation in samples.changes(root, tried):
            accepted = mine.validate(root)
            if accepted != other.validate(root):
                reason = _stated(mutation, accepted=accepted, mine=mine)
                counts = found.setdefault((mutation.path, accepted, reason), _SampleCount(mutation.what))
                counts.number += 1
    for (pad, accepted, reason), counts in found.items():
        more = f" and {counts.number - 1} more" if counts.number > 1 else ""
        accepts, refuses = f"accepts {counts.first}{more}", f"refuses {counts.first}{more}"
        yield Difference(pad, "sample", accepts if accepted else refuses, refuses if accepted else accepts, reason)


def _compile(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(file=str(path))
    except (etree.XMLSchemaParseError, OSError) as error:
        raise CompareError(f"{path.name} does not compile") from error


def _stated(mutation: samples.SampleMutation, *, accepted: bool, mine: etree.XMLSchema) -> str:
    """Give why the verdicts on a sample may differ, or nothing."""
    if accepted:
        return STATED_SCHOOLJAREN if mutation.path.endswith("/school/schooljaar") else ""
    rules = {entry.type_name for entry in mine.error_log}  # type: ignore[attr-defined] # the stubs miss it
    return KEYS_HELD if rules == {"SCHEMAV_CVC_IDC"} else ""
