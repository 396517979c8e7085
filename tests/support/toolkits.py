"""The client toolkits that call us in the tests: what each needs, and how its program is started.

In CI everything is there (`.ci/run` installs it), so that a toolkit that is not there is a failure; elsewhere a skip.
"""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.served_school import ServedSchool
from support.server import Server

PROGRAMS = Path(__file__).parents[1] / "interop" / "programs"
NODE = Path(os.environ.get("UWLR_TEST_NODE") or Path.home() / ".cache" / "uwlr-adapter" / "node")
"""The folder in which `npm install` was done; doing it is not the work of a test."""
WAIT = 60
BUILD_WAIT = 300
"""Seconds for one call of a program, and for one step of a build on a busy machine."""


def need(program: str, *arguments: str) -> None:
    """Skip where a program is not installed, or does not end well with these arguments; in CI that is a failure."""
    if _works(program, *arguments):
        return
    missing = " ".join((program, *arguments)) + " does not work here"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@functools.cache
def _works(program: str, *arguments: str) -> bool:
    """Return whether a program ends well, from one try for all tests of this process."""
    if not shutil.which(program):
        return False
    environment = os.environ | node_environment()
    return subprocess.run([program, *arguments], capture_output=True, check=False, env=environment).returncode == 0


def need_php() -> None:
    """Skip without PHP and its own SOAP extension."""
    need("php", "-r", "exit(extension_loaded('soap') ? 0 : 1);")


def need_node(package: str = "soap") -> None:
    """Skip without node and a package."""
    need("node", "--eval", f"require('{package}')")


def need_perl() -> None:
    """Skip without SOAP::Lite."""
    need("perl", "-MSOAP::Lite", "-e", "1")


def need_perl_wsdl() -> None:
    """Skip without SOAP::WSDL and the command that makes its classes."""
    need("perl", "-MSOAP::WSDL", "-e", "1")
    need("sh", "-c", "command -v wsdl2perl")


def need_gsoap() -> None:
    """Skip without gSOAP and a C++ compiler."""
    need("soapcpp2", "-V")
    need("g++", "--version")
    need("sh", "-c", "command -v wsdl2h")


def need_java() -> None:
    """Skip without a JDK, whose `java` compiles one file by itself."""
    need("javac", "-version")


def need_mono() -> None:
    """Skip without Mono and its compiler of C#."""
    need("mono", "--version")
    need("mcs", "--version")


def node_environment() -> dict[str, str]:
    """Return the variable with which node finds the package."""
    return {"NODE_PATH": str(NODE / "node_modules")}


@dataclass(frozen=True)
class Conversation:
    """Output of a program: the outcomes in their order, the school, the records by kind, and a fault."""

    outcomes: list[str] = field(default_factory=list)
    school: list[str] = field(default_factory=list)
    records: dict[str, list[list[str]]] = field(default_factory=dict)
    error: list[str] = field(default_factory=list)


def read(output: str) -> Conversation:
    """Read the lines of a program (programs/README.md)."""
    conversation = Conversation()
    for line in output.splitlines():
        kind, *fields = line.split("\t")
        match kind:
            case "uitkomst":
                conversation.outcomes.extend(fields)
            case "school":
                conversation.school.extend(fields)
            case "fout":
                conversation.error.extend(fields)
            case "groep" | "samengestelde_groep" | "leerling" | "leerkracht":
                conversation.records.setdefault(kind, []).append(fields)
            case _:
                raise AssertionError(line)
    return conversation


@dataclass(frozen=True)
class Question:
    """One call: of which operation and groups, for which school."""

    operation: str
    groepen: tuple[str, ...] = ()
    brin6: str = "21QW00"
    key: str = ""
    schooljaar: str | None = None
    xsdversie: str = "2.2"
    again: bool = False


def run(command: list[str], context: ServedSchool, server: Server, question: Question) -> Conversation:
    """Run a program that makes one call to a server."""
    asked = {
        "ENDPOINT": server.endpoint,
        "KLANTNAAM": "Snappet",
        "KLANTCODE": context.klantcodes["Snappet"],
        "SLEUTEL": question.key,
        "SCHOOLJAAR": question.schooljaar or context.schooljaar,
        "BRINCODE": question.brin6[:4],
        "DEPENDANCECODE": question.brin6[4:],
        "XSDVERSIE": question.xsdversie,
    } | ({"AGAIN": "1"} if question.again else {})
    result = subprocess.run(
        [*command, question.operation, *question.groepen],
        env=os.environ | node_environment() | asked,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=WAIT,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return read(result.stdout)


def read_answer(command: list[str], answer: bytes) -> list[list[str]]:
    """Run a program that reads an answer on its standard input; returns the fields of each leerling."""
    result = subprocess.run(command, input=answer, capture_output=True, check=False, timeout=WAIT)
    assert result.returncode == 0, (result.stdout[-2000:] + result.stderr[-2000:]).decode()
    return [line.split("\t")[1:] for line in result.stdout.decode("utf-8").splitlines()]


def build_mono(folder: Path) -> Path:
    """Compile the program of .NET in a folder that all workers share, once; returns the program."""
    source = f"-r:System.Xml.dll {PROGRAMS / 'read.cs'}"
    return build(folder / "mono", "read.exe", f"mcs -out:building.exe {source}", "mv building.exe read.exe")


def build_gsoap(folder: Path, wsdl: str) -> Path:
    """Generate and compile the program of gSOAP in a folder that all workers share, once; returns the program.

    `wsdl` is the address of the WSDL of any server: the program is told whom to call.
    """
    return build(
        folder / "gsoap",
        "ask",
        f"wsdl2h -u -t {PROGRAMS / 'typemap.dat'} -o leerlinggegevens.h {wsdl}",
        "soapcpp2 -j -C -x -w -I/usr/share/gsoap/import leerlinggegevens.h",
        f"g++ -O0 -I. -o building {PROGRAMS / 'ask.cpp'} soapC.cpp soapbndLeerlinggegevensProxy.cpp -lgsoap++",
        "mv building ask",
    )


def build_xsdata(folder: Path, wsdl: str) -> Path:
    """Generate the classes of xsdata in a folder that all workers share, once; returns the folder with the package."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it formats what it makes with the ruff on the path
    generate = f"env PATH={path} xsdata generate {wsdl} --relative-imports -p building"
    return build(folder / "xsdata", "uwlr", generate, "mv building uwlr").parent


def build_perl(folder: Path, wsdl: str) -> Path:
    """Generate the classes of SOAP::WSDL in a folder that all workers share, once; returns the folder with them."""
    return build(folder / "soap-wsdl", "lib", f"wsdl2perl -b building {wsdl}", "mv building lib")


def build_gsoap_service(folder: Path, wsdl: Path, source: Path) -> Path:
    """Generate a service of gSOAP from a WSDL and compile it, in a folder that all workers share, once."""
    return build(
        folder / "gsoap-service",
        "service",
        f"wsdl2h -t {PROGRAMS / 'typemap.dat'} -o service.h {wsdl}",
        "soapcpp2 -j -S -x -w -I/usr/share/gsoap/import service.h",
        f"g++ -O0 -DWITH_PURE_VIRTUAL -I. -o building {source} soapC.cpp soapbndLeerlinggegevensService.cpp -lgsoap++",
        "mv building service",
    )


def build(folder: Path, naam: str, *commands: str) -> Path:
    """Run the commands in the folder unless another worker did; the last one puts the program there."""
    folder.mkdir(exist_ok=True)
    program = folder / naam
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in () if program.exists() else commands:
            result = subprocess.run(
                command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=BUILD_WAIT
            )
            assert result.returncode == 0, f"{command}\n{result.stdout[-2000:]}{result.stderr[-2000:]}"
    return program


QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""Java does little here: no time for its optimiser."""
