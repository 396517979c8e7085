"""A LAS as a plain typed Spyne service, written from the published schema: `service.py PORT SCHOOL.xml`.

It has the operation at once; Spyne makes its own WSDL of these types.
"""

import os
import sys
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import make_server

from lxml import etree

from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - Spyne itself does not load on Python 3.12 and later

from spyne import Application, ComplexModel, Date, DateTime, Fault, Service, Unicode, XmlAttribute, rpc  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server.wsgi import WsgiApplication  # isort: skip
from spyne.util.xml import get_xml_as_object  # isort: skip

LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
Text64 = Unicode(64, min_len=1)
Text64Required = Unicode(64, min_len=1, min_occurs=1)


class Model(ComplexModel):  # type: ignore[misc] # Spyne has no types
    """A type of the namespace of leerlinggegevens."""

    __namespace__ = LG


class Autorisatie(ComplexModel):  # type: ignore[misc] # idem
    """The header."""

    __namespace__ = AUT
    __type_name__ = "autorisatie"
    autorisatiesleutel = Text64Required
    klantcode = Text64Required
    klantnaam = Text64Required


class Verzoek(Model):
    """A request."""

    schooljaar = Unicode(pattern="[1-2][0-9]{3}-[1-2][0-9]{3}", min_occurs=1)
    brincode = Unicode(pattern="[0-9]{2}[A-Z]{2}")
    dependancecode = Unicode(pattern="[0-9]{2}")
    schoolkey = Unicode(256, min_len=1)
    xsdversie = Unicode(32, min_len=1, min_occurs=1)
    gegevenssetid = Text64
    laatstontvangengegevens = DateTime


class School(Model):
    """Of which school and year an answer is."""

    schooljaar = Unicode
    brincode = Unicode
    dependancecode = Unicode
    schoolkey = Unicode
    aanmaakdatum = DateTime
    auteur = Unicode
    xsdversie = Unicode


class Groep(Model):
    """A stamgroep."""

    key = XmlAttribute(Unicode)
    naam = Unicode
    jaargroep = Unicode


class SamengesteldeGroep(Model):
    """A samengestelde groep."""

    key = XmlAttribute(Unicode)
    naam = Unicode


class Groepen(Model):
    """The groups of the school."""

    groep = Groep.customize(max_occurs="unbounded")
    samengestelde_groep = SamengesteldeGroep.customize(max_occurs="unbounded")


class Reference(Model):
    """A reference to a group."""

    key = XmlAttribute(Unicode)
    rol = Unicode


class SamengesteldeGroepen(Model):
    """The samengestelde groepen of a leerling."""

    samengestelde_groep = Reference.customize(max_occurs="unbounded")


class Leerling(Model):
    """A leerling."""

    key = XmlAttribute(Unicode)
    eckid = XmlAttribute(Unicode)
    achternaam = Unicode
    voorvoegsel = Unicode
    roepnaam = Unicode
    geboortedatum = Date
    geslacht = Unicode
    jaargroep = Unicode
    groep = Reference
    samengestelde_groepen = SamengesteldeGroepen


class Leerlingen(Model):
    """The leerlingen."""

    leerling = Leerling.customize(max_occurs="unbounded")


class LeerkrachtGroepen(Model):
    """The groups of a leerkracht."""

    groep = Reference.customize(max_occurs="unbounded")
    samengestelde_groep = Reference.customize(max_occurs="unbounded")


class Leerkracht(Model):
    """A leerkracht."""

    key = XmlAttribute(Unicode)
    eckid = XmlAttribute(Unicode)
    achternaam = Unicode
    voorvoegsel = Unicode
    roepnaam = Unicode
    emailadres = Unicode
    rol = Unicode
    groepen = LeerkrachtGroepen


class Leerkrachten(Model):
    """The leerkrachten."""

    leerkracht = Leerkracht.customize(max_occurs="unbounded")


class Leerlinggegevens(Model):
    """The data of a school."""

    school = School
    groepen = Groepen
    leerlingen = Leerlingen
    leerkrachten = Leerkrachten


class Empty(Model):
    """An element with nothing in it."""


class Antwoord(Model):
    """An answer."""

    leerlinggegevens = Leerlinggegevens
    geenwijzigingen = Empty
    geengegevens = Empty


def load(path: str) -> Any:
    """Return the school of a file."""
    data = get_xml_as_object(etree.parse(path).getroot(), Leerlinggegevens)
    data.school.aanmaakdatum = datetime.now(UTC).replace(microsecond=0)
    data.school.xsdversie = "2.2"
    return data


class LeerlinggegevensService(Service):  # type: ignore[misc] # idem
    """The service of a LAS."""

    __in_header__ = Autorisatie
    data: Any = None

    @rpc(  # type: ignore[untyped-decorator] # idem
        Verzoek,
        _returns=Antwoord,
        _body_style="bare",
        _in_message_name="leerlinggegevens_verzoek",
        _out_message_name="leerlinggegevens_antwoord",
    )
    def HaalLeerlinggegevens(ctx: Any, verzoek: Verzoek) -> Antwoord:  # noqa: N802, N805 - the published name; Spyne gives no self
        """Return the data of the school."""
        header, data = ctx.in_header, LeerlinggegevensService.data
        if header is None:
            raise Fault("Client.AutorisatieOngeldig", "Geen autorisatie")
        if (header.klantnaam, header.klantcode) != (os.environ["KLANTNAAM"], os.environ["KLANTCODE"]):
            raise Fault("Client.OngeldigeKlantIdentificatie", "Onbekende klant")
        asked = header.autorisatiesleutel, verzoek.brincode, verzoek.dependancecode or "00"
        if asked != (os.environ["SLEUTEL"], data.school.brincode, data.school.dependancecode):
            raise Fault("Client.AutorisatieOngeldig", "Geen toegang tot deze school")
        if verzoek.xsdversie != data.school.xsdversie:
            raise Fault("Client.XsdVersieOngeldig", "Deze versie wordt niet ondersteund")
        if verzoek.schooljaar != data.school.schooljaar:
            return Antwoord(geengegevens=Empty())
        since = verzoek.laatstontvangengegevens
        if since is not None and since >= data.school.aanmaakdatum:
            return Antwoord(geenwijzigingen=Empty())
        return Antwoord(leerlinggegevens=data)


if __name__ == "__main__":
    LeerlinggegevensService.data = load(sys.argv[2])
    service = Application(
        [LeerlinggegevensService], tns=LG, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11()
    )
    make_server("127.0.0.1", int(sys.argv[1]), WsgiApplication(service)).serve_forever()
