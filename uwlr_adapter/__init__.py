"""UWLR leerlinggegevens from an ESIS-style student administration, through an activated koppeling.

This module is the public face of the package: the names in `__all__` are promised, with their documented behaviour,
from one version to the next. Every other module is internal. A name is loaded at its first use, so that importing the
package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.11.0"

if TYPE_CHECKING:
    from uwlr_adapter.administratie.model import (
        CsvPlace,
        Delivery,
        ImportRefusedError,
        Period,
        Problem,
        RowCount,
        Severity,
        SourceRecord,
        SourceSchool,
    )
    from uwlr_adapter.administratie.sources.bron import Bron, BronError
    from uwlr_adapter.administratie.sources.csv_set.rows import read as deliveries_from_rows
    from uwlr_adapter.administratie.sources.edexml.edexml import read as delivery_from_edexml
    from uwlr_adapter.client.comparison import AnswerComparison, ChangedField, RecordChange, compare_answers
    from uwlr_adapter.client.getrapt import pull_getrapt
    from uwlr_adapter.client.pulling import PullRequest, pull
    from uwlr_adapter.client.result import PullError, PullResult
    from uwlr_adapter.contract.answer import check
    from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol
    from uwlr_adapter.contract.leerresultaten.records import (
        Ingang,
        Norm,
        Normering,
        Normkleur,
        OsoReferentiescore,
        OsoResultaat,
        OsoToetsscore,
        Toets,
        Toetsonderdeel,
        VocabulaireTerm,
    )
    from uwlr_adapter.contract.schemas import Finding
    from uwlr_adapter.errors import UwlrAdapterError
    from uwlr_adapter.resultaten.ontvanger import DeliveredResult, Ontvanger, OntvangerError, ResultDelivery
    from uwlr_adapter.server.application import make_app
    from uwlr_adapter.settings import Settings

__all__ = [
    "AnswerComparison",
    "Bron",
    "BronError",
    "ChangedField",
    "CsvPlace",
    "DeliveredResult",
    "Delivery",
    "Finding",
    "Groep",
    "GroepVerwijzing",
    "ImportRefusedError",
    "Ingang",
    "Leerkracht",
    "Leerling",
    "Locatie",
    "Norm",
    "Normering",
    "Normkleur",
    "Ontvanger",
    "OntvangerError",
    "OsoReferentiescore",
    "OsoResultaat",
    "OsoToetsscore",
    "Period",
    "Problem",
    "PullError",
    "PullRequest",
    "PullResult",
    "RecordChange",
    "ResultDelivery",
    "Rol",
    "RowCount",
    "Settings",
    "Severity",
    "SourceRecord",
    "SourceSchool",
    "Toets",
    "Toetsonderdeel",
    "UwlrAdapterError",
    "VocabulaireTerm",
    "__version__",
    "check",
    "compare_answers",
    "deliveries_from_rows",
    "delivery_from_edexml",
    "make_app",
    "pull",
    "pull_getrapt",
]

_HOMES = {
    "administratie.model": (
        *("CsvPlace", "Delivery", "ImportRefusedError", "Period", "Problem", "RowCount"),
        *("Severity", "SourceRecord", "SourceSchool"),
    ),
    "administratie.sources.bron": ("Bron", "BronError"),
    "client.comparison": ("AnswerComparison", "ChangedField", "RecordChange", "compare_answers"),
    "client.getrapt": ("pull_getrapt",),
    "client.pulling": ("PullRequest", "pull"),
    "client.result": ("PullError", "PullResult"),
    "contract.answer": ("check",),
    "contract.dataset": ("Groep", "GroepVerwijzing", "Leerkracht", "Leerling", "Locatie", "Rol"),
    "contract.leerresultaten.records": (
        *("Ingang", "Norm", "Normering", "Normkleur", "OsoReferentiescore", "OsoResultaat", "OsoToetsscore"),
        *("Toets", "Toetsonderdeel", "VocabulaireTerm"),
    ),
    "contract.schemas": ("Finding",),
    "errors": ("UwlrAdapterError",),
    "resultaten.ontvanger": ("DeliveredResult", "Ontvanger", "OntvangerError", "ResultDelivery"),
    "server.application": ("make_app",),
    "settings": ("Settings",),
}
_PLACES = {name: (module, name) for module, names in _HOMES.items() for name in names} | {
    "deliveries_from_rows": ("administratie.sources.csv_set.rows", "read"),
    "delivery_from_edexml": ("administratie.sources.edexml.edexml", "read"),
}


def __getattr__(name: str) -> object:
    """Load a public name at its first use. Raises AttributeError for any other name."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value: object = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
