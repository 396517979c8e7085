"""The names of UWLR on the wire: namespaces, operations and the elements of a record, in their order."""

from dataclasses import dataclass

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
LEERLINGGEGEVENS = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUTORISATIE = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
FOUT = "urn:uwlr-adapter:fout"
"""The namespace of our own detail in a fault; UWLR leaves the detail free."""


@dataclass(frozen=True, slots=True)
class Operatie:
    """One operation of the WSDL: its name, SOAPAction, the local names of request, answer and payload, and its parts.

    `delen` are the lists that the payload may hold beside the school; `per_groep` tells whether the request names
    groups.
    """

    naam: str
    soap_action: str
    verzoek: str
    antwoord: str
    inhoud: str
    delen: tuple[str, ...]
    per_groep: bool = False

    @property
    def verzoek_tag(self) -> str:
        """The request element as lxml writes a qualified name."""
        return f"{{{LEERLINGGEGEVENS}}}{self.verzoek}"


HAAL_LEERLINGGEGEVENS = Operatie(
    naam="HaalLeerlinggegevens",
    soap_action="HaalLeerlinggegevens",
    verzoek="leerlinggegevens_verzoek",
    antwoord="leerlinggegevens_antwoord",
    inhoud="leerlinggegevens",
    delen=("vestigingen", "groepen", "leerlingen", "leerkrachten"),
)
HAAL_STRUCTUUR = Operatie(
    naam="HaalStructuur",
    soap_action=f"{LEERLINGGEGEVENS}/structuur_verzoek",
    verzoek="structuur_verzoek",
    antwoord="structuur_antwoord",
    inhoud="leerlinggegevens-structuur",
    delen=("vestigingen", "groepen"),
)
HAAL_LEERLINGEN = Operatie(
    naam="HaalLeerlingen",
    soap_action=f"{LEERLINGGEGEVENS}/leerlingen_verzoek",
    verzoek="leerlingen_verzoek",
    antwoord="leerlingen_antwoord",
    inhoud="leerlinggegevens-leerlingen",
    delen=("leerlingen",),
    per_groep=True,
)
HAAL_LEERKRACHTEN = Operatie(
    naam="HaalLeerkrachten",
    soap_action=f"{LEERLINGGEGEVENS}/leerkrachten_verzoek",
    verzoek="leerkrachten_verzoek",
    antwoord="leerkrachten_antwoord",
    inhoud="leerlinggegevens-leerkrachten",
    delen=("leerkrachten",),
    per_groep=True,
)
OPERATIES = {
    operatie.verzoek_tag: operatie
    for operatie in (HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR, HAAL_LEERLINGEN, HAAL_LEERKRACHTEN)
}
"""The operations that are served, by the qualified name of the request element (document/literal dispatch)."""

VERZOEK_ELEMENTEN = (
    *("schooljaar", "brincode", "dependancecode", "schoolkey", "xsdversie", "gegevenssetid"),
    *("laatstontvangengegevens", "groepen"),
)
"""The children of a request in their order (UWLR 2.2, Leerlinggegevensverzoek)."""
AUTORISATIE_DELEN = ("autorisatiesleutel", "klantcode", "klantnaam")
"""The children of the autorisatie header in their order (UWLR 2.2, Autorisatie)."""

NAAM_ELEMENTEN = ("achternaam", "voorvoegsel", "voornamen", "voorletters-1", "roepnaam")
LEERLING_ELEMENTEN = (
    *NAAM_ELEMENTEN,
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
LEERKRACHT_ELEMENTEN = (*NAAM_ELEMENTEN, "gebruikersnaam", "emailadres", "rollen", "groepen", "mutatiedatum")
"""The children of a leerkracht in their order; `rollen` stands for any number of `rol` and `rolomschrijving`."""
GROEP_ELEMENTEN = ("naam", "jaargroep", "omschrijving", "mutatiedatum")
SAMENGESTELDE_GROEP_ELEMENTEN = ("naam", "omschrijving", "mutatiedatum")
VESTIGING_ELEMENTEN = ("naam", "omschrijving", "mutatiedatum")
BSN_FAMILIE = ("sofinummer", "bsn", "onderwijsnummer", "rijksregisternummer")
"""National numbers: allowed by the standard, never stored and never sent by us."""


def attribute_of(element: str) -> str:
    """Give the Python attribute that holds an element: `voorletters-1` is `voorletters_1`."""
    return element.replace("-", "_")
