"""The sandbox of the demo: every situation called by zeep, and what a vendor does about it, in one server process."""

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from requests import RequestException
from support.sandbox import situation
from support.sandbox_vendor import Vendor, ask
from support.server import WAIT, command, port_of_our_own
from support.toolkits import need_php
from zeep import Client
from zeep.exceptions import Fault
from zeep.helpers import serialize_object

from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.demo.setup import BRIN6, VERIFICATIECODE
from uwlr_adapter.sandbox.call_log import REASONS
from uwlr_adapter.sandbox.situations import SITUATIONS, OnCall, Start, VendorSituation

ANSWERED = [one for one in SITUATIONS if one.is_answered and one.form.has_records]
REFUSED = [one for one in SITUATIONS if one.start is not Start.ACTIVE]
PAUSED, ENDED = "the school paused the koppeling", "the school ended the koppeling"


def november(vendor: Vendor) -> str:
    """Return a day of the schooljaar on which no other one is answered by itself, whenever the tests run."""
    return f"{vendor.schooljaar[:4]}-11-25"


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    """Start the demo; yields the published account."""
    folder = tmp_path_factory.mktemp("sandbox")
    with port_of_our_own() as port:
        arguments = ("demo", "--port", str(port), "--data", str(folder / "data"), "--json")
        process = subprocess.Popen(command(*arguments), cwd=folder, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        printed = json.loads(process.stdout.readline())
        client = Client(printed["wsdl"])
        vendor = Vendor(f"http://127.0.0.1:{port}", client, printed["schooljaar"])
        try:
            vendor.api("clock", to=november(vendor))
            yield vendor
        finally:
            client.transport.session.close()
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=WAIT)


@pytest.fixture(scope="module")
def other(vendor: Vendor) -> Vendor:
    """Return a vendor with an account of its own."""
    made = vendor.api("accounts", klantnaam="Een ander")
    codes = made["klantnaam"], made["klantcode"], made["letters"]
    return Vendor(vendor.base, vendor.client, vendor.schooljaar, *codes)


@pytest.mark.parametrize("one", [one for one in ANSWERED if one.on_call is OnCall.NOTHING], ids=lambda one: one.name)
def test_a_situation_with_data(vendor: Vendor, one: VendorSituation) -> None:
    """Each school that is to answer does, in every version, with as many leerlingen as its situation says."""
    for version in VERSIONS if one.form.per_jaargroep < 100 else ("2.2",):
        data = vendor.fetch(one, xsdversie=version).leerlinggegevens
        assert len(data.leerlingen.leerling) == (8 * one.form.per_jaargroep or 1) - one.form.has_withheld
    assert vendor.last_call()["outcome"] == "leerlinggegevens"


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one.name)
def test_a_situation_without_access(vendor: Vendor, one: VendorSituation) -> None:
    """Each school without access gets the one fault for all, and the page of calls has the true reason."""
    assert vendor.refused(one) == "Client.AutorisatieOngeldig"
    reason = {Start.PAUSED: "gepauzeerd", Start.ENDED: "beëindigd", Start.NOT_STARTED: "nog niet gestart"}
    assert vendor.last_call()["reason"] == REASONS[reason.get(one.start, "code onjuist")]


def test_profiles_say_what_leaves(vendor: Vendor) -> None:
    """The school is the same; the LVS-set and volledig have more of it."""
    found = [vendor.leerlingen(situation(name))[0] for name in ("usual", "lvs-set", "volledig")]
    assert [one.geslacht is not None for one in found] == [False, True, True]
    assert [one.gebruikersnaam is not None for one in found] == [False, False, True]


def test_what_is_in_the_records(vendor: Vendor) -> None:
    """No ECK-iD, double names and samengestelde groepen are there where the table says so, and only there."""
    assert {one.eckid for one in vendor.leerlingen(situation("no-eckid"))} == {None}
    assert None not in {one.eckid for one in vendor.leerlingen(situation("usual"))}
    for name, doubles in (("usual", 0), ("double-names", 8)):
        names = [(one.roepnaam, one.voorvoegsel, one.achternaam) for one in vendor.leerlingen(situation(name))]
        assert len(names) - len(set(names)) >= doubles
        assert len(names) - len(set(names)) < doubles + 3
    data = vendor.fetch(situation("samengesteld")).leerlinggegevens
    assert len(serialize_object(data.groepen)["_value_1"]) == 8 + 6
    assert {len(one.samengestelde_groepen.samengestelde_groep) for one in data.leerlingen.leerling} == {2}


def test_a_school_without_data(vendor: Vendor) -> None:
    """A named schooljaar that is not laid out is geengegevens; an empty one is an answer that comes later."""
    vendor.fetch(situation("no-data"))
    assert vendor.last_call()["outcome"] == "geengegevens"
    assert vendor.refused(situation("no-data"), schooljaar="") == "Server.TijdelijkNietBeschikbaar"


def test_a_busy_school(vendor: Vendor) -> None:
    """Two calls come too early, with Retry-After; the third has the data, and so again; a school can be made busy."""
    for _ in range(2):
        for _ in range(2):
            assert vendor.refused(situation("busy")) == "Server.TijdelijkNietBeschikbaar"
            assert vendor.last_call()["retry_after"] == "5"
        assert len(vendor.leerlingen(situation("busy"))) == 24
    vendor.act(situation("lvs-set"), "busy", calls="1")
    assert vendor.refused(situation("lvs-set")) == "Server.TijdelijkNietBeschikbaar"
    assert len(vendor.leerlingen(situation("lvs-set"))) == 24


def test_an_answer_that_breaks_off(vendor: Vendor) -> None:
    """As many answers as were asked for end before they are whole; the next one has all, as if it were the first."""
    school = situation("samengesteld")
    assert vendor.act(school, "break", calls="1")["done"] == "1 answer from now on will break off half-way"
    with pytest.raises(RequestException):
        vendor.fetch(school)
    assert vendor.last_call()["outcome"] == "leerlinggegevens"
    assert len(vendor.leerlingen(school)) == 24


def test_a_slow_school(vendor: Vendor) -> None:
    """The answer of a slow school is the usual one; how long it waits is asked of it, within bounds."""
    brin6 = situation("slow").brin6("ZA")
    assert vendor.api(f"schools/{brin6}")["koppeling"] == "active"
    assert vendor.act(situation("slow"), "slow", seconds="0")["done"] == "each answer takes 0 seconds longer"
    assert len(vendor.leerlingen(situation("slow"))) == 24
    assert vendor.act(situation("slow"), "slow", seconds="61")["status"] == 409


def test_a_school_that_changes(vendor: Vendor) -> None:
    """Each call gets other data: another achternaam, and one leerling more or fewer."""
    first, second, third = (vendor.leerlingen(situation("changing")) for _ in range(3))
    assert [len(one) for one in (first, second, third)] == [25, 24, 25]
    names = [{one.key: one.achternaam for one in found} for found in (first, second, third)]
    assert sum(names[0][key] != names[1][key] for key in names[1]) == 1
    assert sum(names[1][key] != names[2][key] for key in names[1]) == 1


def test_a_leerling_who_left(vendor: Vendor) -> None:
    """From the second call on one leerling is not in the answer, and stays away."""
    first, second, third = (vendor.keys(situation("leaver")) for _ in range(3))
    assert (len(first - second), second - first, third) == (1, set(), second)


def test_a_held_leerling(vendor: Vendor) -> None:
    """The leerling of an open question is answered as before, until the question is answered; then he is another."""
    held = situation("held")
    before = {one.key: one.roepnaam for one in vendor.leerlingen(held)}
    assert vendor.act(held, "answer", choice="maybe")["status"] == 409
    assert vendor.act(held, "answer", choice="new")["done"] == "the question is answered"
    after = {one.key: one.roepnaam for one in vendor.leerlingen(held)}
    assert len(after) == len(before)
    assert len(before.keys() - after.keys()) == 1


def test_a_year_that_is_released(vendor: Vendor) -> None:
    """The next year has those who stay under the same keys; another school releases it when it is asked to."""
    start = int(vendor.schooljaar[:4]) + 1
    coming = f"{start}-{start + 1}"
    now, then = (vendor.keys(situation("year-switch"), schooljaar=one) for one in (vendor.schooljaar, coming))
    assert len(now & then) == 21
    vendor.fetch(situation("samengesteld"), schooljaar=coming)
    assert vendor.last_call()["outcome"] == "geengegevens"
    vendor.act(situation("samengesteld"), "new-year")
    assert len(vendor.keys(situation("samengesteld"), schooljaar=coming)) == 24


def test_acts_on_leerlingen(vendor: Vendor) -> None:
    """One goes, comes, moves, or gets another name or ECK-iD, by an import; a wrong key is refused in a sentence."""
    school = situation("volledig")
    before = vendor.keys(school)
    gone, renamed, moved = sorted(before)[:3]
    vendor.act(school, "leave", leerling=gone)
    vendor.act(school, "rename", leerling=renamed, achternaam="Nieuwenhuis")
    vendor.act(school, "join")
    after = {one.key: one.achternaam for one in vendor.leerlingen(school)}
    assert before - after.keys() == {gone}
    assert len(after.keys() - before) == 1
    assert after[renamed] == "Nieuwenhuis"
    groepen = {one.key: one.groep.key for one in vendor.leerlingen(school)}
    other = min(set(groepen.values()) - {groepen[moved]})
    vendor.act(school, "move", leerling=moved, groep=other)
    assert {one.key: one.groep.key for one in vendor.leerlingen(school)} == groepen | {moved: other}
    listed = {one["key"]: one["groep"] for one in vendor.api(f"schools/{school.brin6('ZA')}")["leerlingen"]}
    assert listed == groepen | {moved: other}
    eckids = {one.key: one.eckid for one in vendor.leerlingen(school)}
    vendor.act(school, "correct", leerling=moved)
    corrected = {one.key: one.eckid for one in vendor.leerlingen(school)}
    assert {key for key in eckids.keys() | corrected.keys() if eckids[key] != corrected[key]} == {moved}
    assert vendor.act(situation("no-eckid"), "correct")["done"].endswith(" has an ECK-iD")
    assert len({one.eckid for one in vendor.leerlingen(situation("no-eckid"))}) == 2
    vendor.act(situation("no-eckid"), "reset")
    assert "to another groep" in vendor.act(school, "move", leerling=moved, groep=other)["error"]
    refusal = vendor.act(school, "leave", leerling=gone)
    assert (refusal["status"], refusal["error"]) == (409, "this school has no leerling with that key now")
    vendor.act(school, "reset")
    assert vendor.keys(school) == before


def test_acts_on_a_koppeling(vendor: Vendor) -> None:
    """A pause, a code, an end and another activation are at once what the next call meets."""
    school = situation("one-leerling")
    for act, reason in (("pause", PAUSED), ("resume", None), ("end", ENDED), ("activate", None)):
        vendor.act(school, act)
        if reason is None:
            assert len(vendor.leerlingen(school)) == 1
        else:
            assert vendor.refused(school) == "Client.AutorisatieOngeldig"
            assert vendor.last_call()["reason"] == reason
    assert vendor.act(school, "resume")["status"] == 409
    assert vendor.act(school, "explode")["status"] == 404


def test_two_vendors(vendor: Vendor, other: Vendor) -> None:
    """Each has schools and calls of its own, and the codes of the one open nothing of the other."""
    school = situation("usual")
    before = vendor.keys(school)
    other.act(school, "leave", leerling=min(other.keys(school)))
    assert (len(other.keys(school)), vendor.keys(school)) == (23, before)
    thief = Vendor(vendor.base, vendor.client, vendor.schooljaar, other.klantnaam, other.klantcode, vendor.letters)
    assert thief.refused(school) == "Client.AutorisatieOngeldig"
    assert vendor.last_call()["outcome"] == "leerlinggegevens"
    assert other.last_call()["outcome"] == "Client.AutorisatieOngeldig"
    assert other.api(f"schools/{school.brin6('ZA')}/leave")["status"] == 409
    assert vendor.api("accounts", klantnaam="Een ander")["status"] == 409
    nobody = Vendor(vendor.base, vendor.client, vendor.schooljaar, other.klantnaam, "not-the-klantcode")
    assert nobody.api("calls")["status"] == 401


def test_the_clock(vendor: Vendor, other: Vendor) -> None:
    """Moved over 1 August, everybody has moved up, for each account and for the example school; and back again."""
    school, start = situation("usual"), int(vendor.schooljaar[:4])
    coming = f"{start + 1}-{start + 2}"
    now = other.keys(situation("volledig"))
    assert vendor.refused(situation("not-started")) == "Client.AutorisatieOngeldig"
    try:
        vendor.api("clock", to="next-year")
        assert vendor.fetch(school, schooljaar="").leerlinggegevens.school.schooljaar == coming
        assert len(other.keys(situation("volledig"), schooljaar=coming) & now) == 21
        assert other.keys(situation("volledig")) == now
        assert vendor.leerlingen(situation("not-started"), schooljaar=coming)
        assert len(other.keys(situation("samengesteld"))) == 24
        vendor.api("clock", to="+92")
        vendor.fetch(school)
        assert vendor.last_call()["outcome"] == "geengegevens"
        vendor.api("clock", to=f"{start - 2}-03-01")
        assert vendor.fetch(school, schooljaar="").leerlinggegevens.school.schooljaar == f"{start - 3}-{start - 2}"
        assert vendor.refused(situation("not-started"), schooljaar="") == "Client.AutorisatieOngeldig"
        example = vendor.fetch_school(BRIN6, VERIFICATIECODE, schooljaar="").leerlinggegevens
        assert (example.school.schooljaar, len(example.leerlingen.leerling)) == (f"{start - 3}-{start - 2}", 232)
    finally:
        vendor.api("clock", to=november(vendor))
    assert vendor.fetch(school, schooljaar="").leerlinggegevens.school.schooljaar == vendor.schooljaar


def test_the_year_of_the_guide(vendor: Vendor, tmp_path: Path) -> None:
    """The commands of docs/guides/vendor-database.md, with its program in PHP, do what stands behind them."""
    need_php()
    page = (Path(__file__).parents[2] / "docs" / "guides" / "vendor-database.md").read_text(encoding="utf-8")
    page = page.replace("http://127.0.0.1:8080", vendor.base).replace("2027-0", f"{int(vendor.schooljaar[:4]) + 1}-0")
    program = re.search(r"```php\n(.*?)```", page, re.DOTALL)
    commands = re.search(r"### Try it in the sandbox.*?```sh\n(.*?)```", page, re.DOTALL)
    assert program is not None
    assert commands is not None
    school, text = situation("usual"), program[1].replace("[30, 60, 120, 240]", "[0, 0, 0, 0]")
    text = text.replace("'21QW'", f"'{school.brin6('ZA')[:4]}'").replace(VERIFICATIECODE, school.code("ZA"))
    (tmp_path / "school.php").write_text(text, encoding="utf-8")
    vendor.act(school, "reset")
    try:
        done = subprocess.run(
            ["sh", "-c", commands[1]], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=WAIT
        )
    finally:
        vendor.act(school, "reset")
        vendor.api("clock", to=november(vendor))
    printed = done.stdout.splitlines()
    counted = ["24 leerlingen, 0 weg", "23 leerlingen, 1 weg", *["23 leerlingen, 0 weg"] * 2, "26 leerlingen, 0 weg"]
    assert [line for line in printed if line.endswith(" weg")] == [*counted, "23 leerlingen, 3 weg"]
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["soap"]
    stored = json.loads((tmp_path / "school.json").read_text(encoding="utf-8"))["leerling"].values()
    schools = [json.loads(line) for line in printed if line.startswith('{"brin6"')]
    listed = schools[-1]["leerlingen"]
    assert {one["key"] for one in stored} == {one["key"] for one in listed}


def test_a_school_that_is_late(vendor: Vendor) -> None:
    """In August it has the schooljaar before and not the present one, whatever is done; from 1 September it has it."""
    school, start = situation("late"), int(vendor.schooljaar[:4]) + 1
    coming = f"{start}-{start + 1}"
    before = vendor.keys(school)
    try:
        for day, outcome in (("07-15", "geengegevens"), ("08-01", "geengegevens"), ("09-01", "leerlinggegevens")):
            vendor.api("clock", to=f"{start}-{day}")
            assert "done" in vendor.act(school, "rename")
            assert vendor.keys(school) == before
            vendor.fetch(school, schooljaar=coming)
            assert vendor.last_call()["outcome"] == outcome
        assert len(before & vendor.keys(school, schooljaar=coming)) == 21
    finally:
        vendor.api("clock", to=november(vendor))


@pytest.mark.parametrize("to", ["2525-01-01", "1999-01-01", "+999999999999", "tomorrow", "", "2027-13-01T10:00"])
def test_a_clock_far_away(vendor: Vendor, to: str) -> None:
    """A clock out of its bounds, or of no form, stays where it is; the answer says how far it goes or what to send."""
    before = vendor.api("")["clock"][:10]
    refusal = vendor.api("clock", to=to)
    assert refusal["status"] == 409
    assert "no further" in refusal["error"] or "forms" in refusal["error"]
    assert vendor.api("")["clock"][:10] == before


def test_a_call_that_names_nobody(vendor: Vendor) -> None:
    """A call that cannot be read is found by its X-Request-ID, with the word for what was wrong, and nothing else."""
    status, _, headers = ask(f"{vendor.base}/uwlr/leerlinggegevens", b"<geheim", {"Content-Type": "text/xml"})
    call = vendor.api(f"calls/{headers['x-request-id']}")
    assert (call["outcome"], call["status"], status) == ("Client.OngeldigBericht", 500, 500)
    assert call["explanation"] == f"/uwlr/fouten#{call['regel']}"
    assert "geheim" not in json.dumps(call)


def test_a_call_is_masked(vendor: Vendor) -> None:
    """The request of a call shows its shape, and none of its codes."""
    vendor.fetch(situation("usual"))
    call = vendor.last_call()
    assert "<brincode>01ZA</brincode>" in call["request"].replace("lg:", "").replace("ns0:", "")
    assert vendor.klantcode not in call["request"]
    assert situation("usual").code("ZA") not in call["request"]


@dataclass
class Copy:
    """The small database of a vendor, kept in step by whole answers."""

    leerlingen: dict[str, tuple[str, str, str]]

    def take(self, vendor: Vendor, school: VendorSituation) -> None:
        """Fetch the school, once more when it comes too early; keep what there was when it is refused."""
        for _ in range(5):
            try:
                found = vendor.leerlingen(school, schooljaar="")
            except Fault as fault:
                if fault.code == "soap:Server.TijdelijkNietBeschikbaar":
                    continue
                return
            self.leerlingen = {one.key: (one.roepnaam, one.achternaam, one.jaargroep) for one in found}
            return


def test_a_year_walked_by_a_program(other: Vendor) -> None:
    """A vendor that takes each answer whole is in step with its school after leavers, renames, refusals and a year."""
    school, copy = situation("double-names"), Copy({})
    copy.take(other, school)
    assert len(copy.leerlingen) == 24
    try:
        for act, values in (
            ("leave", {}),
            ("rename", {"achternaam": "Nieuwenhuis"}),
            ("busy", {"calls": "2"}),
            ("join", {}),
            ("pause", {}),
            ("leave", {"leerling": max(copy.leerlingen)}),
            ("resume", {}),
            ("end", {}),
            ("activate", {}),
        ):
            assert "status" not in other.act(school, act, **values), act
            copy.take(other, school)
        other.api("clock", to="next-year")
        copy.take(other, school)
        listed = other.api(f"schools/{school.brin6(other.letters)}")["leerlingen"]
        names = {one["key"]: (one["roepnaam"], one["achternaam"], str(one["jaargroep"])) for one in listed}
        assert copy.leerlingen == names
        assert any(one[1] == "Nieuwenhuis" for one in names.values())
    finally:
        other.api("clock", to=november(other))
