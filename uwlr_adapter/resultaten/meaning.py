"""What a score means by the definition that came with it. Pure: it is worked out when a score is shown."""

from uwlr_adapter.contract.leerresultaten.records import Norm, Normering, Toets, Toetsonderdeel


def onderdeel_of(definition: Toets, code: str | None) -> Toetsonderdeel | None:
    """Return the part of a toets with a toetsonderdeelcode; None for the total, or where there is no such part."""
    return next((one for one in definition.onderdelen if one.code.term == code), None)


def normering_of(definition: Toets, onderdeel: str | None) -> Normering | None:
    """Return the normering of the total (None) or of a part of a toets; None where there is none."""
    if onderdeel is None:
        return definition.normering
    part = onderdeel_of(definition, onderdeel)
    return None if part is None else part.normering


def norm_of(definition: Toets, onderdeel: str | None, score: int | None) -> Norm | None:
    """Return the norm that a score lies in; None without one, and of a result of OSO, which has no score."""
    normering = normering_of(definition, onderdeel)
    if normering is None or score is None:
        return None
    return next((norm for norm in normering.normen if norm.begin <= score <= norm.eind), None)
