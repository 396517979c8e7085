"""Results at the sandbox: every situation sent to by zeep, read back, and what a school does about them."""

import json
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.sandbox import situation
from support.sandbox_vendor import Vendor
from support.server import WAIT, command, port_of_our_own
from zeep import Client
from zeep.exceptions import Fault

from uwlr_adapter.cli import main
from uwlr_adapter.demo import toets
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.sandbox.call_log import REASONS
from uwlr_adapter.sandbox.situations import SITUATIONS, OnCall, ResultsStart, Start, VendorSituation

TAKEN = [
    one
    for one in SITUATIONS
    if one.start is Start.ACTIVE
    and one.results not in {ResultsStart.NOT_AGREED, ResultsStart.PAUSED}
    and one.form.has_records
    and one.on_call is not OnCall.REFUSES
    and one.on_call is not OnCall.WAITS
]
REFUSED = {
    **{one.name: "gepauzeerd" for one in SITUATIONS if one.start is Start.PAUSED},
    **{one.name: "beëindigd" for one in SITUATIONS if one.start is Start.ENDED},
    **{one.name: "nog niet gestart" for one in SITUATIONS if one.start is Start.NOT_STARTED},
    **{one.name: "code onjuist" for one in SITUATIONS if one.start is Start.OTHER_CODE},
    **{one.name: "geen akkoord resultaten" for one in SITUATIONS if one.results is ResultsStart.NOT_AGREED},
    **{one.name: "resultaten gepauzeerd" for one in SITUATIONS if one.results is ResultsStart.PAUSED},
}
"""The true reason of each situation that takes no results, in the word of the journaal."""


@dataclass(frozen=True)
class Sender:
    """A vendor that sends results to its schools by zeep."""

    vendor: Vendor
    client: Client

    def send(self, one: VendorSituation, results: Sequence[tuple[str, int]], day: int = 1, **school: str) -> Any:
        """Send a total of toets T1 for each leerling, as made on a day of November; returns the answer."""
        year = self.vendor.schooljaar[:4]
        block = {
            "schooljaar": self.vendor.schooljaar,
            "brincode": one.brin6(self.vendor.letters)[:4],
            "dependancecode": "00",
            "aanmaakdatum": f"{year}-11-{day:02}T10:00:00+01:00",
            "xsdversie": "2.2",
        } | school
        total = {"afnamedatum": f"{year}-11-01", "toetscode": "T1"}
        return self.client.service.BrengLeerresultaten(
            school=block,
            toetsafnames={"toetsafname": [_afname(key, score, total) for key, score in results]},
            toetsen={"toets": [{"toetscode": "T1"}]},
            _soapheaders={
                "msgpHeader": {
                    "autorisatiesleutel": one.code(self.vendor.letters),
                    "klantcode": self.vendor.klantcode,
                    "klantnaam": self.vendor.klantnaam,
                }
            },
        )

    def refused(self, one: VendorSituation, results: Sequence[tuple[str, int]], **school: str) -> str:
        """Return the code of the fault that a message gets."""
        with pytest.raises(Fault) as caught:
            self.send(one, results, 1, **school)
        return str(caught.value.code).removeprefix("soap:")

    def keys(self, one: VendorSituation) -> list[str]:
        """Return the keys of the leerlingen in the file of a school."""
        return [each["key"] for each in self.vendor.api(f"schools/{one.brin6(self.vendor.letters)}")["leerlingen"]]

    def stored(self, one: VendorSituation) -> dict[str, Any]:
        """Read back what stands."""
        return self.vendor.api(f"schools/{one.brin6(self.vendor.letters)}/results")

    def scores(self, one: VendorSituation) -> dict[str, int]:
        """Return the score by key of each result of T1 that stands."""
        return {each["key"]: each["score"] for each in self.stored(one)["results"] if each["toetscode"] == "T1"}


def _afname(key: str, score: int, total: dict[str, str]) -> dict[str, Any]:
    """Return the result of one leerling."""
    return {"leerlingid": key, "resultaten": {"resultaat": [{"key": f"r-{key}", "score": str(score), **total}]}}


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sender]:
    """Start the demo; yields the published account."""
    folder = tmp_path_factory.mktemp("sandbox-results")
    with port_of_our_own() as port:
        arguments = ("demo", "--port", str(port), "--data", str(folder / "data"), "--json")
        process = subprocess.Popen(command(*arguments), cwd=folder, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())
        fetching, sending = Client(printed["wsdl"]), Client(printed["leerresultaten_endpoint"] + "?wsdl")
        vendor = Vendor(f"http://127.0.0.1:{port}", fetching, printed["schooljaar"])
        try:
            vendor.api("clock", to=f"{vendor.schooljaar[:4]}-11-25")
            yield Sender(vendor, sending)
        finally:
            fetching.transport.session.close()
            sending.transport.session.close()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=WAIT)


@pytest.mark.parametrize("one", TAKEN, ids=lambda one: one.name)
def test_a_situation_that_takes_results(sender: Sender, one: VendorSituation) -> None:
    """Each school that is to take them does, and they are read back; the page of calls has how many."""
    keys = sender.keys(one)[-2:]
    assert sender.send(one, [(key, 7) for key in keys]) is None
    assert sender.scores(one) == {f"r-{key}": 7 for key in keys}
    last = sender.vendor.last_call()
    assert (last["operation"], last["outcome"]) == ("BrengLeerresultaten", "leerresultaten_bevestiging")
    assert last["results"] == f"{len(keys)} new"


@pytest.mark.parametrize("name", REFUSED)
def test_a_situation_that_takes_none(sender: Sender, name: str) -> None:
    """Each other one gets the one fault for all, and the page of calls has the true reason."""
    one = situation(name)
    assert sender.refused(one, [("L24000", 7)]) == "Client.AutorisatieOngeldig"
    assert sender.vendor.last_call()["reason"] == REASONS[REFUSED[name]]
    assert sender.stored(one)["results"] == []


def test_results_alone(sender: Sender) -> None:
    """Nothing goes out through a Resultatenkoppeling, with the code that results come in by."""
    one = situation("results-alone")
    assert sender.vendor.refused(one) == "Client.AutorisatieOngeldig"
    assert sender.vendor.last_call()["reason"] == REASONS["geen akkoord leerlinggegevens"]


def test_a_fetch_goes_on_while_results_are_paused(sender: Sender) -> None:
    """The two are paused by themselves; both stop with the code."""
    one = situation("results-paused")
    keys = sender.vendor.keys(one)
    assert len(keys) == 24
    sender.vendor.act(one, "resume-results")
    assert sender.send(one, [(min(keys), 5)]) is None
    sender.vendor.act(one, "pause")
    assert sender.refused(one, [(min(keys), 6)]) == "Client.AutorisatieOngeldig"
    assert sender.vendor.refused(one) == "Client.AutorisatieOngeldig"


def test_a_school_that_agrees_later(sender: Sender) -> None:
    """From then on results come in; it agrees once."""
    one = situation("results-not-agreed")
    key = sender.keys(one)[0]
    assert sender.vendor.act(one, "agree-results")["resultaten"] == "agreed to"
    assert sender.send(one, [(key, 5)]) is None
    assert sender.vendor.act(one, "agree-results")["status"] == 409


def test_a_leerling_who_left(sender: Sender) -> None:
    """Results of who left within the schooljaar are taken, as the table of situations says."""
    one = situation("leaver")
    sender.vendor.act(one, "reset")
    (gone,) = sender.vendor.keys(one) - sender.vendor.keys(one)
    assert sender.send(one, [(gone, 6)]) is None
    assert sender.scores(one) == {f"r-{gone}": 6}


def test_a_leerling_who_is_not_shared(sender: Sender) -> None:
    """The rest of a message is taken, and of that leerling alone nothing is; a stranger is the same."""
    one = situation("not-shared")
    everybody, answered = set(sender.keys(one)), sender.vendor.keys(one)
    (withheld,) = everybody - answered
    known = min(answered)
    assert sender.send(one, [(withheld, 3), ("nobody", 4), (known, 5)]) is None
    found = sender.stored(one)
    assert {each["key"] for each in found["results"]} >= {f"r-{known}"}
    assert {each["leerlingid"]: each["reason"] for each in found["not_processed"]} == {
        withheld: "withheld",
        "nobody": "unknown",
    }
    assert sender.vendor.last_call()["results"] == "1 new, 2 not processed"
    for alone in (withheld, "nobody"):
        assert sender.refused(one, [(alone, 3)]) == "Client.LeerlingOngeldig"
        assert sender.vendor.last_call()["regel"] == "onbekend"


def test_twice_corrected_and_overtaken(sender: Sender) -> None:
    """The same again changes nothing, a newer message corrects, and an older one is overtaken; all are confirmed."""
    one = situation("volledig")
    key = sender.keys(one)[0]
    told = []
    for score, day in ((4, 2), (4, 3), (9, 5), (1, 4)):
        assert sender.send(one, [(key, score)], day) is None
        told.append(sender.vendor.last_call()["results"])
    assert told == ["1 new", "1 same", "1 changed", "1 overtaken"]
    (stands,) = (each for each in sender.stored(one)["results"] if each["key"] == f"r-{key}")
    assert (stands["score"], stands["version"]) == (9, 2)


def test_what_a_school_took_back(sender: Sender) -> None:
    """A correction that was taken back stays away when it is sent again, and the results before it stand."""
    one = situation("taken-back")
    found = sender.stored(one)
    assert [each["taken_back"] for each in found["messages"]][-2:] == [True, False]
    assert {each["version"] for each in found["results"] if each["toetscode"] == "REK-5-1"} == {1}
    sender.vendor.act(one, "put-back")
    assert 2 in {each["version"] for each in sender.stored(one)["results"]}
    key = sender.keys(situation("lvs-set"))[1]
    other = situation("lvs-set")
    sender.send(other, [(key, 3)], 2)
    sender.vendor.act(other, "take-back")
    assert f"r-{key}" not in sender.scores(other)
    sender.send(other, [(key, 3)], 3)
    assert f"r-{key}" not in sender.scores(other)
    sender.send(other, [(key, 8)], 4)
    assert sender.scores(other)[f"r-{key}"] == 8
    assert sender.vendor.act(situation("samengesteld"), "put-back")["status"] == 409


def test_a_busy_and_a_slow_school(sender: Sender) -> None:
    """Two messages come too early, with Retry-After, and nothing of them is taken; the third one is."""
    one = situation("busy")
    key = sender.keys(one)[0]
    for _ in range(2):
        assert sender.refused(one, [(key, 7)]) == "Server.TijdelijkNietBeschikbaar"
        assert sender.vendor.last_call()["retry_after"] == "5"
        assert sender.scores(one) == {}
    assert sender.send(one, [(key, 7)]) is None
    assert sender.scores(one) == {f"r-{key}": 7}
    slow = situation("slow")
    sender.vendor.act(slow, "slow", seconds="0")
    assert sender.send(slow, [(sender.keys(slow)[0], 7)]) is None


def test_sending_changes_nobody(sender: Sender) -> None:
    """A school that changes at each fetch stays as it is when results come."""
    one = situation("changing")
    before = sender.keys(one)
    sender.send(one, [(before[0], 7)])
    assert sender.keys(one) == before


def test_a_message_is_masked_with_its_repairs(sender: Sender) -> None:
    """The page of calls shows the shape of a message, what was wrong or repaired, and no leerling, key or score."""
    one = situation("no-eckid")
    key = sender.keys(one)[0]
    assert sender.refused(one, [(key, 7)], schooljaar="2026") == "Client.OngeldigBericht"
    last = sender.vendor.last_call()
    assert (last["pad"], last["regel"]) == ("leerresultaten_verzoek/school/schooljaar", "vorm")
    assert "toetsafname" in last["request"]
    assert key not in json.dumps(last)
    assert sender.send(one, [(key, 7)], xsdversie="") is None
    assert sender.vendor.last_call()["repairs"] == ["xsdversie"]


def test_a_reset_begins_anew(sender: Sender) -> None:
    """Nothing stands after it, and the key is new again."""
    one = situation("double-names")
    key = sender.keys(one)[0]
    sender.send(one, [(key, 7)])
    sender.vendor.act(one, "reset")
    assert sender.stored(one) == {"results": [], "next": None, "messages": [], "not_processed": []}
    sender.send(one, [(key, 7)])
    assert sender.vendor.last_call()["results"] == "1 new"


def test_nobody_else_reads_them(sender: Sender) -> None:
    """An account reads what it sent to its own schools."""
    made = sender.vendor.api("accounts", klantnaam="Een derde")
    codes = made["klantnaam"], made["klantcode"], made["letters"]
    other = Vendor(sender.vendor.base, sender.vendor.client, sender.vendor.schooljaar, *codes)
    assert other.api("schools/01ZA00/results")["status"] == 409


def test_push(sender: Sender, tmp_path: Path) -> None:
    """The command sends a file to the service: taken, the same again, and refused with the place of what is wrong."""
    one, file = situation("one-leerling"), tmp_path / "toets.xml"
    moment = datetime.fromisoformat(f"{sender.vendor.schooljaar[:4]}-11-25T10:00:00+01:00")
    content = toets.verzoek_of(one.brin6("ZA"), sender.keys(one), moment)
    file.write_bytes(content)
    codes = ("--klantnaam", KLANTNAAM, "--klantcode", KLANTCODE, "--autorisatiesleutel", one.code("ZA"))

    def push(*options: str) -> Result:
        arguments = (
            "push",
            str(file),
            f"{sender.vendor.base}/uwlr/leerresultaten",
            *codes,
            "--allow-private",
            *options,
        )
        return CliRunner().invoke(main, arguments)

    told = []
    for _ in range(2):
        done = push("--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["outcome"] == "leerresultaten_bevestiging"
        told.append(sender.vendor.last_call()["results"])
        assert sender.vendor.last_call()["request_id"] == json.loads(done.stdout)["request_id"]
    assert told == ["3 new", "3 same"]
    file.write_bytes(content.replace(b"<score>", b"<score>6.5", 1))
    refused = push()
    assert refused.exit_code == 1
    assert "resultaat[1]/score: waarde" in refused.output
    assert f"{sender.vendor.base}/uwlr/fouten#waarde" in refused.output
    file.write_bytes(content.replace(b"<xsdversie>2.2</xsdversie>", b""))
    assert json.loads(push("--json").stdout)["repairs"] == ["xsdversie"]
    file.write_bytes(content)
    sender.vendor.act(one, "busy", calls="1")
    assert "Send it again after 5 s" in push().output


def test_a_large_message_is_read_back_by_page(sender: Sender) -> None:
    """More than the other service takes at once is taken, kept for the page of calls, and read back whole."""
    one = situation("many")
    keys = sender.keys(one)[:300]
    assert sender.send(one, [(key, 3) for key in keys], 20) is None
    assert sender.vendor.last_call()["results"].endswith(" new")
    found: list[str] = []
    path, after = f"schools/{one.brin6('ZA')}/results", 0
    while after is not None:
        page = sender.vendor.read(f"{path}?after={after}")
        found += [each["leerlingid"] for each in page["results"]]
        after = page["next"]
    assert set(keys) <= set(found)
    assert len(set(found)) == len(found)
    assert sender.vendor.read(f"{path}?after=x")["status"] == 409
