"""The checks of the kit, a module per chapter of the report; `ALL` has the chapters in their order."""

from uwlr_adapter.kit.suites import (
    autorisatie,
    geenwijzigingen,
    getrapt,
    leerlinggegevens,
    leerresultaten,
    profile,
    robustness,
    soap,
    text,
    transport,
    versions,
    verzoek,
    whole,
    wsdl,
)

ALL = tuple(
    module.SUITE
    for module in (
        *(transport, soap, wsdl, leerlinggegevens, text, geenwijzigingen, getrapt, versions, profile),
        *(autorisatie, verzoek, robustness, whole),
    )
)
"""The chapters in the order in which they are run and reported: refusals come last, since a service may count them."""
RESULTS = (leerresultaten.SUITE,)
"""The chapters of an endpoint of results; they write, and are run with permission only."""
