"""The client stacks that bring results: their programs, how these start, and the trick that each needs.

Beside `support.stacks`, from which each has its name, its version, and what has to be installed.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from support import compiled_toolkits as compiled
from support.oracle import amount
from support.stacks import BY_NAAM, Command, Stack, script
from support.toolkits import PROGRAMS, build

RESULT_CELLS = {
    "totaal": "total",
    "onderdeel": "toets&shy;onderdeel",
    "oso": "OSO",
    "klas": "class of 30 × 40",
    "decimaal": "6.5",
    "letter": "X",
    "correctie": "correction",
    "nog eens": "the same again",
    "volgorde": "newer and older at once",
}
"""The columns of the table of results, and how the page heads them."""


def _stack(
    naam: str,
    program: str,
    command: Command,
    note: str,
    lacks: Mapping[str, str] | None = None,
    *,
    is_long: bool = False,
) -> Stack:
    return replace(BY_NAAM[naam], program=program, command=command, note=note, lacks=dict(lacks or {}), is_long=is_long)


def _gsoap(folder: Path, wsdl: str) -> list[str]:
    program = build(
        folder / "gsoap-results",
        "send",
        f"wsdl2h -u -t {PROGRAMS / 'result_typemap.dat'} -o leerresultaten.h {wsdl}",
        "soapcpp2 -j -C -x -w -I/usr/share/gsoap/import leerresultaten.h",
        f"g++ -O0 -w -I. -o building {PROGRAMS / 'send.cpp'} soapC.cpp soapbndLeerresultatenProxy.cpp -lgsoap++",
        "mv building send",
    )
    return [str(program)]


def _xsdata(folder: Path, wsdl: str) -> list[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it formats what it makes with the ruff on the path
    generate = f"env PATH={path} xsdata generate {wsdl} --relative-imports -p building"
    made = build(folder / "xsdata-results", "uwlr_results", generate, "mv building uwlr_results").parent
    return ["env", f"PYTHONPATH={made}", sys.executable, str(PROGRAMS / "send_xsdata.py")]


def _mono(folder: Path, wsdl: str) -> list[str]:
    libraries = "-r:System.Web.Services.dll -r:System.Web.dll -r:System.Xml.dll"
    program = build(
        folder / "mono-results",
        "send.exe",
        f"wsdl -out:Leerresultaten.cs {wsdl}",
        f"mcs -out:building.exe {libraries} {PROGRAMS / 'send.cs'} Leerresultaten.cs",
        "mv building.exe send.exe",
    )
    return ["mono", str(program)]


def _jaxws(folder: Path, wsdl: str) -> list[str]:
    return compiled.jaxws_program(folder / "jaxws-results", wsdl, "SendJaxws")


def _axis(folder: Path, wsdl: str) -> list[str]:
    return compiled.axis_program(folder / "axis-results", wsdl, "SendAxis")


RESULT_STACKS = (
    _stack(
        "zeep",
        "send.py",
        script("send.py", sys.executable, "strict"),
        "The confirmation is `None`. A text with attributes is a dictionary with `_value_1`, an attribute stands among "
        "the elements. A float goes as Python writes it: `6.0` stays `6.0`, and is refused.",
    ),
    _stack("zeep-loose", "send.py", script("send.py", sys.executable, "loose"), "As zeep.", is_long=True),
    _stack(
        "suds",
        "send_suds.py",
        script("send_suds.py", sys.executable),
        "A text with attributes is a `suds.sudsobject.Property`: of a dictionary with a `value` it says `Type not "
        "found`. An attribute has an underscore before its name.",
    ),
    _stack(
        "xsdata",
        "send_xsdata.py",
        _xsdata,
        "Give every number as text (`str(13)`). `Toetsscore` and `Referentiescore` are the elements of OSO.",
        is_long=True,
    ),
    _stack(
        "php",
        "send.php",
        script("send.php", "php"),
        "A text with attributes is an array with `_`. `null` is left out; an empty text goes as an empty element. "
        "**A float without decimals goes as a whole number**: 6.0 arrives as 6.",
    ),
    _stack(
        "node",
        "send.js",
        script("send.js", "node"),
        "A text with attributes is `{ attributes, $value }`. Give a moment and a day as text: of a `Date` the package "
        "writes an empty element. Leave out what is absent (`undefined`): of `null` it writes `xsi:nil`, which is "
        "refused. JavaScript has one kind of number: 6.0 arrives as 6.",
    ),
    _stack(
        "strong-soap",
        "send_strong.js",
        script("send_strong.js", "node"),
        "As soap, with `$attributes`. Of a key that is `undefined` it writes an empty element: leave out the key. "
        "**Give a day as text**: of a `Date` it takes the day in UTC, which for midnight in Amsterdam is the day "
        "before. A moment as text without a zone is one of the clock of the machine.",
        is_long=True,
    ),
    _stack(
        "gsoap",
        "send.cpp",
        _gsoap,
        "A number is a `std::string`. A moment is a `time_t`, which goes out in UTC and in whole seconds: two messages "
        "of one second have one `aanmaakdatum`, and then the one that arrives last stands.",
        is_long=True,
    ),
    _stack(
        "mono",
        "send.cs",
        _mono,
        "Every number is a string, so that nothing needs a `…Specified`. `resultaten` and `toetsen` are arrays.",
        is_long=True,
    ),
    _stack(
        "jaxws",
        "SendJaxws.java",
        _jaxws,
        "`wsimport -XadditionalHeaders`, as for the other service; both WSDLs have a type `Autorisatie`: give each "
        "service a package of its own (`-p`).",
        is_long=True,
    ),
    _stack(
        "nusoap",
        "send_nusoap.php",
        script("send_nusoap.php", "php"),
        "An attribute is `!key`. A text with attributes is always an array with `!`, also without one (`phpType is "
        "struct, but value is not an array`). **Of no text it escapes anything**, of an attribute it does: give each "
        "text by `htmlspecialchars`. A float without decimals goes as a whole number: 6.0 arrives as 6.",
    ),
    _stack(
        "axis",
        "SendAxis.java",
        _axis,
        "Lists are arrays, and none loses anything here: no element of results repeats in a choice. The header is made "
        "by hand: `Stub.setHeader`. A day is a `Date` at midnight on the clock of the machine.",
        is_long=True,
    ),
    _stack(
        "perl",
        "send.pl",
        script("send.pl", "perl"),
        "Each value by hand, as for the other service. **Of a value with an empty type it escapes nothing**: an `&` in "
        "the name of a toets makes the message no XML. Give each text by `SOAP::Utils::encode_data`.",
    ),
)
RESULT_ASKED = [stack for stack in RESULT_STACKS if not stack.is_long or amount(0, 1)]
"""The stacks that this run asks: the long ones only with UWLR_LONG=1."""
