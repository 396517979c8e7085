"""Every client stack that is tried: its program, how it starts, what it lacks, and the trick that it needs.

A stack is one entry of STACKS; tests/interop/test_toolkits.py asks each of them everything, and
docs/reference/toolkits.md is made of what came of it (`make toolkits`).
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from support import compiled_toolkits as compiled
from support.oracle import amount
from support.toolkits import (
    PROGRAMS,
    build_gsoap,
    build_perl,
    build_xsdata,
    need_gsoap,
    need_node,
    need_perl,
    need_perl_wsdl,
    need_php,
)

CELLS = {
    "HaalLeerlinggegevens": "Haal&shy;Leerling&shy;gegevens",
    "HaalStructuur": "Haal&shy;Structuur",
    "HaalLeerlingen": "Haal&shy;Leerlingen",
    "HaalLeerkrachten": "Haal&shy;Leerkrachten",
    "een leerling": "one leerling",
    "geenwijzigingen": "geen&shy;wijzigingen",
    "geengegevens": "geen&shy;gegevens",
    "fout": "fault",
    "detail": "detail of a fault",
}
"""The columns of the table, and how the page heads them."""
Command = Callable[[Path, str], list[str]]
"""How a program starts, given the folder of the programs that are built, and the address of a WSDL."""


@dataclass(frozen=True)
class Stack:
    """A toolkit and its program. `version` is a command that prints the version, among other words if need be."""

    naam: str
    title: str
    program: str
    command: Command
    need: Callable[[], None]
    version: tuple[str, ...]
    note: str
    lacks: Mapping[str, str] = field(default_factory=dict)
    """The cells in which it fails, each with a few words for the page; a test holds that it really fails there."""
    is_long: bool = False
    """Whether it takes more than a few seconds, so that only `make test-long` asks it."""


def script(program: str, before: str, *after: str) -> Command:
    """Return how a program starts that needs no building: by an interpreter, its file, and words behind it."""
    return lambda _folder, _wsdl: [before, str(PROGRAMS / program), *after]


def _distribution(naam: str) -> tuple[str, ...]:
    return sys.executable, "-c", f"import importlib.metadata as m; print(m.version('{naam}'))"


def _debian(naam: str) -> tuple[str, ...]:
    return "dpkg-query", "--show", naam


def _package(naam: str) -> tuple[str, ...]:
    return "node", "-p", f"require('{naam}/package.json').version"


STACKS = (
    Stack(
        naam="zeep",
        title="zeep",
        program="ask.py",
        command=script("ask.py", sys.executable, "strict"),
        need=lambda: None,
        version=_distribution("zeep"),
        note="`geenwijzigingen` and `geengegevens` both come back as `None`: read the outcome from the envelope "
        "(`HistoryPlugin`). A repeated choice is a list in `_value_1`. The detail is in `Fault.detail`, for lxml.",
    ),
    Stack(
        naam="zeep-loose",
        title="zeep, strict=False",
        program="ask.py",
        command=script("ask.py", sys.executable, "loose"),
        need=lambda: None,
        version=_distribution("zeep"),
        note="As zeep.",
        is_long=True,
    ),
    Stack(
        naam="zeep-async",
        title="zeep, AsyncClient",
        program="ask.py",
        command=script("ask.py", sys.executable, "async"),
        need=lambda: None,
        version=_distribution("zeep"),
        note="As zeep, with `zeep[async]`. The client keeps its connection: use it within one event loop.",
        is_long=True,
    ),
    Stack(
        naam="suds",
        title="suds-community",
        program="ask_suds.py",
        command=script("ask_suds.py", sys.executable),
        need=lambda: None,
        version=_distribution("suds-community"),
        note="The header is made by `client.factory.create` with its namespace. An attribute has an underscore before "
        "its name; what did not come is left out of the object: `getattr(…, None)`. Of a repeated choice (groepen) one "
        "comes as an object, several as a list. The WSDL is kept on disk (`cache=None`).",
    ),
    Stack(
        naam="pysimplesoap",
        title="pysimplesoap",
        program="ask_pysimplesoap.py",
        command=script("ask_pysimplesoap.py", sys.executable),
        need=lambda: None,
        version=_distribution("pysimplesoap"),
        note="What it makes of an answer has no attributes, so no keys: call by `client.call(operation, element, "
        "headers=…)`, which gives the elements. The SOAPAction is set by hand, from the WSDL. The detail is read from "
        "`client.xml_response`.",
    ),
    Stack(
        naam="xsdata",
        title="xsdata",
        program="ask_xsdata.py",
        command=lambda folder, wsdl: [
            *("env", f"PYTHONPATH={build_xsdata(folder, wsdl)}", sys.executable, str(PROGRAMS / "ask_xsdata.py"))
        ],
        need=lambda: None,
        version=_distribution("xsdata"),
        note="Classes for every type, with lists where there are lists; a fault is a part of the answer, its detail "
        "typed. The client waits 2 seconds for an answer (`DefaultTransport(timeout=…)`).",
    ),
    Stack(
        naam="php",
        title="PHP ext-soap",
        program="ask.php",
        command=script("ask.php", "php"),
        need=need_php,
        version=("php", "-r", "echo PHP_VERSION;"),
        note="`SOAP_SINGLE_ELEMENT_ARRAYS`, else one leerling comes as an object and two as an array. The WSDL is kept "
        "on disk for a day (`cache_wsdl`). Of the detail it keeps no attributes: read them from "
        "`__getLastResponse()`, with `trace`.",
    ),
    Stack(
        naam="node",
        title="soap (npm)",
        program="ask.js",
        command=script("ask.js", "node"),
        need=need_node,
        version=_package("soap"),
        note="One element comes as an object, several as a list. A `Date` in a request is written empty: give the text "
        "of the moment. The detail stands in `error.root.Envelope.Body.Fault.detail`.",
    ),
    Stack(
        naam="strong-soap",
        title="strong-soap (npm)",
        program="ask_strong.js",
        command=script("ask_strong.js", "node"),
        need=partial(need_node, "strong-soap"),
        version=_package("strong-soap"),
        note="`addSoapHeader` with a `QName`, else the parts of the header go without a namespace. Of a repeated "
        "choice (groepen) one comes as an object, several as a list. Attributes are in `$attributes`; a date is "
        "midnight in UTC.",
    ),
    Stack(
        naam="easy-soap-request",
        title="easy-soap-request (npm)",
        program="ask_easy.js",
        command=script("ask_easy.js", "node"),
        need=partial(need_node, "easy-soap-request"),
        version=_package("easy-soap-request"),
        note="It posts an envelope and gives the bytes of the answer, so that both are written and read with an XML "
        "library. A fault travels with status 500, of which it makes an error: read `error.response.data`.",
    ),
    Stack(
        naam="gsoap",
        title="gSOAP, C++",
        program="ask.cpp",
        command=lambda folder, wsdl: [str(build_gsoap(folder, wsdl))],
        need=need_gsoap,
        version=("soapcpp2", "-V"),
        note="`SOAP_C_UTFSTRING`, else letters beyond ASCII become question marks; a typemap gives the two namespaces "
        "readable prefixes. It sends `mustUnderstand` with the header, which is understood.",
    ),
    Stack(
        naam="gsoap-c",
        title="gSOAP, C",
        program="ask.c",
        command=compiled.gsoap_c,
        need=compiled.need_gsoap_c,
        version=("soapcpp2", "-V"),
        note="As gSOAP in C++, with `wsdl2h -c -u` and `soapcpp2 -c -C`; `soap_new1(SOAP_C_UTFSTRING)`. A list is a "
        "pointer with its `__size…`. With the typemap the detail is `soap->fault->detail->fout__fout`.",
    ),
    Stack(
        naam="kdsoap",
        title="KDSoap, Qt 5",
        program="ask_kdsoap.cpp",
        command=compiled.kdsoap,
        need=compiled.need_kdsoap,
        version=_debian("libkdsoap-dev"),
        note="`kdwsdl2cpp -both`; the header is `setMsgpHeader` of each of the two services. Ask `hasValueFor…` for "
        "what may be absent. It makes no type of the detail: read it from `reply().childValues()` of a job.",
    ),
    Stack(
        naam="mono",
        title=".NET: `wsdl` and C#, on Mono",
        program="ask.cs",
        command=compiled.mono,
        need=compiled.need_mono_wsdl,
        version=("mono", "--version"),
        note="The header is the property `autorisatie` of the proxy. An answer is `Item`, and `ItemElementName` says "
        "which one when it is a `Leeg`. A date goes out, and is there, only with its `…Specified`. The enums of "
        "repeated choices are numbered (`ItemsChoiceType3`), and another WSDL may number them otherwise: compare their "
        "names. The detail is `SoapException.Detail`, for XML.",
    ),
    Stack(
        naam="jaxws",
        title="JAX-WS RI, wsimport",
        program="AskJaxws.java",
        command=compiled.jaxws,
        need=compiled.need_jaxws,
        version=("wsimport", "-version"),
        note="`wsimport -XadditionalHeaders`, else no method takes the header. A fault with a detail is `MsgFout`: it "
        "has `getFaultInfo()` and no faultcode, which a `SOAPHandler` can keep. One without is `SOAPFaultException`.",
        is_long=True,
    ),
    Stack(
        naam="soap4r",
        title="soap4r",
        program="ask_soap4r.rb",
        command=compiled.soap4r,
        need=compiled.need_soap4r,
        version=_debian("ruby-soap4r"),
        note="Its command `wsdl2ruby.rb` does not start on Ruby 3: call `WSDL::SOAP::WSDL2Ruby`, with a `module_path`. "
        "**Of the groepen of a request it sends one kind only**, without a word: make them of `SOAP::SOAPElement`. The "
        "detail is `fault.detail[XSD::QName]`, of its own class.",
    ),
    Stack(
        naam="nusoap",
        title="NuSOAP, on PHP 8",
        program="ask_nusoap.php",
        command=script("ask_nusoap.php", "php"),
        need=compiled.need_nusoap,
        version=_debian("libnusoap-php"),
        note='Release 0.9.5 does not work on PHP 8, which calls no constructor that has the name of its class ("no '
        'transport found"): tried with these renamed. The parameters are a list of one array, '
        "and an attribute is `!key`. **The groepen of a request go out as one of each kind without a key**, which asks "
        "for those who are in no groep: give such a request as text. One leerling comes as an array, two as a list.",
    ),
    Stack(
        naam="axis",
        title="Axis 1.4",
        program="AskAxis.java",
        command=compiled.axis,
        need=compiled.need_axis,
        version=_debian("libaxis-java"),
        note="**It loses data without a word**, see below. The header is made by hand: `Stub.setHeader`. A fault with "
        "a detail is a `Fout`.",
        lacks={
            "HaalLeerlinggegevens": "loses groepen",
            "HaalStructuur": "loses groepen",
            "HaalLeerlingen": "asks one groep",
            "HaalLeerkrachten": "asks one groep",
        },
        is_long=True,
    ),
    Stack(
        naam="perl",
        title="SOAP::Lite",
        program="ask.pl",
        command=script("ask.pl", "perl"),
        need=need_perl,
        version=("perl", "-MSOAP::Lite", "-e", "print $SOAP::Lite::VERSION"),
        note="It takes the address, the SOAPAction and the name of the request from the WSDL, and nothing else: each "
        "value is named by hand, with an empty type, so that no `xsi:type` goes with it.",
    ),
    Stack(
        naam="soap-wsdl",
        title="SOAP::WSDL",
        program="ask_wsdl.pl",
        command=lambda folder, wsdl: ["perl", f"-I{build_perl(folder, wsdl)}", str(PROGRAMS / "ask_wsdl.pl")],
        need=need_perl_wsdl,
        version=("perl", "-MSOAP::WSDL", "-e", "print $SOAP::WSDL::VERSION"),
        note="`wsdl2perl` makes no class for the detail of a fault, and without one a fault that has a detail cannot "
        "be read: two lines and a small class put it in the typemap, as `ask_wsdl.pl` does. One element comes as an "
        "object, several as a list. A call takes the attributes out of the hash that it is given: make it anew for the "
        "next.",
    ),
)
ASKED = [stack for stack in STACKS if not stack.is_long or amount(0, 1)]
"""The stacks that this run asks: the long ones only with UWLR_LONG=1."""
BY_NAAM = {stack.naam: stack for stack in STACKS}
