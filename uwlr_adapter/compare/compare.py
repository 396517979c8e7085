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
from uwlr_adapter.compare.model_walk import SCHOOLJAREN, Verschil, Wandeling
from uwlr_adapter.compare.schema_files import BERICHTEN, Schemas, VergelijkFout, ours

SLEUTELS = "keys, eckids and references are held to by ours"


def compare(theirs: Schemas, xsdversie: str) -> list[Verschil]:
    """Give every difference between an owner's schemas and ours: first of the models, then of the samples.

    Raises VergelijkFout when the owner's schemas do not compile.
    """
    return [*compare_models(theirs, xsdversie), *compare_samples(theirs, xsdversie)]


def compare_models(theirs: Schemas, xsdversie: str) -> list[Verschil]:
    """Give the differences of messages, elements, attributes, cardinality, order, types, facets and code lists."""
    onze = ours(xsdversie)
    mine, other = _models(onze), _models(theirs)
    found = [Verschil(naam, "message", "here", "absent") for naam in BERICHTEN if naam not in theirs.bestanden]
    for path, model in other.items():
        extra = sorted(naam for naam in model.elements if naam.endswith(("_verzoek", "_antwoord")))
        found += [
            Verschil(naam, "message", "absent", f"here, in {path.name}") for naam in extra if naam not in BERICHTEN
        ]
    walk = Wandeling()
    for naam, path in theirs.bestanden.items():
        walk.element(naam, mine[onze.bestanden[naam]].elements[naam], other[path].elements[naam])
    return found + walk.found


def _models(schemas: Schemas) -> dict[Path, Any]:
    try:
        return {
            path: xmlschema.XMLSchema10(str(path), allow="local", defuse="always", validation="lax")
            for path in schemas.paths
        }
    except (xmlschema.XMLSchemaException, OSError, SyntaxError) as error:
        raise VergelijkFout(f"the schemas cannot be read: {type(error).__name__}") from error


@dataclass(slots=True)
class _Telling:
    """Samples of one place that one party accepts and the other refuses."""

    first: str
    number: int = 0


def compare_samples(theirs: Schemas, xsdversie: str) -> Iterator[Verschil]:
    """Judge each sample by both; those of one place and one verdict are told together, with the first of them."""
    onze = ours(xsdversie)
    judges = {path: _compile(path) for path in (*onze.paths, *theirs.paths)}
    found: dict[tuple[str, bool, str], _Telling] = {}
    tried: set[str] = set()
    for root in samples.alle():
        naam = etree.QName(root).localname
        if naam not in theirs.bestanden:
            continue
        mine, other = judges[onze.bestanden[naam]], judges[theirs.bestanden[naam]]
        if not other.validate(root):
            yield Verschil(naam, "sample", "accepts a full message", "refuses it")
            continue
        for wijziging in samples.changes(root, tried):
            accepted = mine.validate(root)
            if accepted != other.validate(root):
                reason = _stated(wijziging, accepted=accepted, mine=mine)
                telling = found.setdefault((wijziging.pad, accepted, reason), _Telling(wijziging.wat))
                telling.number += 1
    for (pad, accepted, reason), telling in found.items():
        more = f" and {telling.number - 1} more" if telling.number > 1 else ""
        accepts, refuses = f"accepts {telling.first}{more}", f"refuses {telling.first}{more}"
        yield Verschil(pad, "sample", accepts if accepted else refuses, refuses if accepted else accepts, reason)


def _compile(path: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(file=str(path))
    except (etree.XMLSchemaParseError, OSError) as error:
        raise VergelijkFout(f"{path.name} does not compile") from error


def _stated(wijziging: samples.Wijziging, *, accepted: bool, mine: etree.XMLSchema) -> str:
    """Give why the verdicts on a sample may differ, or nothing."""
    if accepted:
        return SCHOOLJAREN if wijziging.pad.endswith("/school/schooljaar") else ""
    rules = {entry.type_name for entry in mine.error_log}  # type: ignore[attr-defined] # the stubs miss it
    return SLEUTELS if rules == {"SCHEMAV_CVC_IDC"} else ""
