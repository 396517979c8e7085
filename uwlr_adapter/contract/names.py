"""The names of UWLR on the wire: namespaces, operations, and the children of a request in their order."""

from dataclasses import dataclass

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
LEERLINGGEGEVENS = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUTORISATIE = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FAULT_DETAIL = "urn:uwlr-adapter:fout"
"""Namespace of our own detail in a fault; UWLR leaves the detail free."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the WSDL: its name, SOAPAction, local names of request, answer and payload, and parts.

    `parts` are the lists that the payload may hold beside the school; `by_groep` is whether the request names groups;
    `namespace` is that of the request and the answer.
    """

    name: str
    soap_action: str
    request: str
    answer: str
    payload: str
    parts: tuple[str, ...]
    by_groep: bool = False
    namespace: str = LEERLINGGEGEVENS

    @property
    def request_tag(self) -> str:
        """The request element as lxml writes a qualified name."""
        return f"{{{self.namespace}}}{self.request}"


HAAL_LEERLINGGEGEVENS = Operation(
    name="HaalLeerlinggegevens",
    soap_action="HaalLeerlinggegevens",
    request="leerlinggegevens_verzoek",
    answer="leerlinggegevens_antwoord",
    payload="leerlinggegevens",
    parts=("vestigingen", "groepen", "leerlingen", "leerkrachten"),
)
HAAL_STRUCTUUR = Operation(
    name="HaalStructuur",
    soap_action=f"{LEERLINGGEGEVENS}/structuur_verzoek",
    request="structuur_verzoek",
    answer="structuur_antwoord",
    payload="leerlinggegevens-structuur",
    parts=("vestigingen", "groepen"),
)
HAAL_LEERLINGEN = Operation(
    name="HaalLeerlingen",
    soap_action=f"{LEERLINGGEGEVENS}/leerlingen_verzoek",
    request="leerlingen_verzoek",
    answer="leerlingen_antwoord",
    payload="leerlinggegevens-leerlingen",
    parts=("leerlingen",),
    by_groep=True,
)
HAAL_LEERKRACHTEN = Operation(
    name="HaalLeerkrachten",
    soap_action=f"{LEERLINGGEGEVENS}/leerkrachten_verzoek",
    request="leerkrachten_verzoek",
    answer="leerkrachten_antwoord",
    payload="leerlinggegevens-leerkrachten",
    parts=("leerkrachten",),
    by_groep=True,
)
OPERATIONS = {
    operation.request_tag: operation
    for operation in (HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR, HAAL_LEERLINGEN, HAAL_LEERKRACHTEN)
}
"""The served operations by the qualified name of the request element (document/literal dispatch)."""

VERZOEK_ELEMENTS = (
    *("schooljaar", "brincode", "dependancecode", "schoolkey", "xsdversie", "gegevenssetid"),
    *("laatstontvangengegevens", "groepen"),
)
"""The children of a request in their order (UWLR 2.2, Leerlinggegevensverzoek)."""
AUTORISATIE_PARTS = ("autorisatiesleutel", "klantcode", "klantnaam")
"""The children of the autorisatie header in their order (UWLR 2.2, Autorisatie)."""
