"""`pull` in its forms against a real server: since a moment, in steps, and saved."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.served_school import CODE, CODE_OF_ONE, ServedSchool
from support.server import Server

from uwlr_adapter.cli import main
from uwlr_adapter.client.comparison import compare_answers
from uwlr_adapter.client.getrapt import pull_getrapt
from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.client.result import PullError
from uwlr_adapter.contract.versions import VERSIONS


def request(context: ServedSchool, brin6: str = "21QW00", code: str = CODE, xsdversie: str = "2.2") -> PullRequest:
    """Return a request of Snappet."""
    klantcode = context.klantcodes["Snappet"]
    return PullRequest("Snappet", klantcode, code, brin6[:4], brin6[4:], context.schooljaar, xsdversie)


@pytest.mark.parametrize("per_groep", [False, True], ids=["together", "per groep"])
@pytest.mark.parametrize("xsdversie", VERSIONS)
def test_in_steps_it_is_the_whole(served: ServedSchool, server: Server, xsdversie: str, *, per_groep: bool) -> None:
    """The three operations together give the records of the one, each once, in a valid answer."""
    asked = request(served, xsdversie=xsdversie)
    whole = pull(server.endpoint, asked, allow_private=True)
    steps = pull_getrapt(server.endpoint, asked, per_groep=per_groep, allow_private=True)
    assert whole.counts["leerlingen"] == 232
    assert (steps.counts, steps.findings, steps.outcome) == (whole.counts, (), "leerlinggegevens")
    assert compare_answers(whole.xml, steps.xml).is_same
    assert steps.aanmaakdatum is not None


def test_in_steps_who_is_in_no_groep_is_there(served: ServedSchool, server: Server) -> None:
    """A leerkracht without a groep is in the smallest school, which comes whole in steps as well."""
    steps = pull_getrapt(server.endpoint, request(served, "30AB00", CODE_OF_ONE), allow_private=True)
    assert (steps.counts["leerlingen"], steps.counts["leerkrachten"]) == (1, 1)


def test_in_steps_a_year_without_data(served: ServedSchool, server: Server) -> None:
    """Where there is no structuur, nothing else is asked; a refusal is told with its request id."""
    asked = request(served)
    empty = PullRequest("Snappet", asked.klantcode, CODE, "21QW", "00", "1999-2000")
    assert pull_getrapt(server.endpoint, empty, allow_private=True).outcome == "geengegevens"
    refused = PullRequest("Snappet", asked.klantcode, CODE_OF_ONE, "21QW", "00", served.schooljaar)
    with pytest.raises(PullError, match=r"^Client.AutorisatieOngeldig: .* \(X-Request-ID [0-9a-f]{32}\)$"):
        pull_getrapt(server.endpoint, refused, allow_private=True)


def run(context: ServedSchool, server: Server, *options: str) -> Result:
    """Run `pull` for the example school."""
    own = ("--klantnaam", "Snappet", "--klantcode", context.klantcodes["Snappet"], "--autorisatiesleutel", CODE)
    return CliRunner().invoke(main, ["pull", server.endpoint, *own, "--brin6", "21QW00", "--allow-private", *options])


def test_since_a_saved_answer(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """The aanmaakdatum of a saved answer is sent as it is; geenwijzigingen does not take the place of that answer."""
    out = tmp_path / "school.xml"
    first = json.loads(run(served, server, "--out", str(out), "--json").stdout)
    assert (first["outcome"], first["valid"], first["counts"]["leerlingen"]) == ("leerlinggegevens", True, 232)
    kept = out.read_bytes()
    assert first["aanmaakdatum"].encode() in kept
    for since in (f"@{out}", first["aanmaakdatum"]):
        again = run(served, server, "--out", str(out), "--json", "--sinds", since)
        assert json.loads(again.stdout)["outcome"] == "geenwijzigingen"
        assert "stays as it is" in " ".join(again.stderr.split())
    assert out.read_bytes() == kept
    older = run(served, server, "--json", "--sinds", "2020-01-01T00:00:00Z")
    assert json.loads(older.stdout)["outcome"] == "leerlinggegevens"


def test_in_steps_by_the_command(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """--getrapt saves the same records, by which `diff` finds nothing."""
    whole, steps = tmp_path / "whole.xml", tmp_path / "steps.xml"
    assert run(served, server, "--out", str(whole)).exit_code == 0
    assert run(served, server, "--getrapt", "--per-groep", "--out", str(steps)).exit_code == 0
    assert CliRunner().invoke(main, ["diff", str(whole), str(steps)]).exit_code == 0
