"""What others install: a function of an entry point that makes an object of the options of the operator."""

from collections.abc import Mapping
from importlib.metadata import entry_points

from uwlr_adapter.errors import RefusedError


def make_installed(group: str, name: str, options: Mapping[str, str], what: str, refused: type[RefusedError]) -> object:
    """Return what the entry point of this name makes of these options; `what` it is, such as `source`.

    Raises `refused`, and the RefusedError that the function itself raises for options that it cannot use.
    """
    points = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none is installed"
        raise refused(f"there is no {what} of this name; known: {known}")
    try:
        made: object = points[name].load()(options)
    except RefusedError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of somebody else; its text may quote an option
        raise refused(f"the {what} cannot be loaded: {type(error).__name__}") from None
    return made
