"""Zeep with its default settings against a real server, knowing only the address of the WSDL."""

from typing import Any

import pytest
from support.served_school import CODE, CODE_OF_ONE, ServedSchool
from support.server import Server
from zeep import Client
from zeep.exceptions import Fault


def fetch(context: ServedSchool, server: Server, brin6: str, key: str) -> Any:
    """Fetch a school as a vendor's first script does."""
    client = Client(f"{server.endpoint}?wsdl")
    try:
        return client.service.HaalLeerlinggegevens(
            schooljaar=context.schooljaar,
            brincode=brin6[:4],
            dependancecode=brin6[4:],
            xsdversie="2.2",
            _soapheaders={
                "msgpHeader": {
                    "autorisatiesleutel": key,
                    "klantcode": context.klantcodes["Snappet"],
                    "klantnaam": "Snappet",
                }
            },
        )
    finally:
        client.transport.session.close()


def test_a_school_with_one_of_each(served: ServedSchool, server: Server) -> None:
    """One groep, one leerling with only a roepnaam and one leerkracht without rol are lists of one."""
    data = fetch(served, server, "30AB00", CODE_OF_ONE).leerlinggegevens
    (leerling,) = data.leerlingen.leerling
    (leerkracht,) = data.leerkrachten.leerkracht
    assert (leerling.key, leerling.achternaam, leerling.roepnaam, leerling.groep.key) == ("l", None, "Één", "g")
    assert (leerkracht.key, leerkracht.roepnaam, leerkracht.groepen) == ("k", "Uno", None)
    assert (data.school.brincode, data.school.dependancecode) == ("30AB", "00")


def test_a_school_with_many_of_each(served: ServedSchool, server: Server) -> None:
    """The example school comes whole: leerlingen, groups of both kinds, leerkrachten with their groups."""
    data = fetch(served, server, "21QW00", CODE).leerlinggegevens
    assert len(data.leerlingen.leerling) == 232
    assert len(data.leerkrachten.leerkracht) == 9
    assert sum(one.eckid is None for one in data.leerlingen.leerling) == 1
    assert {one.jaargroep for one in data.leerlingen.leerling} == set("12345678")
    assert any(ord(letter) > 127 for one in data.leerlingen.leerling for letter in one.roepnaam)


def test_a_refusal_is_a_fault_with_its_sentence(served: ServedSchool, server: Server) -> None:
    """Zeep raises the fault of the standard."""
    with pytest.raises(Fault) as caught:
        fetch(served, server, "21QW00", CODE_OF_ONE)
    assert caught.value.code == "soap:Client.AutorisatieOngeldig"
    assert "verificatiecode" in caught.value.message
