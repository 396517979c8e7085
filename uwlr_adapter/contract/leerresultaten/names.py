"""The names of BrengLeerresultaten on the wire: its namespaces, its operation, and which element holds which."""

from typing import NamedTuple

from uwlr_adapter.contract.names import Operation

LEERRESULTATEN = "http://www.edustandaard.nl/leerresultaten/2/leerresultaten"
TOETSDEFINITIES = "http://www.edustandaard.nl/leerresultaten/2/toetsdefinities"
OSO = "http://www.edustandaard.nl/oso_gegevensset/1.2/dossier"

BRENG_LEERRESULTATEN = Operation(
    name="BrengLeerresultaten",
    soap_action="BrengLeerresultaten",
    request="leerresultaten_verzoek",
    answer="leerresultaten_bevestiging",
    payload="",
    parts=(),
    namespace=LEERRESULTATEN,
)
OPERATIONS = {BRENG_LEERRESULTATEN.request_tag: BRENG_LEERRESULTATEN}
"""The operation of the service by the qualified name of its request."""

_TOETS = "toetscode versie? toetsnaam? leerjaar? vakgebied? toetsnormering? toetshierarchie? toetsonderdelen?"
_NORM = "term omschrijving? beginnormwaarde eindnormwaarde normkleur? schoolcijfer_vanaf? schoolcijfer_totenmet?"
_NORMERING = "toetscategorie? toetsniveau? wegingsfactor? norm+"
_CHILDREN = {
    "leerresultaten_verzoek": "school toetsafnames toetsen",
    "school": "schooljaar brincode? dependancecode? schoolkey? aanmaakdatum auteur? xsdversie commentaar?",
    "toetsafnames": "toetsafname+",
    "toetsafname": "leerlingid eckid? resultaatverwerkerid? resultaten",
    "resultaten": "resultaat+",
    "resultaat": "afnamedatum toetscode versie? toetsonderdeelcode? score? osoresultaat? anderresultaat? infourl?",
    "osoresultaat": "oso:toetsscore? oso:referentiescore*",
    "oso:toetsscore": (
        "oso:aantalopgaven? oso:aantalgoed? oso:aantalfout? oso:aantalgelezen? oso:tijd? oso:vaardigheidsscore? "
        "oso:codevaardigheidsschaal? oso:betrouwbaarheidsinterval?"
    ),
    "oso:betrouwbaarheidsinterval": "oso:bivlaag oso:bivhoog",
    "oso:referentiescore": "oso:codereferentiescore oso:codevergelijkingsgroep oso:waarde oso:kwalificatie?",
    "toetsen": "toets+",
    "toets": _TOETS,
    "toetshierarchie": "ingang+",
    "toetsonderdelen": "toetsonderdeel+",
    "toetsonderdeel": "toetsonderdeelvolgnummer toetsonderdeelcode toetsonderdeelnaam? toetsonderdeelnormering?",
    "toetsnormering": _NORMERING,
    "toetsonderdeelnormering": _NORMERING,
    "norm": _NORM,
    "normkleur": "rood_code groen_code blauw_code transparantie",
}
"""The children of each element that has any, in order: `?` may be absent, `*` may repeat too, `+` repeats."""
CHOICES = {"school": ("brincode", "schoolkey"), "resultaat": ("score", "osoresultaat", "anderresultaat")}
"""The children of which exactly one is there; the first of them is named when none is."""


class ContentModel(NamedTuple):
    """The children that one element may have."""

    names: tuple[str, ...]
    """Local names, in order."""
    rank: dict[str, int]
    """The place of each child in that order, by qualified name."""
    required: tuple[int, ...]
    """The places of the children that are always there."""
    repeated: int
    """The place of the child that may be there more often, -1 without one; it is the last."""
    choice: tuple[int, ...]
    """The places of the children of which exactly one is there; empty without a choice."""


def _split(name: str) -> tuple[str, str]:
    """Return the qualified and the local name of a name of the table above."""
    prefix, _, local = name.rpartition(":")
    return f"{{{OSO if prefix else LEERRESULTATEN}}}{local}", local


def _model(parent: str, children: str) -> ContentModel:
    entries = children.split()
    names = [_split(entry.rstrip("?*+")) for entry in entries]
    return ContentModel(
        names=tuple(local for _, local in names),
        rank={tag: place for place, (tag, _) in enumerate(names)},
        required=tuple(place for place, entry in enumerate(entries) if entry[-1] not in "?*"),
        repeated=next((place for place, entry in enumerate(entries) if entry[-1] in "*+"), -1),
        choice=tuple(place for place, (_, local) in enumerate(names) if local in CHOICES.get(parent, ())),
    )


MODELS = {_split(parent)[0]: _model(parent, children) for parent, children in _CHILDREN.items()}
"""The content of each element that holds elements, by its qualified name."""
LEAVES = frozenset(tag for model in MODELS.values() for tag in model.rank) - MODELS.keys()
"""The qualified names of the elements that hold a value."""
REPEATED = frozenset(model.names[model.repeated] for model in MODELS.values() if model.repeated >= 0)
"""The local names of the elements of which a path says the how-many-eth it is."""
KNOWN_NAMES = frozenset(name for model in MODELS.values() for name in model.names) | {
    *(BRENG_LEERRESULTATEN.request, "andere_score", "peildatum"),
}
"""Local names that a path may repeat; `peildatum` is listed in the text of the standard and forbidden by its schema."""
ORDERED = {tag: model for tag, model in MODELS.items() if len(model.names) > 1}
"""The elements of which the children have an order."""


def tag(name: str) -> str:
    """Return the qualified name of an element of a message with results."""
    return f"{{{LEERRESULTATEN}}}{name}"
