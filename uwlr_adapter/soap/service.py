"""The service behind the door: from a call to its answer, rows 4 to 10 of the table of checks.

One reading transaction sees who calls, what the koppeling allows and what the school looks like, at one moment. The
journaal line is written after it, and is on the disk before the answer leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter import journaal
from uwlr_adapter.administratie.gegevens import select
from uwlr_adapter.contract import antwoord, fault, names
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.profiel import PROFIELEN
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.contract.verzoek import Aanroep, Verzoek, keur
from uwlr_adapter.journaal import Reden, Verzoekregel
from uwlr_adapter.koppelingen.toegang import Geweigerd, Poort, Toegang
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.soap import spyne_compat  # noqa: F401 - before the first import of Spyne
from uwlr_adapter.soap.http import log_failure
from uwlr_adapter.soap.protocol import SpyneFout
from uwlr_adapter.tijd import AMSTERDAM, Klok, day_of, peildatum_in

from spyne import AnyXml, Service, rpc  # isort: skip

_REASONS = {
    fault.OngeldigBericht: Reden.SCHEMA,
    fault.XsdVersieOngeldig: Reden.VERSIE,
    fault.InterneFout: Reden.EIGEN_FOUT,
    fault.TijdelijkNietBeschikbaar: Reden.EIGEN_FOUT,
}
"""The reason in the journaal of a refusal that does not carry its own."""


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Dienst:
    """What answers a call: the database, the gate and the clock."""

    opslag: Opslag
    poort: Poort
    klok: Klok = field(repr=False)

    def answer(self, aanroep: Aanroep, bron: str) -> bytes:
        """Give the answer to a call from network address `bron`, written down. Raises UwlrFout."""
        moment = self.klok()
        try:
            with self.opslag.reading() as connection:
                afnemer = self.poort.identify(connection, aanroep.autorisatie, moment)
                regel = Verzoekregel(moment, aanroep.operatie.naam, afnemer.id, aanroep.herstel)
                answer = self._judge(connection, aanroep, regel)
        except fault.OngeldigeKlantIdentificatie as fout:
            self._count(fout, bron)
            raise
        with self.opslag.writing() as connection:
            journaal.record_verzoek(connection, regel)
        if isinstance(answer, fault.UwlrFout):
            raise answer
        return answer

    def refused(self, fout: fault.UwlrFout, bron: str) -> fault.UwlrFout:
        """Count a message that cannot be read; gives the fault for the caller."""
        try:
            guarded(lambda: self._count(fout, bron))
        except fault.UwlrFout as own:
            return own
        return fout

    def _count(self, fout: fault.UwlrFout, bron: str) -> None:
        """Count a refusal of a caller that is not known."""
        with self.opslag.writing() as connection:
            journaal.count_refusal(connection, moment=self.klok(), bron=bron, uitkomst=fout.code)

    def _grant(self, connection: sa.Connection, aanroep: Aanroep, regel: Verzoekregel) -> bytes:
        """Give the answer to a known afnemer (rows 6 to 10). Raises UwlrFout."""
        if aanroep.school is None:
            regel.reden = Reden.GEEN_SCHOOL
            raise fault.OngeldigBericht(_no_school(aanroep.operatie))
        toegang = self.poort.decide(connection, regel.afnemer_id, aanroep, regel.moment)
        regel.koppeling_id, regel.brin6 = toegang.koppeling_id, toegang.brin6
        verzoek = keur(aanroep)
        dataset = _select(connection, toegang, verzoek, regel.moment)
        return _write(verzoek, toegang, dataset, regel)

    def _judge(self, connection: sa.Connection, aanroep: Aanroep, regel: Verzoekregel) -> bytes | fault.UwlrFout:
        """Give what the caller gets, and fill in the line of the journaal on the way."""
        try:
            return guarded(lambda: self._grant(connection, aanroep, regel))
        except Geweigerd as fout:
            regel.reden, regel.koppeling_id, regel.brin6 = fout.reden, fout.koppeling_id, fout.brin6
            refusal: fault.UwlrFout = fout
        except fault.UwlrFout as fout:
            refusal = fout
        regel.uitkomst = refusal.code
        regel.reden = regel.reden or _REASONS.get(type(refusal))
        return refusal


def _no_school(operatie: names.Operatie) -> Bevinding:
    return Bevinding(f"{operatie.verzoek}/brincode", "school")


def _select(connection: sa.Connection, toegang: Toegang, verzoek: Verzoek, moment: datetime) -> Dataset | None:
    peildatum = peildatum_in(verzoek.schooljaar, day_of(moment))
    if peildatum is None:
        return None
    aanmaakdatum = moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")
    return select(
        connection,
        brin6=toegang.brin6,
        schooljaar=verzoek.schooljaar,
        peildatum=peildatum,
        aanmaakdatum=aanmaakdatum,
    )


def _write(verzoek: Verzoek, toegang: Toegang, dataset: Dataset | None, regel: Verzoekregel) -> bytes:
    """Give the bytes of an answer, judged by our own XSD before they leave."""
    if dataset is None:
        regel.uitkomst, regel.reden = "geengegevens", Reden.GEEN_GEGEVENS
        return antwoord.geengegevens(verzoek.operatie)
    content = antwoord.render(verzoek.operatie, dataset, PROFIELEN[toegang.profiel], verzoek.xsdversie)
    if findings := antwoord.check(content):
        raise InvalidAnswerError(f"{findings[0].pad}: {findings[0].regel}")
    regel.uitkomst, regel.leerlingen = verzoek.operatie.inhoud, len(dataset.leerlingen)
    return content


class InvalidAnswerError(Exception):
    """An answer of our own does not keep to our own schema; the text holds a path and a rule, no value."""


def guarded(work: Callable[[], Result]) -> Result:
    """Do the work of a call; whatever fails becomes a fault of the standard. Raises UwlrFout only."""
    try:
        return work()
    except fault.UwlrFout:
        raise
    except (DBAPIError, PoolTimeoutError) as error:
        log_failure(error)
        raise fault.TijdelijkNietBeschikbaar from error
    except Exception as error:
        log_failure(error)
        raise fault.InterneFout from error


def make_service(dienst: Dienst) -> type:
    """Give the Spyne service class of one Dienst."""

    class LeerlinggegevensService(Service):  # type: ignore[misc] # Spyne has no types
        """UWLR leerlinggegevens; the names are those of the WSDL."""

        @rpc(
            AnyXml,
            _returns=AnyXml,
            _body_style="bare",
            _in_message_name=names.HAAL_LEERLINGGEGEVENS.verzoek,
            _out_message_name=names.HAAL_LEERLINGGEGEVENS.antwoord,
        )  # type: ignore[untyped-decorator]
        def haal_leerlinggegevens(ctx: Any, aanroep: Aanroep) -> None:  # noqa: N805 - Spyne passes its context
            """Answer HaalLeerlinggegevens."""
            bron = ctx.transport.req_env["REMOTE_ADDR"]
            try:
                ctx.out_string = [guarded(lambda: dienst.answer(aanroep, bron))]
            except fault.UwlrFout as fout:
                raise SpyneFout(fout) from None

    return LeerlinggegevensService
