"""The rival: the same data through stock Spyne with typed models, as somebody new to it would write it.

Nothing of it is made slow: `Soap11` with its lxml validator, `WsgiApplication`, a class for each type, and the rows
of our own database read with SQLAlchemy Core. It keeps the same gate (afnemer, koppeling, code as a digest), and
answers `HaalLeerlinggegevens`, `HaalLeerlingen` of some groups, geenwijzigingen and refusals. What it does without: the
journal, the judgement of its own answers, profiles, versions, repairs, and everything that stock Spyne gets wrong.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import (
    aanstelling,
    deelname,
    groep,
    import_batch,
    inschrijving,
    persoon,
    plaatsing,
)
from uwlr_adapter.clock import AMSTERDAM, from_utc
from uwlr_adapter.contract.names import AUTORISATIE, LEERLINGGEGEVENS
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen.tables import Status, afnemer, koppeling
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import Application, Array, ComplexModel, DateTime, Fault, Service, Unicode, XmlAttribute, rpc  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server.wsgi import WsgiApplication  # isort: skip

_VELDEN = ("achternaam", "voorvoegsel", "roepnaam", "geboortedatum", "jaargroep")
_NAMEN = ("achternaam", "voorvoegsel", "roepnaam", "emailadres")


class Autorisatie(ComplexModel):  # type: ignore[misc] # Spyne has no types
    """The header."""

    __namespace__ = AUTORISATIE
    __type_name__ = "autorisatie"
    _type_info = [("autorisatiesleutel", Unicode), ("klantcode", Unicode), ("klantnaam", Unicode)]  # noqa: RUF012


class Verwijzing(ComplexModel):  # type: ignore[misc]
    """A reference to a group."""

    __namespace__ = LEERLINGGEGEVENS
    key = XmlAttribute(Unicode)


class Groepen(ComplexModel):  # type: ignore[misc]
    """The groups that a request names, or in which a leerkracht is."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [("groep", Verwijzing.customize(max_occurs="unbounded"))]  # noqa: RUF012


class Verzoek(ComplexModel):  # type: ignore[misc]
    """Both requests."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [  # noqa: RUF012
        ("schooljaar", Unicode),
        ("brincode", Unicode),
        ("dependancecode", Unicode),
        ("schoolkey", Unicode),
        ("xsdversie", Unicode),
        ("gegevenssetid", Unicode),
        ("laatstontvangengegevens", DateTime),
        ("groepen", Groepen),
    ]


class School(ComplexModel):  # type: ignore[misc]
    """The school block."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [  # noqa: RUF012
        ("schooljaar", Unicode),
        ("peildatum", Unicode),
        ("brincode", Unicode),
        ("dependancecode", Unicode),
        ("aanmaakdatum", Unicode),
        ("xsdversie", Unicode),
    ]


class Groep(ComplexModel):  # type: ignore[misc]
    """A group."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [("key", XmlAttribute(Unicode)), ("naam", Unicode), ("jaargroep", Unicode)]  # noqa: RUF012


class Leerling(ComplexModel):  # type: ignore[misc]
    """A leerling, with the fields of the smalle set."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [  # noqa: RUF012
        ("key", XmlAttribute(Unicode)),
        ("eckid", XmlAttribute(Unicode)),
        *((field_, Unicode) for field_ in _VELDEN),
        ("groep", Verwijzing),
    ]


class Leerkracht(ComplexModel):  # type: ignore[misc]
    """A leerkracht."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [  # noqa: RUF012
        ("key", XmlAttribute(Unicode)),
        ("eckid", XmlAttribute(Unicode)),
        *((field_, Unicode) for field_ in _NAMEN),
        ("groepen", Groepen),
    ]


class Leerlinggegevens(ComplexModel):  # type: ignore[misc]
    """The data of a school."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [  # noqa: RUF012
        ("school", School),
        ("groepen", Array(Groep, member_name="groep")),
        ("leerlingen", Array(Leerling, member_name="leerling")),
        ("leerkrachten", Array(Leerkracht, member_name="leerkracht")),
    ]


class Leeg(ComplexModel):  # type: ignore[misc]
    """An empty element."""

    __namespace__ = LEERLINGGEGEVENS


class Antwoord(ComplexModel):  # type: ignore[misc]
    """The answer of HaalLeerlinggegevens."""

    __namespace__ = LEERLINGGEGEVENS
    _type_info = [("leerlinggegevens", Leerlinggegevens), ("geenwijzigingen", Leeg), ("geengegevens", Leeg)]  # noqa: RUF012


class LeerlingenAntwoord(ComplexModel):  # type: ignore[misc]
    """The answer of HaalLeerlingen."""

    __namespace__ = LEERLINGGEGEVENS
    leerlingen = Leerlinggegevens.customize(sub_name="leerlinggegevens-leerlingen")
    geengegevens = Leeg


def make_newcomer(engine: sa.Engine, server_keys: ServerKeys) -> Any:  # noqa: ANN401 - a WSGI application of Spyne
    """Return the service over a database of ours, which it only reads."""

    class LeerlinggegevensService(Service):  # type: ignore[misc]
        __in_header__ = Autorisatie

        @rpc(  # type: ignore[untyped-decorator]
            Verzoek,
            _returns=Antwoord,
            _body_style="bare",
            _in_message_name="leerlinggegevens_verzoek",
            _out_message_name="leerlinggegevens_antwoord",
        )
        def HaalLeerlinggegevens(ctx: Any, verzoek: Any) -> Antwoord:  # noqa: ANN401, N802, N805 - as Spyne has it
            with engine.connect() as connection:
                brin6 = _admit(connection, server_keys, ctx.in_header, verzoek)
                changed = _changed(connection, brin6)
                if verzoek.laatstontvangengegevens is not None and verzoek.laatstontvangengegevens >= changed:
                    return Antwoord(geenwijzigingen=Leeg())
                where = (brin6, verzoek.schooljaar)
                return Antwoord(
                    leerlinggegevens=Leerlinggegevens(
                        school=_school(verzoek, changed),
                        groepen=_groepen(connection, *where),
                        leerlingen=_leerlingen(connection, *where),
                        leerkrachten=_leerkrachten(connection, *where),
                    )
                )

        @rpc(  # type: ignore[untyped-decorator]
            Verzoek,
            _returns=LeerlingenAntwoord,
            _body_style="bare",
            _in_message_name="leerlingen_verzoek",
            _out_message_name="leerlingen_antwoord",
        )
        def HaalLeerlingen(ctx: Any, verzoek: Any) -> LeerlingenAntwoord:  # noqa: ANN401, N802, N805
            with engine.connect() as connection:
                brin6 = _admit(connection, server_keys, ctx.in_header, verzoek)
                keys = {one.key for one in verzoek.groepen.groep}
                found = _leerlingen(connection, brin6, verzoek.schooljaar, keys)
                school = _school(verzoek, _changed(connection, brin6))
                return LeerlingenAntwoord(leerlingen=Leerlinggegevens(school=school, leerlingen=found))

    application = Application(
        [LeerlinggegevensService],
        tns=LEERLINGGEGEVENS,
        in_protocol=Soap11(validator="lxml"),
        out_protocol=Soap11(),
    )
    return WsgiApplication(application)


def _admit(connection: sa.Connection, server_keys: ServerKeys, header: Any, verzoek: Any) -> str:  # noqa: ANN401
    """Return the brin6 that the caller may ask for, or raise a fault."""
    caller = None
    if header is not None:
        caller = _identify(connection, server_keys, header.klantnaam or "", header.klantcode or "")
    if caller is None:
        raise Fault("Client.OngeldigeKlantIdentificatie", "De klantnaam of klantcode is onjuist.")
    brin6 = f"{verzoek.brincode}{verzoek.dependancecode}"
    query = sa.select(koppeling.c.code_digest).where(
        koppeling.c.afnemer_id == caller.id, koppeling.c.brin6 == brin6, koppeling.c.status == Status.ACTIEF
    )
    if not server_keys.probe(SecretPurpose.VERIFICATIECODE, header.autorisatiesleutel or "").matches(
        connection.scalar(query)
    ):
        raise Fault("Client.AutorisatieOngeldig", "De autorisatiesleutel is onjuist.")
    return brin6


def _identify(connection: sa.Connection, server_keys: ServerKeys, klantnaam: str, klantcode: str) -> Any:  # noqa: ANN401
    """Return the row of the afnemer that calls, if it is known."""
    row = connection.execute(sa.select(afnemer).where(afnemer.c.klantnaam == klantnaam)).one_or_none()
    if row is None or row.disabled_at is not None:
        return None
    presented = server_keys.probe(SecretPurpose.KLANTCODE, klantcode)
    digests = row.klantcode_digest, row.previous_digest, row.previous_until
    return row if presented.matches_either(*digests, datetime.now(UTC)) else None


def _changed(connection: sa.Connection, brin6: str) -> datetime:
    query = sa.select(sa.func.max(import_batch.c.moment)).where(import_batch.c.brincode == brin6[:4])
    return from_utc(connection.execute(query).scalar_one()).replace(microsecond=0)


def _school(verzoek: Any, changed: datetime) -> School:  # noqa: ANN401
    return School(
        schooljaar=verzoek.schooljaar,
        peildatum=datetime.now(AMSTERDAM).date().isoformat(),
        brincode=verzoek.brincode,
        dependancecode=verzoek.dependancecode,
        aanmaakdatum=changed.isoformat(),
        xsdversie=verzoek.xsdversie,
    )


def _groepen(connection: sa.Connection, brin6: str, schooljaar: str) -> list[Groep]:
    query = sa.select(groep).where(groep.c.brin6 == brin6, groep.c.schooljaar == schooljaar).order_by(groep.c.key)
    return [Groep(key=row.key, naam=row.naam, jaargroep=row.jaargroep) for row in connection.execute(query)]


def _leerlingen(connection: sa.Connection, brin6: str, schooljaar: str, keys: set[str] | None = None) -> list[Leerling]:
    """Return the leerlingen who are enrolled today, of all groups or of some."""
    of_year = (deelname.c.brin6 == brin6, deelname.c.schooljaar == schooljaar)
    today = datetime.now(AMSTERDAM).date()
    query = (
        sa.select(deelname, persoon.c.key, persoon.c.eckid, plaatsing.c.groep_key)
        .join(persoon, persoon.c.id == deelname.c.persoon_id)
        .join(inschrijving, _same_leerling(inschrijving))
        .outerjoin(plaatsing, _same_leerling(plaatsing))
        .where(
            *of_year,
            sa.or_(inschrijving.c.van.is_(None), inschrijving.c.van <= today),
            sa.or_(inschrijving.c.tot.is_(None), inschrijving.c.tot > today),
        )
        .order_by(persoon.c.key)
    )
    if keys is not None:
        query = query.where(plaatsing.c.groep_key.in_(keys))
    return [
        Leerling(
            key=row.key,
            eckid=row.eckid,
            groep=None if row.groep_key is None else Verwijzing(key=row.groep_key),
            **{field_: getattr(row, field_) for field_ in _VELDEN},
        )
        for row in connection.execute(query)
    ]


def _same_leerling(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[naam] == deelname.c[naam] for naam in ("brin6", "schooljaar", "persoon_id")))


def _leerkrachten(connection: sa.Connection, brin6: str, schooljaar: str) -> list[Leerkracht]:
    query = (
        sa.select(aanstelling, persoon.c.key, persoon.c.eckid)
        .join(persoon, persoon.c.id == aanstelling.c.persoon_id)
        .where(aanstelling.c.brin6 == brin6, aanstelling.c.schooljaar == schooljaar)
        .order_by(persoon.c.key)
    )
    return [
        Leerkracht(
            key=row.key,
            eckid=row.eckid,
            groepen=Groepen(groep=[Verwijzing(key=key) for _, key, _ in row.groepen]),
            **{field_: getattr(row, field_) for field_ in _NAMEN},
        )
        for row in connection.execute(query)
    ]
