"""Answers written out by hand, with which the schemas and the WSDL are judged."""

from lxml import etree
from mutanten import LG

STAPPEN = {
    "structuur": ("school", "vestigingen", "groepen"),
    "leerlingen": ("school", "leerlingen"),
    "leerkrachten": ("school", "leerkrachten"),
}
"""What of the whole each answer in steps holds."""
_BASIS = f"""<leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens>
<school><schooljaar>2023-2024</schooljaar><brincode>21QW</brincode><dependancecode>00</dependancecode></school>
<vestigingen><vestiging key="v1"><naam>Noord</naam></vestiging><vestiging key="v2"><naam>Zuid</naam></vestiging>
</vestigingen>
<groepen><groep key="g1"><naam>1a</naam><jaargroep>1</jaargroep></groep>
<groep key="g2"><naam>2a</naam><jaargroep>2</jaargroep></groep>
<samengestelde_groep key="s1"><naam>plus</naam></samengestelde_groep>
<samengestelde_groep key="s2"><naam>taal</naam></samengestelde_groep></groepen>
<leerlingen><leerling key="1" eckid="e1"><achternaam>Aa</achternaam><voorvoegsel>van der</voorvoegsel>
<geslacht>2</geslacht><groep key="g1"/><samengestelde_groepen><samengestelde_groep key="s1"/></samengestelde_groepen>
<vestiging key="v1"/><bsn_ondwnr-4>1234</bsn_ondwnr-4><postcodenl>1234AB</postcodenl></leerling>
<leerling key="2" eckid="e2"><roepnaam>Bo</roepnaam></leerling><leerling key="3"><roepnaam>Cas</roepnaam></leerling>
</leerlingen><leerkrachten><leerkracht key="1" eckid="e1"><achternaam>Dis</achternaam><rol>LRK</rol><groepen>
<groep key="g1"><rol>LRK</rol><rolomschrijving>duo</rolomschrijving></groep><samengestelde_groep key="s1"/></groepen>
</leerkracht><leerkracht key="2"><roepnaam>Evi</roepnaam></leerkracht></leerkrachten>
</leerlinggegevens></leerlinggegevens_antwoord>"""

_NAAM = (
    "<achternaam>Aa</achternaam><voorvoegsel>van</voorvoegsel><voornamen>Bo Cas</voornamen>"
    "<voorletters-1>B.C.</voorletters-1><roepnaam>Bo</roepnaam>"
)
_LATER = "<omschrijving>o</omschrijving><mutatiedatum>2023-09-01T10:00:00</mutatiedatum>"
_SCHOLEN = (
    "<brincode>21QW</brincode><dependancecode>00</dependancecode><schoolkey>s</schoolkey>",
    "<instellingsnummer>12345</instellingsnummer><schoolkey>s</schoolkey>",
    "<schoolkey>s</schoolkey>",
)
_NUMMERS = {"sofinummer": 9, "bsn": 9, "onderwijsnummer": 9, "bsn_ondwnr-4": 4, "rijksregisternummer": 11}
_POSTCODES = {"postcodenl": "1234AB", "postnummerbe": "1234", "postcodeoverig": "x"}


VOL = {
    "brincode": (_SCHOLEN[0], _NAAM, "sofinummer", "postcodenl"),
    "instellingsnummer": (_SCHOLEN[1], "<roepnaam>Bo</roepnaam>", "bsn", "postnummerbe"),
    "schoolkey": (_SCHOLEN[2], _NAAM, "onderwijsnummer", "postcodeoverig"),
    "no school": ("", "<achternaam>Aa</achternaam>", "bsn_ondwnr-4", "postcodenl"),
    "names": (_SCHOLEN[0], "<achternaam>Aa</achternaam><roepnaam>Bo</roepnaam>", "rijksregisternummer", "postcodenl"),
}
"""The full answers there are: school, names, number and postcode exclude each other's forms."""


def vol(name: str) -> etree._Element:
    """Give a valid answer with every element there is, but for the branches that exclude each other."""
    school, naam, nummer, postcode = VOL[name]
    return etree.fromstring(
        f'<leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens><school><schooljaar>2023-2024</schooljaar>'
        f"<peildatum>2023-09-01</peildatum>{school}<aanmaakdatum>2023-09-01T10:00:00+02:00</aanmaakdatum>"
        "<auteur>a</auteur><xsdversie>2.2</xsdversie><commentaar>c</commentaar></school>"
        f'<vestigingen><vestiging key="v1"><naam>v</naam>{_LATER}</vestiging></vestigingen><groepen>'
        f'<groep key="g1"><naam>g</naam><jaargroep>1</jaargroep>{_LATER}</groep>'
        f'<samengestelde_groep key="s1"><naam>s</naam>{_LATER}</samengestelde_groep></groepen>'
        f'<leerlingen><leerling key="1" eckid="e1">{naam}<geboortedatum>2016-02-03</geboortedatum>'
        "<geslacht>1</geslacht>"
        '<start_ondw_jgr3>2022-08-01</start_ondw_jgr3><jaargroep>4</jaargroep><groep key="g1"/><samengestelde_groepen>'
        '<samengestelde_groep key="s1"/></samengestelde_groepen><vestiging key="v1"/><gebruikersnaam>g</gebruikersnaam>'
        "<emailadres>e</emailadres><fotourl>f</fotourl><etniciteit>0</etniciteit><land>NL</land>"
        f"<land_vader>BE</land_vader><land_moeder>?</land_moeder><{nummer}>{'1' * _NUMMERS[nummer]}</{nummer}>"
        f"<gewicht_nieuw>0,3</gewicht_nieuw><gewicht>0.25</gewicht><{postcode}>{_POSTCODES[postcode]}</{postcode}>"
        "<instroomdatum>2020-08-01</instroomdatum><uitstroomdatum>2028-07-31</uitstroomdatum>"
        "<mutatiedatum>2023-09-01T10:00:00</mutatiedatum></leerling></leerlingen>"
        f'<leerkrachten><leerkracht key="1" eckid="e1">{naam}<gebruikersnaam>g</gebruikersnaam>'
        '<emailadres>e</emailadres><rol>LRK</rol><rolomschrijving>r</rolomschrijving><groepen><groep key="g1">'
        '<rol>IB</rol><rolomschrijving>r</rolomschrijving></groep><samengestelde_groep key="s1"><rol>RT</rol>'
        "</samengestelde_groep></groepen><mutatiedatum>2023-09-01T10:00:00</mutatiedatum></leerkracht></leerkrachten>"
        "</leerlinggegevens></leerlinggegevens_antwoord>"
    )


def basis() -> etree._Element:
    """Give a valid answer with one and more of everything."""
    return etree.fromstring(_BASIS, etree.XMLParser(remove_blank_text=True))


def stap(whole: etree._Element, naam: str) -> etree._Element:
    """Give the answer in steps that holds the same records as an answer of the whole school."""
    root = etree.XML(f'<{naam}_antwoord xmlns="{LG}"><leerlinggegevens-{naam}/></{naam}_antwoord>')
    parts = etree.fromstring(etree.tostring(whole))[0]
    root[0].extend([part for part in parts if etree.QName(part).localname in STAPPEN[naam]])
    return etree.fromstring(etree.tostring(root))
