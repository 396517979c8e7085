"""How the programs of the toolkits are built that make code from the WSDL, and what each needs to be installed.

A builder takes the folder that all workers share and the address of the WSDL of any server, and returns the command
that starts the program.
"""

import subprocess
from pathlib import Path

from support.toolkits import PROGRAMS, QUICK, build, need, need_java, need_mono

JAVA = Path("/usr/share/java")
_JAXWS = "/usr/share/jaxws/lib/*"
_OF_AXIS = "axis axis-jaxrpc axis-saaj commons-discovery commons-logging wsdl4j javax.mail javax.activation".split()
_AXIS = ":".join(str(JAVA / f"{naam}.jar") for naam in _OF_AXIS)
"""Where Debian's `jaxws` and `libaxis-java` put their classes."""
_QUICK_COMPILER = " ".join(f"-J{option}" for option in QUICK)
NUSOAP = Path("/usr/share/php/nusoap/nusoap.php")


def need_gsoap_c() -> None:
    """Skip without gSOAP and a C compiler."""
    need("soapcpp2", "-V")
    need("gcc", "--version")
    need("sh", "-c", "command -v wsdl2h")


def need_kdsoap() -> None:
    """Skip without KDSoap, Qt's own compiler and a C++ compiler."""
    need("kdwsdl2cpp", "-version")
    need("g++", "--version")
    need("moc", "-v")
    need("pkg-config", "--exists", "Qt5Network")


def need_jaxws() -> None:
    """Skip without a JDK and Debian's wsimport."""
    need_java()
    need("wsimport", "-version")


def need_mono_wsdl() -> None:
    """Skip without Mono and its `wsdl`."""
    need_mono()
    need("sh", "-c", "command -v wsdl")


def need_soap4r() -> None:
    """Skip without soap4r."""
    need("ruby", "-W0", "-e", "require 'soap/header/simplehandler'")


def need_axis() -> None:
    """Skip without a JDK and Axis 1.4."""
    need_java()
    need("test", "-e", str(JAVA / "axis.jar"))


def need_nusoap() -> None:
    """Skip without PHP, its parser and its DOM of XML, and NuSOAP."""
    need("php", "-r", "exit(function_exists('xml_parser_create') && class_exists('DOMDocument') ? 0 : 1);")
    need("test", "-e", str(NUSOAP))


def gsoap_c(folder: Path, wsdl: str) -> list[str]:
    """Build the program of gSOAP in C."""
    program = build(
        folder / "gsoap-c",
        "ask",
        f"wsdl2h -c -u -t {PROGRAMS / 'typemap.dat'} -o leerlinggegevens.h {wsdl}",
        "soapcpp2 -c -C -x -w -I/usr/share/gsoap/import leerlinggegevens.h",
        f"gcc -O0 -I. -o building {PROGRAMS / 'ask.c'} soapC.c soapClient.c -lgsoap",
        "mv building ask",
    )
    return [str(program)]


def kdsoap(folder: Path, wsdl: str) -> list[str]:
    """Build the program of KDSoap with the Qt that is here."""
    found = ["pkg-config", "--cflags", "--libs", "Qt5Core", "Qt5Network"]
    qt = subprocess.run(found, capture_output=True, text=True, check=True).stdout.strip()
    program = build(
        folder / "kdsoap",
        "ask",
        f"kdwsdl2cpp -both wsdl_leerlinggegevens {wsdl}",
        "moc wsdl_leerlinggegevens.h -o moc_wsdl_leerlinggegevens.cpp",
        f"g++ -O0 -fPIC -w -I. -I/usr/include/KDSoapClient -o building {PROGRAMS / 'ask_kdsoap.cpp'} "
        f"wsdl_leerlinggegevens.cpp moc_wsdl_leerlinggegevens.cpp -lkdsoap {qt}",
        "mv building ask",
    )
    return [str(program)]


def mono(folder: Path, wsdl: str) -> list[str]:
    """Build the program of .NET with the classes of Mono's `wsdl`."""
    libraries = "-r:System.Web.Services.dll -r:System.Web.dll -r:System.Xml.dll"
    program = build(
        folder / "mono-wsdl",
        "ask.exe",
        f"wsdl -out:Leerlinggegevens.cs {wsdl}",
        f"mcs -out:building.exe {libraries} {PROGRAMS / 'ask.cs'} Leerlinggegevens.cs",
        "mv building.exe ask.exe",
    )
    return ["mono", str(program)]


def jaxws(folder: Path, wsdl: str) -> list[str]:
    """Build the program of JAX-WS with the classes of wsimport."""
    return jaxws_program(folder / "jaxws", wsdl, "AskJaxws")


def jaxws_program(folder: Path, wsdl: str, program: str) -> list[str]:
    """Build a program of JAX-WS, by the name of its class, with the classes of wsimport, in a folder of its own."""
    # The annotations of a package are of no class, so that the compiler has to be told of them.
    sources = f"uwlr/package-info.java {PROGRAMS / program}.java"
    classes = build(
        folder,
        "classes",
        f"wsimport -quiet -Xnocompile -XadditionalHeaders -keep -p uwlr -d . {wsdl}",
        f"javac {_QUICK_COMPILER} -nowarn -cp {_JAXWS} -sourcepath . -d building {sources}",
        "mv building classes",
    )
    return ["java", *QUICK, "-cp", f"{classes}:{_JAXWS}", program]


def axis(folder: Path, wsdl: str) -> list[str]:
    """Build the program of Axis 1.4 with the classes of its WSDL2Java."""
    return axis_program(folder / "axis", wsdl, "AskAxis")


def axis_program(folder: Path, wsdl: str, program: str) -> list[str]:
    """Build a program of Axis 1.4, by the name of its class, in a folder of its own."""
    classes = build(
        folder,
        "classes",
        f"java {' '.join(QUICK)} -cp {_AXIS} org.apache.axis.wsdl.WSDL2Java -p uwlr -o . {wsdl}",
        f"javac {_QUICK_COMPILER} -nowarn -cp {_AXIS} -sourcepath . -d building {PROGRAMS / program}.java",
        "mv building classes",
    )
    return ["java", *QUICK, "-cp", f"{classes}:{_AXIS}", program]


def soap4r(folder: Path, wsdl: str) -> list[str]:
    """Make the classes of soap4r; its program is read as it stands."""
    made = "leerlinggegevensDriver.rb"
    driver = build(folder / "soap4r", made, f"ruby -W0 {PROGRAMS / 'soap4r_classes.rb'} {wsdl}")
    return ["ruby", "-W0", "-I", str(driver.parent), str(PROGRAMS / "ask_soap4r.rb")]
