"""What a school does with its koppelingen: each act checks, changes one record and writes its journal line.

The functions take the open writing transaction of the caller (`Opslag.writing()`): an act and its line are whole
together, and a refused act (KoppelingFout) leaves everything as it was.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

import sqlalchemy as sa

from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Handeling
from uwlr_adapter.keys.server_keys import Doel, Sleutelbos
from uwlr_adapter.koppelingen import afnemers, store, verificatiecode
from uwlr_adapter.koppelingen import lifecycle as levensloop
from uwlr_adapter.koppelingen.catalogue import Aanbod, Catalogus
from uwlr_adapter.koppelingen.errors import (
    AlGeactiveerd,
    CodeBezet,
    CodeOngeldig,
    NogNietBeschikbaar,
    OnbekendAanbod,
    StaatAltijdAan,
    ZonderCode,
)
from uwlr_adapter.koppelingen.lifecycle import NIEUW, Koppeling
from uwlr_adapter.koppelingen.tables import Status


@dataclass(frozen=True, slots=True)
class Aanvraag:
    """What is filled in to activate a koppeling: `aanbod` is its id in the catalogue, `login` who is logged in.

    Without a Startdatum it opens today. Only a UWLR koppeling has, and needs, a verificatiecode.
    """

    brin6: str
    aanbod: str
    login: str
    naam: str = field(repr=False)
    akkoord: bool
    startdatum: date | None = None
    verificatiecode: str | None = field(default=None, repr=False)


def activate(
    connection: sa.Connection, catalogus: Catalogus, sleutels: Sleutelbos, aanvraag: Aanvraag, moment: datetime
) -> Koppeling:
    """Activate a koppeling for a vestiging that exists. Raises KoppelingFout."""
    aanbod = require_aanbod(catalogus, aanvraag.aanbod)
    store.lock_vestiging(connection, aanvraag.brin6)
    if store.living(connection, aanvraag.brin6, aanbod.id) is not None:
        raise AlGeactiveerd
    afnemer_id = _require_afnemer(connection, aanbod)
    akkoord = levensloop.agree(
        login=aanvraag.login,
        naam=aanvraag.naam,
        akkoord=aanvraag.akkoord,
        moment=moment,
        voorwaarden=aanbod.voorwaarden.versie,
    )
    nieuw = levensloop.activate(
        brin6=aanvraag.brin6,
        aanbod=aanbod.id,
        afnemer_id=afnemer_id,
        code_digest=_first_code(connection, sleutels, aanbod, aanvraag),
        akkoord=akkoord,
        startdatum=aanvraag.startdatum,
    )
    koppeling = replace(nieuw, id=store.insert(connection, nieuw))
    _record(connection, koppeling, Handeling.GEACTIVEERD, moment)
    return koppeling


def enter_code(
    connection: sa.Connection, sleutels: Sleutelbos, koppeling_id: int, versie: int, code: str, moment: datetime
) -> Koppeling:
    """Enter the verificatiecode of a koppeling, same or new: a paused one is active again.

    `versie` is that of the koppeling as it was looked at. Raises KoppelingFout.
    """
    gezien = store.by_id(connection, koppeling_id, versie)
    levensloop.require_code(gezien)
    store.lock_vestiging(connection, gezien.brin6)
    digest = _code_digest(connection, sleutels, gezien.brin6, code, except_id=gezien.id)
    nieuw = levensloop.enter_code(gezien, digest, moment)
    hervat = gezien.status is Status.GEPAUZEERD
    return _save(connection, nieuw, Handeling.HERVAT if hervat else Handeling.CODE_GEWIJZIGD, moment)


def clear_code(connection: sa.Connection, koppeling_id: int, versie: int, moment: datetime) -> Koppeling:
    """Clear the verificatiecode, which pauses the koppeling. Raises KoppelingFout."""
    nieuw = levensloop.clear_code(store.by_id(connection, koppeling_id, versie))
    return _save(connection, nieuw, Handeling.GEPAUZEERD, moment)


def end(connection: sa.Connection, koppeling_id: int, versie: int, moment: datetime) -> Koppeling:
    """End a koppeling for good; the catalogue entry is available again. Raises KoppelingFout."""
    nieuw = levensloop.end(store.by_id(connection, koppeling_id, versie), moment)
    return _save(connection, nieuw, Handeling.BEEINDIGD, moment)


def agree_again(
    connection: sa.Connection,
    catalogus: Catalogus,
    koppeling_id: int,
    versie: int,
    *,
    login: str,
    naam: str,
    akkoord: bool,
    moment: datetime,
) -> Koppeling:
    """Agree to the present version of the terms; the agreement before it is kept. Raises KoppelingFout."""
    gezien = store.by_id(connection, koppeling_id, versie)
    voorwaarden = require_aanbod(catalogus, gezien.aanbod).voorwaarden.versie
    nieuw = levensloop.renew_akkoord(
        gezien,
        levensloop.agree(login=login, naam=naam, akkoord=akkoord, moment=moment, voorwaarden=voorwaarden),
    )
    store.add_earlier_akkoord(connection, gezien.id, gezien.akkoord)
    return _save(connection, nieuw, Handeling.AKKOORD_VERNIEUWD, moment)


def require_aanbod(catalogus: Catalogus, id_: str) -> Aanbod:
    """Give a catalogue entry that can be activated. Raises OnbekendAanbod or StaatAltijdAan."""
    aanbod = catalogus.get(id_)
    if aanbod is None:
        raise OnbekendAanbod
    if aanbod.standaard:
        raise StaatAltijdAan
    return aanbod


def is_available(connection: sa.Connection, aanbod: Aanbod) -> bool:
    """Tell whether an entry can be activated now: a UWLR koppeling waits for its afnemer."""
    if aanbod.afnemer is None:
        return True
    afnemer = afnemers.find(connection, aanbod.afnemer)
    return afnemer is not None and afnemer.is_enabled


def _require_afnemer(connection: sa.Connection, aanbod: Aanbod) -> int | None:
    """Give the id of the afnemer through which data will flow; None when no data flow. Raises NogNietBeschikbaar."""
    if aanbod.afnemer is None:
        return None
    afnemer = afnemers.find(connection, aanbod.afnemer)
    if afnemer is None or not afnemer.is_enabled:
        raise NogNietBeschikbaar
    return afnemer.id


def _first_code(connection: sa.Connection, sleutels: Sleutelbos, aanbod: Aanbod, aanvraag: Aanvraag) -> str | None:
    if aanbod.heeft_code:
        return _code_digest(connection, sleutels, aanvraag.brin6, aanvraag.verificatiecode or "", except_id=NIEUW)
    if aanvraag.verificatiecode:
        raise ZonderCode
    return None


def _code_digest(connection: sa.Connection, sleutels: Sleutelbos, brin6: str, code: str, *, except_id: int) -> str:
    """Give the digest of a code that keeps to the rule and that no other koppeling of the vestiging has."""
    if zinnen := verificatiecode.broken_rules(code, brin6):
        raise CodeOngeldig(zinnen)
    proef = sleutels.probe(Doel.VERIFICATIECODE, code)
    if store.code_in_use(connection, brin6, proef, except_id=except_id):
        raise CodeBezet
    return sleutels.digest(Doel.VERIFICATIECODE, code)


def _save(connection: sa.Connection, koppeling: Koppeling, handeling: Handeling, moment: datetime) -> Koppeling:
    store.update(connection, koppeling)
    _record(connection, koppeling, handeling, moment)
    return koppeling


def _record(connection: sa.Connection, koppeling: Koppeling, handeling: Handeling, moment: datetime) -> None:
    writer.record_handeling(
        connection, moment=moment, handeling=handeling, koppeling_id=koppeling.id, brin6=koppeling.brin6
    )
