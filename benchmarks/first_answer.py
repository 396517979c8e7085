"""The first answer after an import: rendered, judged by our XSD, stored and sent, beside what lxml alone needs.

lxml judges and serialises the very same document, which it has as a tree already. What is timed of ours is the request
of a client over HTTP, on a connection that is there already; the import itself is not part of it.
"""

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import world
from figures import Requirement, Spread, show_ratio
from load import Connection
from lxml import etree
from records import brin6s, write_edexml
from servers import BACKENDS, ours

from uwlr_adapter.contract.files import contract_file

SIZE = 500
_REPEATS = 5


def measure(rounds: int) -> None:
    """Print the ratio for each database."""
    print(
        f"\nThe first answer after an import, {SIZE} leerlingen: {rounds} imports, each with another name of everybody"
    )
    for kind, make in BACKENDS.items():
        with ExitStack() as stack:
            backend = stack.enter_context(make())
            file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "school.edexml"
            brin6 = next(brin6s())
            write_edexml(file, brin6, SIZE)
            content = file.read_text(encoding="utf-8")
            database = world.open_database(backend)
            stack.callback(database.close)
            world.add_afnemer(database)
            world.import_file(database, file)
            world.activate(database, [brin6])
            world.tidy(database)
            server = stack.enter_context(ours(backend, "ours"))
            connection = Connection(server.port)
            stack.callback(connection.close)
            request = world.question(world.fetch_message(brin6)).raw()[0]
            own: list[float] = []
            lxml: list[float] = []
            for number in range(rounds + 1):
                name = f"Ronde{number}"
                file.write_text(content.replace("<achternaam>", f"<achternaam>{name}"), encoding="utf-8")
                world.import_file(database, file)
                started = time.perf_counter()
                answer = connection.ask(request)
                own.append((time.perf_counter() - started) * 1e3)
                if answer.status != 200 or answer.body.count(name.encode()) < SIZE:  # noqa: PLR2004 - HTTP
                    raise SystemExit("the first answer after an import is not that of the import")
                lxml.append(_lxml(answer.body) * 1e3)
        del own[0], lxml[0]  # the first one also loads what a process needs once
        print(f"  {kind}: ours {Spread.of(own)} ms, lxml {Spread.of(lxml)} ms")
        found = Spread.of([one / other for one, other in zip(own, lxml, strict=True)])
        show_ratio(f"{kind}: first answer / lxml that judges and serialises", found, Requirement(ceiling=4))


def _lxml(body: bytes) -> float:
    """Return the seconds, the median of some, in which lxml judges and serialises an answer."""
    schema = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
    tree = etree.ElementTree(etree.fromstring(body)[0][0])
    found = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        if not schema.validate(tree):
            raise SystemExit("an answer is not valid")
        etree.tostring(tree, encoding="utf-8", xml_declaration=True)
        found.append(time.perf_counter() - started)
    return statistics.median(found)
