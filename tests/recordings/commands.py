"""Note which commands and options there are, and the facts of what commands print.

The sentences of the commands may be written anew, so they are kept for a reader only. Held to are the exit status and,
for standard output and standard error apart, the facts in them:

- of a row of a table (a line with the sign of a column): every fact in it, in the order of the alphabet; the rows stand
  in their order. Facts are the words with a digit in them, and the words of `VALUES`;
- of all other lines together: the set of the same facts.

Text that has no fact in it leaves nothing. What is made up at random is replaced by its name first: a klantcode, the
link of a user, a verificatiecode; and so are the folders of the test.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from recordings import house, seam

VALUES = frozenset(
    """
    actief gepauzeerd beëindigd beschikbaar gestart geengegevens geenwijzigingen leerlinggegevens geactiveerd hervat
    leerlinggegevens-structuur leerlinggegevens-leerlingen leerlinggegevens-leerkrachten valid
    HaalLeerlinggegevens HaalStructuur HaalLeerlingen HaalLeerkrachten OngeldigBericht AutorisatieOngeldig
    OngeldigeKlantIdentificatie XsdVersieOngeldig herstel brincode-wint volgorde witruimte leeg kop-namespace
    kop-volgorde xsdversie schooljaar onjuist
    schoolbeheerder bestuur operator demo edexml csv snappet basispoort uwlr-4d toetsbouwer alleslezer esis-app bron
    toetsplein ouderportaal-basis Snappet Basispoort UWLR-4D Toetsbouwer Alleslezer Gestopt enabled disabled strict
    a.devries b.bakker streng instellen nieuw rijk gestopt
    leerlingen leerkrachten groepen locaties plaatsingen inschrijvingen vestigingen samengestelde_groep groep
    achternaam voorvoegsel roepnaam geboortedatum geslacht jaargroep emailadres
    """.split()
)
"""Words that are data: of the standard, of the records, and names in the house."""
_GENERAL = frozenset(
    "leerlingen leerkrachten groepen locaties groep schooljaar bron nieuw valid jaargroep edexml csv demo strict "
    "vestigingen leerlinggegevens".split()
)
"""Words of these that a sentence may have by chance: they count in tables only."""
_WORD = re.compile(r"[^\s│|,;()\[\]\"'`“”’:…<>]+(?::[^\s│|,;()\[\]\"'`“”’…<>]+)*|<[a-z ]+>")
_RANDOM = (
    (re.compile(r"(?<=/wachtwoord/)[A-Za-z0-9_-]{20,}"), "<link>"),
    (re.compile(r"(?m)^[0-9]{2}[A-Z]{2}[0-9]{2}[!-~]{14,}$"), "<verificatiecode>"),
    (re.compile(r"(?m)^[A-Za-z0-9_-]{24,}$"), "<klantcode>"),
)


def noted(ran: seam.Ran, places: Mapping[str, Path] = MappingProxyType({})) -> dict[str, Any]:
    """Return what a command left behind as it is recorded; `places` are folders of this machine, by their name."""
    found: dict[str, Any] = {"status": ran.status}
    for name, text in (("stdout", ran.stdout), ("stderr", ran.stderr)):
        clean = settled(text, places)
        rows, words = facts(clean)
        found |= {f"{name} rows": rows, f"{name} facts": words, f"{name}?": clean}
    return found


def settled(text: str, places: Mapping[str, Path]) -> str:
    """Return a text without what differs from run to run."""
    for name, place in places.items():
        text = text.replace(str(place), f"<{name}>")
    for pattern, name in _RANDOM:
        text = pattern.sub(name, text)
    return text


def facts(text: str) -> tuple[list[str], list[str]]:
    """Return the facts of each row of the tables in a text, and those of its other lines."""
    rows, loose = [], set[str]()
    for line in text.splitlines():
        if line.startswith(("Usage: ", "Try '")):
            continue
        if "│" in line:
            if found := sorted(_facts(line, VALUES)):
                rows.append(" ".join(found))
        else:
            loose |= set(_facts(line, VALUES - _GENERAL))
    return rows, sorted(loose)


def _facts(line: str, values: Iterable[str]) -> list[str]:
    words = [word.rstrip(".?").removeprefix("Client.") for word in _WORD.findall(line)]
    return [word for word in words if any(letter.isdigit() for letter in word) or word in values or word[:1] == "<"]


def tree(command: click.Command = seam.COMMANDS, path: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Return every command with what it takes: options and arguments as they are typed, not how they are explained."""
    context = click.Context(command, info_name=path[-1] if path else "uwlr-adapter")
    found = {" ".join(path) or "(root)": {"takes": sorted(_parameter(one, context) for one in command.params)}}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= tree(inner, (*path, name))
    return found


def _parameter(one: click.Parameter, context: click.Context) -> str:
    """Return a parameter in one line."""
    if isinstance(one, click.Option):
        words = [", ".join(sorted([*one.opts, *one.secondary_opts]))]
        words += ["flag"] if one.is_flag else []
        words += ["many"] if one.multiple else []
    else:
        words = [one.make_metavar(context), f"{one.nargs} values"]
    words += ["required"] if one.required else []
    words += [f"one of {', '.join(map(str, one.type.choices))}"] if isinstance(one.type, click.Choice) else []
    words += [f"range {one.type.min} to {one.type.max}"] if isinstance(one.type, click.IntRange) else []
    words += [f"from {one.envvar}"] if one.envvar else []
    default = one.default
    if isinstance(default, str | int) and not isinstance(default, bool):
        words.append(f"default {default}")
    return "; ".join(words)


Step = tuple[str, ...]
AGREED = ("--naam", "J. de Vries", "--akkoord", "--login", "jdevries")
CODE = house.CODES["21QW00 snappet"]
SCENARIOS: dict[str, tuple[Step, ...]] = {
    "school": (
        ("school", "list"),
        ("school", "add", "80LM00", "--naam", "De [Nieuwe] & Co"),
        ("school", "add", "80LM00", "--naam", "Nog eens"),
        ("school", "add", "80lm00", "--naam", "X"),
        ("school", "add", "80LM", "--naam", "X"),
        ("school", "add", "80LM01", "--naam", ""),
        ("school", "add", "80LM01", "--naam", "x" * 201),
        ("school", "add", "80LM01"),
        ("school", "list"),
        *(
            ("school", "show", brin6)
            for brin6 in ("21QW00", "21QW01", "30AB00", "40CD00", "60GH00", "70JK00", "99ZZ00")
        ),
        ("school", "show", "60GH00", "--peildatum", "2026-12-01"),
        ("school", "show", "60GH00", "--schooljaar", "2025-2026"),
        ("school", "show", "60GH00", "--schooljaar", "2026-2028"),
        ("school", "show", "60GH00", "--peildatum", "morgen"),
        ("school", "preview", "21QW00", "--koppeling", "basispoort"),
        ("school", "preview", "21QW01", "--koppeling", "basispoort"),
        ("school", "preview", "21QW01", "--koppeling", "snappet"),
        ("school", "preview", "99ZZ00", "--koppeling", "snappet"),
        ("school", "preview", "21QW00", "--koppeling", "bron"),
        ("school", "preview", "21QW00", "--koppeling", "snappet", "--xsdversie", "9"),
        ("school",),
        ("school", "weg"),
    ),
    "preview": (
        ("school", "preview", "30AB00", "--koppeling", "snappet"),
        ("school", "preview", "60GH00", "--koppeling", "snappet", "--xsdversie", "2.3"),
        ("school", "preview", "60GH00", "--koppeling", "snappet", "--operatie", "HaalStructuur"),
        ("school", "preview", "60GH00", "--koppeling", "snappet", "--schooljaar", "2030-2031"),
    ),
    "afnemer": (
        ("afnemer", "list"),
        ("afnemer", "add", "Nieuwling"),
        ("afnemer", "add", "Snappet"),
        ("afnemer", "add", " x"),
        ("afnemer", "add", ""),
        ("afnemer", "add", "x" * 300),
        ("afnemer", "rotate", "Snappet", "--overlap", "14"),
        ("afnemer", "rotate", "Snappet", "--overlap", "367"),
        ("afnemer", "rotate", "Onbekend"),
        ("afnemer", "rotate", "Gestopt"),
        ("afnemer", "disable", "Basispoort"),
        ("afnemer", "disable", "Basispoort"),
        ("afnemer", "disable", "Onbekend"),
        ("afnemer", "enable", "Gestopt"),
        ("afnemer", "enable", "Onbekend"),
        ("afnemer", "strict", "Snappet"),
        ("afnemer", "strict", "Toetsbouwer", "--off"),
        ("afnemer", "strict", "Onbekend"),
        ("afnemer", "list"),
        ("afnemer",),
        ("afnemer", "add"),
        ("journaal", "--limit", "10"),
    ),
    "koppeling": (
        ("koppeling", "list"),
        *(("koppeling", "list", brin6) for brin6 in ("21QW00", "21QW01", "40CD00", "99ZZ00", "21qw00")),
        *(("koppeling", "terms", naam) for naam in ("snappet", "bron", "weg")),
        ("koppeling", "activate", "40CD00", "snappet", *AGREED, "--code", "40CD00een-goede-code"),
        ("koppeling", "activate", "40CD00", "snappet", *AGREED, "--code", "40CD00een-goede-code"),
        ("koppeling", "activate", "40CD00", "basispoort", *AGREED, "--generate", "--startdatum", "01-12-2026"),
        ("koppeling", "activate", "40CD00", "esis-app", *AGREED),
        ("koppeling", "activate", "99ZZ00", "snappet", *AGREED, "--generate"),
        ("koppeling", "activate", "40CD00", "weg", *AGREED),
        ("koppeling", "activate", "40CD00", "bron", *AGREED),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "kort"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "40CD00" + "x" * 80),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "40CD00een-goede-codé"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "40CD00een goede code met"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", CODE),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "40CD00een-goede-code"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", "--naam", "J.", "--login", "j", "--generate"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--generate", "--startdatum", "2026-11-01"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--generate", "--startdatum", "2028-11-01"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--generate", "--startdatum", "ooit"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--generate", "--code", CODE),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--code", "@/does/not/exist"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "?40CD00van-de-vraag-1\n"),
        ("koppeling", "code", "40CD00", "snappet", "--code", "40CD00een-tweede-code"),
        ("koppeling", "code", "21QW00", "basispoort", "--generate"),
        ("koppeling", "resume", "40CD00", "snappet", "--generate"),
        ("koppeling", "pause", "40CD00", "snappet", "?n\n"),
        ("koppeling", "pause", "40CD00", "snappet", "?y\n"),
        ("koppeling", "pause", "40CD00", "snappet", "--yes"),
        ("koppeling", "resume", "40CD00", "snappet", "--code", "40CD00een-derde-code-"),
        ("koppeling", "pause", "40CD00", "esis-app", "--yes"),
        ("koppeling", "pause", "40CD00", "toetsplein", "--yes"),
        ("koppeling", "pause", "40CD00", "bron", "--yes"),
        ("koppeling", "end", "40CD00", "snappet", "?n\n"),
        ("koppeling", "end", "40CD00", "snappet", "--yes"),
        ("koppeling", "end", "40CD00", "snappet", "--yes"),
        ("koppeling", "end", "99ZZ00", "snappet", "--yes"),
        ("koppeling", "end", "40CD00", "uwlr-4d", "--yes"),
        ("koppeling", "activate", "40CD00", "uwlr-4d", *AGREED, "--generate"),
        ("koppeling", "list", "40CD00"),
        ("koppeling", "list"),
        ("koppeling", "code", "40CD00"),
        ("koppeling", "activate", "40CD00", "toetsplein"),
        ("journaal", "--brin6", "40CD00"),
    ),
    "gebruiker": (
        ("gebruiker", "list"),
        ("gebruiker", "add", "C.Vos", "--naam", "C. Vos", "--vestiging", "21QW00"),
        (
            "gebruiker",
            "add",
            "m.bos",
            "--naam",
            "M. Bos",
            "--rol",
            "bestuur",
            "--vestiging",
            "21QW00",
            "--vestiging",
            "21QW01",
        ),
        ("gebruiker", "add", "beheer", "--naam", "Beheer", "--rol", "operator"),
        ("gebruiker", "add", "x", "--naam", "X", "--vestiging", "21QW00"),
        ("gebruiker", "add", "met spatie", "--naam", "X", "--vestiging", "21QW00"),
        ("gebruiker", "add", "A.DEVRIES", "--naam", "X", "--vestiging", "21QW00"),
        ("gebruiker", "add", "iemand", "--naam", " ", "--vestiging", "21QW00"),
        ("gebruiker", "add", "iemand", "--naam", "X"),
        ("gebruiker", "add", "iemand", "--naam", "X", "--vestiging", "99XX00"),
        ("gebruiker", "add", "iemand", "--naam", "X", "--rol", "baas", "--vestiging", "21QW00"),
        ("gebruiker", "add", "iemand", "--vestiging", "21QW00"),
        ("gebruiker", "reset", "A.DeVries"),
        ("gebruiker", "reset", "gestopt"),
        ("gebruiker", "disable", "b.bakker"),
        ("gebruiker", "enable", "gestopt"),
        *(("gebruiker", act, "niemand") for act in ("reset", "disable", "enable")),
        ("gebruiker", "list"),
    ),
    "leerling": (
        ("leerling", "forget", "60GH00", "2", "--dry-run"),
        ("leerling", "forget", "60GH00", "2", "?n\n"),
        ("leerling", "forget", "60GH00", "2", "--yes"),
        ("leerling", "forget", "60GH00", "2", "--yes"),
        ("leerling", "forget", "60GH00", "bestaat niet", "--yes"),
        ("leerling", "forget", "60gh00", "3", "--yes"),
        ("leerling", "forget", "99ZZ00", "3", "--yes"),
        ("leerling", "forget", "70JK00", "lln-anna", "--dry-run"),
        ("leerling", "allow", "60GH00", "wordt-vergeten"),
        ("leerling", "allow", "60GH00", "wordt-vergeten"),
        ("leerling", "allow", "60GH00", "1"),
        ("school", "show", "60GH00"),
        ("import", "undo", "5", "--yes"),
        ("import", "undo", "4", "--yes", "--accept-drop"),
    ),
    "journaal": (
        ("journaal",),
        ("journaal", "--limit", "10000"),
        ("journaal", "--limit", "0"),
        ("journaal", "--brin6", "21QW00", "--limit", "5"),
        ("journaal", "--brin6", "60GH00"),
        ("journaal", "--brin6", "99ZZ00"),
    ),
    "import": (
        ("import", "list"),
        ("import", "list", "--brincode", "60GH00", "--limit", "2"),
        ("import", "list", "--brincode", "99ZZ"),
        *(("import", "show", one) for one in ("1", "4", "5", "6", "7", "99", "x")),
        ("import", "undo", "4", "--dry-run"),
        ("import", "undo", "6", "--yes"),
        ("import", "undo", "99", "--yes"),
        ("import", "undo", "5", "--dry-run"),
        ("import", "undo", "5", "?n\n"),
        ("import", "undo", "5", "--yes"),
        ("import", "undo", "5", "--yes"),
        ("import", "list"),
        ("school", "show", "60GH00"),
        ("import", "template", "<folder>/export"),
        ("import", "template", "<folder>/export"),
        ("import", "csv", "<folder>/export", "--dry-run"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--dry-run"),
        ("import", "edexml", "<edexml>/versie-2.1.xml"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--accept-drop"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--accept-drop"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--brin6", "21QW01"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--brin6", "21QW"),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "--naam", "x" * 201),
        ("import", "edexml", "<edexml>/versie-2.1.xml", "<edexml>/dubbele-key.xml", "<folder>/bestaat-niet.xml"),
        ("import", "edexml"),
        ("import", "csv", "<folder>/bestaat-niet"),
        ("import", "csv", "<csv>/goed", "--mapping", "<folder>/bestaat-niet.toml"),
        ("import", "bron", "bestaat-niet"),
        ("import", "bron", "bestaat-niet", "-o", "x"),
        ("import", "list"),
        ("school", "list"),
    ),
    "database": (
        ("db", "upgrade"),
        ("db", "upgrade"),
        ("db",),
        ("contract", "compare", "<folder>"),
        ("contract", "compare", "<folder>/bestaat-niet"),
        ("contract", "compare", "<schemas>", "--xsdversie", "2.2"),
        ("contract", "compare", "<schemas>", "--xsdversie", "2.1"),
        (
            "pull",
            "http://127.0.0.1:9/",
            "--klantnaam",
            "x",
            "--klantcode",
            "x",
            "--autorisatiesleutel",
            "x",
            "--brin6",
            "21QW",
        ),
        ("demo", "--port", "99999"),
        ("serve", "--port", "99999"),
    ),
}
"""Commands that are run one after the other on one house; a last word that begins with `?` is what is typed in."""
ROOTS: tuple[tuple[Step, dict[str, str]], ...] = (
    (("weg",), {}),
    (("--weg",), {}),
    (("--data", "<folder>/een-bestand", "db", "upgrade"), {}),
    (("--data", "<folder>/nieuw", "db", "upgrade"), {}),
    (("--data", "<folder>/nieuw", "school", "list"), {}),
    (("--data", "<folder>/nieuw", "import", "list"), {}),
    (("--data", "<folder>/nieuw", "koppeling", "list"), {}),
    (("--data", "<folder>/nieuw", "afnemer", "list"), {}),
    (("--data", "<folder>/nieuw", "gebruiker", "list"), {}),
    (("--data", "<folder>/nieuw", "journaal"), {}),
    (("school", "list"), {"UWLR_DATA": "<folder>/nieuw"}),
    (("school", "list"), {"UWLR_PORT": "0"}),
    (("school", "list"), {"UWLR_MAX_DROP": "2", "UWLR_PARTS": "weg"}),
    (("school", "list"), {"UWLR_DATABASE": "geen-url"}),
    (("school", "list"), {"UWLR_DATABASE": "mysql://x/y"}),
    (("school", "list"), {"UWLR_DATABASE": "sqlite:///<folder>/een-bestand"}),
    (("--data", "<folder>/nieuw", "koppeling", "list"), {"UWLR_CATALOGUS": "<folder>/een-bestand"}),
    (("--data", "<folder>/nieuw", "koppeling", "list"), {"UWLR_CATALOGUS": "<folder>/bestaat-niet"}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "X"), {"UWLR_KEYS": "kapot"}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "X"), {"UWLR_KEYS": "a=" + "0a" * 16}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "X"), {"UWLR_KEYS": "a=" + "0a" * 32}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "Y"), {"UWLR_KEYS": "a=" + "0b" * 32}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "Y"), {"UWLR_KEYS": "b=" + "0b" * 32}),
    (("--data", "<folder>/nieuw", "afnemer", "add", "Y"), {"UWLR_KEYS_FILE": "<folder>/bestaat-niet"}),
    (("--data", "<folder>/nieuw", "serve"), {"UWLR_KEYS": "kapot"}),
)
"""Whole commands, with the environment; none depends on the day."""
