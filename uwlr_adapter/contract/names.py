"""The names of UWLR on the wire: namespaces, operations and the elements of a record, in their order."""

from dataclasses import dataclass

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
LEERLINGGEGEVENS = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUTORISATIE = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
FAULT_DETAIL = "urn:uwlr-adapter:fout"
"""The namespace of our own detail in a fault; UWLR leaves the detail free."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the WSDL: its name, SOAPAction, the local names of request, answer and payload, and its parts.

    `delen` are the lists that the payload may hold beside the school; `per_groep` tells whether the request names
    groups.
    """

    name: str
    soap_action: str
    request: str
    answer: str
    payload: str
    parts: tuple[str, ...]
    by_groep: bool = False

    @property
    def request_tag(self) -> str:
        """The request element as lxml writes a qualified name."""
        return f"{{{LEERLINGGEGEVENS}}}{self.request}"


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
    operatie.request_tag: operatie
    for operatie in (HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR, HAAL_LEERLINGEN, HAAL_LEERKRACHTEN)
}
"""The operations that are served, by the qualified name of the request element (document/literal dispatch)."""

VERZOEK_ELEMENTS = (
    *("schooljaar", "brincode", "dependancecode", "schoolkey", "xsdversie", "gegevenssetid"),
    *("laatstontvangengegevens", "groepen"),
)
"""The children of a request in their order (UWLR 2.2, Leerlinggegevensverzoek)."""
AUTORISATIE_PARTS = ("autorisatiesleutel", "klantcode", "klantnaam")
"""The children of the autorisatie header in their order (UWLR 2.2, Autorisatie)."""

NAAM_ELEMENTS = ("achternaam", "voorvoegsel", "voornamen", "voorletters-1", "roepnaam")
LEERLING_ELEMENTS = (
    *NAAM_ELEMENTS,
    "geboortedatum",
    "geslacht",
    "start_ondw_jgr3",
    "jaargroep",
    "groep",
    "samengestelde_groepen",
    "vestiging",
    "gebruikersnaam",
    "emailadres",
    "fotourl",
    "etniciteit",
    "land",
    "land_vader",
    "land_moeder",
    "bsn_ondwnr-4",
    "gewicht_nieuw",
    "gewicht",
    "postcodenl",
    "postnummerbe",
    "postcodeoverig",
    "instroomdatum",
    "uitstroomdatum",
    "mutatiedatum",
)
"""The children of a leerling in their order, without those that we never hold (numbers of the BSN family, blocks)."""
LEERKRACHT_ELEMENTS = (*NAAM_ELEMENTS, "gebruikersnaam", "emailadres", "rollen", "groepen", "mutatiedatum")
"""The children of a leerkracht in their order; `rollen` stands for any number of `rol` and `rolomschrijving`."""
GROEP_ELEMENTS = ("naam", "jaargroep", "omschrijving", "mutatiedatum")
SAMENGESTELDE_GROEP_ELEMENTS = ("naam", "omschrijving", "mutatiedatum")
VESTIGING_ELEMENTS = ("naam", "omschrijving", "mutatiedatum")
BSN_FAMILY = ("sofinummer", "bsn", "onderwijsnummer", "rijksregisternummer")
"""National numbers: allowed by the standard, never stored and never sent by us."""


def attribute_of(element: str) -> str:
    """Give the Python attribute that holds an element: `voorletters-1` is `voorletters_1`."""
    return element.replace("-", "_")
