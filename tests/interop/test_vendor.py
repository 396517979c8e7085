"""The scripts of the guide for vendors, run as they stand there against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.loopback import on_loopback
from support.messages import SOAP11
from support.served_school import CODE, CODE_OF_ONE, ServedSchool
from support.server import Server
from support.toolkits import (
    BUILD_WAIT,
    QUICK,
    WAIT,
    need,
    need_gsoap,
    need_java,
    need_mono,
    need_node,
    need_perl,
    need_php,
    node_environment,
)

from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.files import contract_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PAGE = (GUIDES / "vendor.md").read_text(encoding="utf-8")
TOOLKITS = (GUIDES / "vendor-toolkits.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080/uwlr/leerlinggegevens"
MANY = "232 leerlingen, 11 groepen, 9 leerkrachten\ngeenwijzigingen\n"
ONE = "1 leerlingen, 1 groepen, 1 leerkrachten\ngeenwijzigingen\n"


def block(heading: str, language: str, page: str = TOOLKITS) -> str:
    """Return the code block in a language under a heading of a page."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, (heading, language)
    return found[1]


def here(code: str, context: ServedSchool, server: Server) -> str:
    """Return a script with the address and the school year of a running server in it."""
    assert ADDRESS in code
    return code.replace(ADDRESS, server.endpoint).replace("2026-2027", context.schooljaar)


def of_one(code: str) -> str:
    """Return a script that asks for the smallest school."""
    return code.replace('"21QW"', '"30AB"').replace("'21QW'", "'30AB'").replace(CODE, CODE_OF_ONE)


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder; returns what it printed."""
    result = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | node_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=WAIT,
    )
    assert not result.stderr, result.stderr[-2000:]
    return result.stdout


def need_strong_soap() -> None:
    """Skip without node and its package `strong-soap`."""
    need("node", "--eval", "require('strong-soap')")


def need_jaxws() -> None:
    """Skip without a JDK and the tools of JAX-WS."""
    need_java()
    need("wsimport", "-version")


SCRIPTS = {
    "Python (zeep)": ("python", "fetch.py", [sys.executable, "fetch.py"], None),
    "PHP (ext-soap)": ("php", "fetch.php", ["php", "fetch.php"], need_php),
    "Node (soap)": ("js", "fetch.js", ["node", "fetch.js"], need_node),
    "Node (strong-soap)": ("js", "fetch.js", ["node", "fetch.js"], need_strong_soap),
    "Perl (SOAP::Lite)": ("perl", "fetch.pl", ["perl", "fetch.pl"], need_perl),
    "Java (the JDK alone)": ("java", "Fetch.java", ["java", *QUICK, "Fetch.java"], need_java),
}
"""Per heading: the language of its block, the file it is saved as, how it is run, and what it needs."""
BUILT = {
    "C++ (gSOAP)": ("cpp", "fetch.cpp", need_gsoap),
    "Java (JAX-WS and CXF)": ("java", "Fetch.java", need_jaxws),
    "C# (.NET)": ("csharp", "Fetch.cs", need_mono),
}
"""Per heading whose block `sh` builds a program: the language, the file it is saved as, and what it needs."""


@pytest.mark.parametrize("heading", SCRIPTS)
def test_a_script_of_the_page(served: ServedSchool, server: Server, tmp_path: Path, heading: str) -> None:
    """It counts a school of many and of one, hears that nothing changed, and shows the sentence of a refusal."""
    language, file, command, needed = SCRIPTS[heading]
    if needed is not None:
        needed()
    code = here(block(heading, language), served, server)

    def output(script: str) -> str:
        (tmp_path / file).write_text(script, encoding="utf-8")
        return run(command, tmp_path)

    assert output(code) == MANY
    refused = CODE_OF_ONE if heading in JAVA else "30AB00<een&andere>code-2"
    assert "Client.AutorisatieOngeldig: Met deze verificatiecode" in output(code.replace(CODE, refused))
    if heading not in JAVA:
        assert output(of_one(code)) == ONE
        assert output(code.replace(served.schooljaar, "1999-2000")) == "geengegevens\n"


JAVA = {"Java (the JDK alone)", "Java (JAX-WS and CXF)"}
"""Where a list is a list, whatever is in it, and each run costs a compilation."""
BROKEN = {
    "a page of a proxy": ("503 Weg", "text/html", b"<html>Weg</html>"),
    "an answer that is cut": ("200 OK", "text/xml", b'<?xml version="1.0"?><s:Envelope xmlns:s="' + SOAP11.encode()),
}
"""Answers that are none, by what they are."""


def broken(kind: str) -> "Callable[[str], WSGIApplication]":
    """Return what makes an application, for its URL, that serves our WSDL and one of the BROKEN answers."""
    wsdl = contract_file("wsdl/leerlinggegevens.wsdl").read_text(encoding="utf-8")

    def at(url: str) -> "WSGIApplication":
        asked = "200 OK", "text/xml", wsdl.replace("http://localhost", url).encode()

        def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, media_type, content = asked if environ["REQUEST_METHOD"] == "GET" else BROKEN[kind]
            start_response(status, [("Content-Type", media_type), ("Content-Length", str(len(content)))])
            return [content]

        return app

    return at


@pytest.mark.parametrize("heading", [one for one in SCRIPTS if one not in JAVA])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_is_no_outcome(tmp_path: Path, heading: str, kind: str) -> None:
    """No script takes what is no answer for one: it names none of the three outcomes."""
    language, file, command, needed = SCRIPTS[heading]
    if needed is not None:
        needed()
    with on_loopback(broken(kind)) as url:
        (tmp_path / file).write_text(
            block(heading, language).replace(ADDRESS, f"{url}/uwlr/leerlinggegevens"), encoding="utf-8"
        )
        environment = os.environ | node_environment()
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=WAIT)
    assert result.stdout + result.stderr
    assert not re.search(rb"^(leerlinggegevens|geen\w+)$|leerlingen,", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("heading", BUILT)
def test_a_program_of_the_page(served: ServedSchool, server: Server, tmp_path: Path, heading: str) -> None:
    """The commands of the page build it, the last one starts it, and it does what the scripts do."""
    language, file, needed = BUILT[heading]
    needed()
    code = here(block(heading, language), served, server)
    if heading == "C++ (gSOAP)":
        (tmp_path / "typemap.dat").write_text(block(heading, "text"), encoding="utf-8")
    commands = block(heading, "sh").replace(ADDRESS, server.endpoint).replace("g++ ", "g++ -O0 ")
    *generate, build, start = commands.replace("java -", f"java {' '.join(QUICK)} -").strip().splitlines()

    def output(program: str) -> str:
        (tmp_path / file).write_text(program, encoding="utf-8")
        _build([build], tmp_path)
        return run(["sh", "-ec", start], tmp_path)

    (tmp_path / file).write_text(code, encoding="utf-8")
    _build(generate, tmp_path)
    assert output(code) == MANY
    assert "Client.AutorisatieOngeldig: Met deze verificatiecode" in output(code.replace(CODE, CODE_OF_ONE))
    if heading not in JAVA:
        assert output(of_one(code)) == ONE


MONO_PROGRAM = """
static class Broken {
    static void Main(string[] addresses) {
        foreach (var address in addresses) {
            var client = new Client { Url = address };
            try { client.HaalLeerlinggegevens(new LeerlinggegevensVerzoek()); }
            catch (System.Web.Services.Protocols.SoapException fout) { Console.WriteLine(fout.Code.Name); }
            catch (Exception fout) { Console.WriteLine(fout.GetType().Name); }
            Console.WriteLine(client.RetryAfter);
        }
        Environment.Exit(0);
    }
}
"""
"""What calls a service at each address by the class of the page, and prints what is thrown, and Retry-After."""


def test_a_proxy_of_wsdl_reads_retry_after(tmp_path: Path) -> None:
    """The class of the page has the Retry-After of a fault, and none of a broken answer, which throws what it says."""
    need_mono()
    fault = (
        f"<s:Envelope xmlns:s='{SOAP11}'><s:Body><s:Fault><faultcode>s:Server.X</faultcode><faultstring>x</faultstring>"
    )
    replies = [
        ("500 Fout", "text/xml", f"{fault}</s:Fault></s:Body></s:Envelope>".encode(), [("Retry-After", "7")]),
        *((*one, []) for one in BROKEN.values()),
    ]

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, media_type, content, more = replies[int(environ["PATH_INFO"][1:])]
        start_response(status, [("Content-Type", media_type), ("Content-Length", str(len(content))), *more])
        return [content]

    (derived,) = re.findall(r"```csharp\n(  class Client .*?)```", TOOLKITS, re.DOTALL)
    (tmp_path / "Broken.cs").write_text(f"using System;\nusing System.Net;\n{derived}{MONO_PROGRAM}", encoding="utf-8")
    wsdl, libraries = contract_file("wsdl/leerlinggegevens.wsdl"), "-r:System.Web.Services.dll -r:System.Xml.dll"
    _build([f"wsdl -out:Proxy.cs {wsdl}", f"mcs {libraries} Broken.cs Proxy.cs"], tmp_path)
    with on_loopback(lambda _url: app) as url:
        printed = run(["mono", "Broken.exe", *(f"{url}/{number}" for number in range(len(replies)))], tmp_path)
    assert printed.split() == ["Server.X", "7", "WebException", "0", "InvalidOperationException", "0"]


def _build(commands: list[str], folder: Path) -> None:
    subprocess.run(["sh", "-ec", "\n".join(commands)], cwd=folder, check=True, capture_output=True, timeout=BUILD_WAIT)


def test_getrapt_with_zeep(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """The three steps of the page give everybody whom the one call gives."""
    (tmp_path / "fetch.py").write_text(here(block("Getrapt with zeep", "python"), served, server), encoding="utf-8")
    assert run([sys.executable, "fetch.py"], tmp_path) == "232 leerlingen\n9 leerkrachten\n"


def test_the_commands_of_the_first_hour(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """`pull` saves the school, hears that nothing changed, and fetches by groups what `diff` finds the same."""
    program = Path(sys.executable).parent
    (commands,) = (one for one in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "uwlr-adapter pull" in one)
    commands = here(commands, served, server)
    result = subprocess.run(
        ["sh", "-ec", commands],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{program}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=WAIT,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert [result.stdout.count(word) for word in ("leerlinggegevens", "geenwijzigingen", "Nothing changed.")] == [
        2,
        1,
        1,
    ]


def test_every_script_is_run_or_marked() -> None:
    """A script on the page that no test runs says so."""
    headings = [one for one in re.findall(r"^## (.*)$", TOOLKITS, re.MULTILINE) if re.search(r"\(.*\)$", one)]
    assert headings
    for heading in headings:
        if heading not in {*SCRIPTS, *BUILT}:
            assert "Not run by our tests." in TOOLKITS.partition(f"## {heading}\n")[2].partition("\n## ")[0], heading


def test_every_fault_is_on_the_page() -> None:
    """Each code that we can send stands in the table of the page."""
    codes = {one.code for one in Fault.__subclasses__() if "code" in vars(one)}
    assert codes
    for code in codes:
        assert f"`{code}`" in PAGE, code
