"""Where something is wrong in a message, and what: names of elements and their places, never a value.

A path counts the elements that repeat: `…/toetsafname[2]/resultaten/resultaat[13]/score`.
"""

from itertools import pairwise

from lxml import etree

from uwlr_adapter.contract.leerresultaten.names import (
    BRENG_LEERRESULTATEN,
    KNOWN_NAMES,
    MODELS,
    REPEATED,
    ContentModel,
)
from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

ROOT = BRENG_LEERRESULTATEN.request
AFNAME = "{}/toetsafnames/toetsafname[{}]"
RESULTAAT = "{}/resultaten/resultaat[{}]"


def local_name(element: etree._Element) -> str:
    """Return the local name of an element."""
    return str(element.tag).rpartition("}")[2]


def path_of(element: etree._Element, root: etree._Element) -> str:
    """Return the path of an element under the root of the request, the root included."""
    steps: list[str] = []
    one: etree._Element | None = element
    while one is not None and one is not root:
        steps.append(_step(one))
        one = one.getparent()
    return "/".join([ROOT, *reversed(steps)])


def leerling_finding(afname: int, name: str = "leerlingid") -> Finding:
    """Return the finding that the leerling of a toetsafname, counted from 0, is not known, or is not one person."""
    return Finding(f"{AFNAME.format(ROOT, afname + 1)}/{name}", Rule.UNKNOWN)


def explain(parent: etree._Element, root: etree._Element) -> Finding | None:
    """Return what is wrong with the children of an element, the worst first; None when they are right."""
    path, model = path_of(parent, root), MODELS.get(str(parent.tag))
    if model is None:
        return Finding(path, Rule.CONTENT) if len(parent) else None
    stray = next((child for child in parent if child.tag not in model.rank), None)
    if stray is not None:
        return Finding(path_of(stray, root), _stray_rule(stray, model))
    if (wrong := _wrong_amount([local_name(child) for child in parent], model)) is not None:
        name, rule = wrong
        return Finding(f"{path}/{name}", rule)
    late = next((after for before, after in pairwise(parent) if model.rank[after.tag] < model.rank[before.tag]), None)
    if late is not None:
        return Finding(path_of(late, root), Rule.PLACE)
    return Finding(path, Rule.CONTENT) if has_text(parent) else None


def _wrong_amount(names: list[str], model: ContentModel) -> tuple[str, Rule] | None:
    """Return which child is there too often, or not at all, and how that is named."""
    repeated = model.names[model.repeated] if model.repeated >= 0 else None
    if doubled := next((name for name in names if name != repeated and names.count(name) > 1), None):
        return doubled, Rule.DOUBLED
    needed = [model.names[place] for place in model.required]
    if absent := next((name for name in needed if name not in names), None):
        return absent, Rule.ABSENT
    choice = [model.names[place] for place in model.choice]
    chosen = [name for name in names if name in choice]
    if choice and len(chosen) != 1:
        return (chosen[1], Rule.PLACE) if chosen else (choice[0], Rule.ABSENT)
    return None


def has_text(element: etree._Element) -> bool:
    """Whether there is text between the children of an element."""
    return any(text and text.strip(XML_SPACE) for text in (element.text, *(child.tail for child in element)))


def _stray_rule(stray: etree._Element, model: ContentModel) -> Rule:
    name = local_name(stray)
    if name in model.names:
        return Rule.NAMESPACE
    return Rule.PLACE if name in KNOWN_NAMES else Rule.UNKNOWN


def _step(element: etree._Element) -> str:
    name = local_name(element)
    if name not in KNOWN_NAMES:
        return "*"
    if name not in REPEATED:
        return name
    return f"{name}[{1 + sum(1 for _ in element.itersiblings(element.tag, preceding=True))}]"
