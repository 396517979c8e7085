"""The names of UWLR on the wire: namespaces, operations and the elements of a record, in their order."""

from dataclasses import dataclass

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
LEERLINGGEGEVENS = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUTORISATIE = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
FOUT = "urn:uwlr-adapter:fout"
"""The namespace of our own detail in a fault; UWLR leaves the detail free."""


@dataclass(frozen=True, slots=True)
class Operatie:
    """One operation of the WSDL: its name, SOAPAction, and the local names of request, answer and payload."""

    naam: str
    soap_action: str
    verzoek: str
    antwoord: str
    inhoud: str

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
)
OPERATIES = {operatie.verzoek_tag: operatie for operatie in (HAAL_LEERLINGGEGEVENS,)}
"""The operations that are served, by the qualified name of the request element (document/literal dispatch)."""

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
