"""An application that takes results: a koppeling with both toestemmingen, and the leerlingen of the samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from lxml import etree

from support.edexml_files import make_dataset
from support.result_messages import sample
from support.rsgi import close_worker, send
from support.school_builder import BRIN6, CODE, KLANTCODE
from support.trial_school import SCHOOLJAAR, TrialSchool
from support.wsgi import Reply, call
from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import persoon, vestiging
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry, EntryKind
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.tables import results_message, toets
from uwlr_adapter.web.rsgi import RsgiApp

PATH = "/uwlr/leerresultaten"
ECKID = f"https://ketenid.nl/201703/{'0123456789abcdef' * 8}"
"""The ECK-iD that samples have beside a leerlingid: it is nobody's, until `own_eckid`."""
LEERLINGEN = ("10001", "10002", "10003")
"""The leerlingen of the samples. Of the class (`class_of`) there are three: `lln-0` to `lln-2`."""
TABLES = (results_message, resultaat, resultaat_versie, toets, not_processed)
_OWN = {"21QW00VoorbeeldCode2026": CODE, "voorbeeld-klantcode": KLANTCODE, "Voorbeeldplatform": "Proef"}
"""The names and codes of the samples, and those that are right here."""


def from_here(message: bytes, names: Mapping[str, str] = _OWN) -> bytes:
    """Return a message with the codes and the name that are right here in the place of those of the samples."""
    for theirs, own in names.items():
        message = message.replace(theirs.encode(), own.encode())
    return message


@dataclass(frozen=True)
class ResultReply:
    """The answer to a message with results; `outcome` is the name of the confirmation, or a fault code."""

    reply: Reply
    outcome: str
    pad: str
    regel: str

    @property
    def repairs(self) -> str:
        """The header with the repairs that were needed."""
        return self.reply.headers.get("X-UWLR-Repairs", "")


def read_reply(reply: Reply) -> ResultReply:
    """Read an answer."""
    if not reply.headers.get("Content-Type", "").startswith("text/xml"):
        return ResultReply(reply, str(reply.status), "", "")
    root = etree.fromstring(reply.body)
    fault, detail = root.findtext(".//faultcode"), root.find(".//{urn:uwlr-adapter:fout}fout")
    outcome = etree.QName(root[0][0]).localname if fault is None else fault.partition(":")[2]
    pad, regel = ("-", "-") if detail is None else (str(detail.get("pad")), str(detail.get("regel")))
    return ResultReply(reply, outcome, pad, regel)


class ResultSchool(TrialSchool):
    """A trial school whose koppeling takes results."""

    def _offer(self, profiel: str) -> None:
        super()._offer(profiel)
        catalogue = self.settings.catalogus
        assert catalogue is not None
        text = catalogue.read_text(encoding="utf-8")
        catalogue.write_text(
            text.replace('afnemer = "Proef"', 'afnemer = "Proef"\nvoorwaarden_resultaten = "uwlr"'), encoding="utf-8"
        )

    def _fill(self, also: object) -> None:
        super()._fill(also)  # type: ignore[arg-type] # as it is given
        people = [
            Leerling(key, None, f"Vos{key}", roepnaam=f"Vo{key}", groep="g1")
            for key in (*LEERLINGEN, "lln-0", "lln-1", "lln-2")
        ]
        self.import_data(make_dataset(people, groepen=[Groep("groep", "g1", "3a", "3")], schooljaar=SCHOOLJAAR))
        with self.database.writing() as connection:
            connection.execute(vestiging.update().where(vestiging.c.brin6 == BRIN6).values(schoolkey="school-17"))
        self.let(ToestemmingStatus.ON)

    def let(self, status: ToestemmingStatus) -> None:
        """Set whether results may come in; an act on the koppeling."""
        values = {"resultaten": status.value, "version": koppeling.c.version + 1}
        with self.database.writing() as connection:
            connection.execute(koppeling.update().where(koppeling.c.brin6 == BRIN6).values(values))

    def own_eckid(self, key: str) -> None:
        """Make ECKID that of a leerling."""
        with self.database.writing() as connection:
            connection.execute(persoon.update().where(persoon.c.key == key).values(eckid=ECKID))

    def rsgi(self, threads: int) -> RsgiApp:
        """Return the application as a worker of `serve` has it, which ends with the school."""
        made = RsgiApp(self.app, threads)
        self._workers.append(made)
        return made

    def close(self) -> None:
        """End it."""
        for one in self._workers:
            close_worker(one)
        super().close()

    @cached_property
    def _workers(self) -> list[RsgiApp]:
        """The applications that `rsgi` made."""
        return []

    def bring(self, message: bytes, **environ: str) -> ResultReply:
        """Send a message of the samples, or one made as they are, as the platform that may."""
        return read_reply(call(self.app, from_here(message), path=PATH, **environ))

    async def bring_to(self, app: RsgiApp, message: bytes, *headers: tuple[str, str], pieces: int = 1) -> ResultReply:
        """Send a message to an RSGI application."""
        content = from_here(message)
        named = (("content-type", "text/xml"), ("content-length", str(len(content))), *headers)
        found = await send(app, content, *named, path=PATH, pieces=pieces)
        names = {"content-type": "Content-Type", "x-uwlr-repairs": "X-UWLR-Repairs", "retry-after": "Retry-After"}
        own = {names.get(name, name): value for name, value in found.headers.items()}
        return read_reply(Reply(found.statuses[0], own, found.content))

    def bring_sample(self, file: str) -> ResultReply:
        """Send a sample."""
        return self.bring(sample(file))

    def counts(self) -> tuple[int, ...]:
        """Return the number of rows of each table of results."""
        with self.database.reading() as connection:
            return tuple(connection.scalar(sa.select(sa.func.count()).select_from(one)) or 0 for one in TABLES)

    def standing(self, key: str) -> list[ResultVersion]:
        """Return what stands of the leerling with a key."""
        with self.database.reading() as connection:
            id_ = connection.scalar(sa.select(persoon.c.id).where(persoon.c.soort == "leerling", persoon.c.key == key))
            return [] if id_ is None else reading.of_leerling(connection, id_)

    @property
    def result_entries(self) -> list[Entry]:
        """The lines of the journaal about messages with results, the newest first."""
        with self.database.reading() as connection:
            return [one for one in search.read(connection) if one.kind is EntryKind.RESULTATEN]
