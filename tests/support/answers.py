"""An answer written out by hand, with two and more of everything, whose keys and references can be broken."""

from lxml import etree

from support.mutants import LG

_BASE = f"""<leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens>
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


def basis() -> etree._Element:
    """Return a valid answer with one and more of everything."""
    return etree.fromstring(_BASE, etree.XMLParser(remove_blank_text=True))
