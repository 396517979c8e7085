"""Endpoints that are wrong in one way each, and the checks that are meant to catch them."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from support.kit_endpoint import CODE, Exchange, schooljaar
from uwlr_adapter.outbound import Reply

Break = Callable[[Exchange], Reply]


@dataclass(frozen=True)
class Breakage:
    """A wrong endpoint: what is wrong, how, and the ids of all the checks that fail on it."""

    name: str
    how: Break
    caught_by: frozenset[str]


def content(reply: Reply, text: str | bytes) -> Reply:
    """Return a reply with another body."""
    return replace(reply, content=text.encode() if isinstance(text, str) else text)


def with_header(reply: Reply, name: str, value: str | None) -> Reply:
    """Return a reply with another value for a header, or without it."""
    kept = [(own, old) for own, old in reply.headers if own.lower() != name.lower()]
    return replace(reply, headers=(*kept, *([] if value is None else [(name, value)])))


def on_data(change: Callable[[str], str]) -> Break:
    """Change the text of each answer with data of the version of the run."""
    return lambda it: content(it.reply, change(it.reply.content.decode())) if _is_of_the_run(it) else it.reply


def _is_of_the_run(it: Exchange) -> bool:
    return it.is_data and b"<xsdversie>2.2<" in it.reply.content


def on_whole(change: Callable[[str], str]) -> Break:
    """Change the text of each answer of HaalLeerlinggegevens with data."""
    return lambda it: (
        content(it.reply, change(it.reply.content.decode()))
        if _is_of_the_run(it) and b"<leerlinggegevens>" in it.reply.content
        else it.reply
    )


def on_fault(change: Callable[[str], str]) -> Break:
    """Change the text of each fault."""
    return lambda it: content(it.reply, change(it.reply.content.decode())) if it.is_fault else it.reply


def on_wsdl(change: Callable[[str], str]) -> Break:
    """Change the text of the WSDL."""
    return lambda it: content(it.reply, change(it.reply.content.decode())) if it.is_wsdl else it.reply


def sub(pattern: str, new: str, count: int = 1) -> Callable[[str], str]:
    """Return a replacement of a pattern, for the first or (0) each place."""
    return lambda text: re.sub(pattern, new, text, count=count, flags=re.DOTALL)


def every(pattern: str, new: str) -> Callable[[str], str]:
    """Return a replacement of a pattern in each place."""
    return sub(pattern, new, 0)


def accepts(change: Callable[[str], str]) -> Break:
    """Answer a request as if it had been changed: what is wrong in it is not seen."""
    return lambda it: it.right(change(it.body.decode()).encode()) if it.body.startswith(b"<?xml") else it.reply


def code(old: str, new: str) -> Break:
    """Send one faultcode instead of another."""
    return on_fault(lambda text: text.replace(f"soap:{old}<", f"soap:{new}<"))


def faults_for(pattern: str, fault: str) -> Break:
    """Refuse requests that match a pattern with a code."""

    def how(it: Exchange) -> Reply:
        if it.method != "POST" or not re.search(pattern, it.body.decode("utf-8", "replace"), re.DOTALL):
            return it.reply
        refused = it.right(re.sub(b"(klantnaam>)[^<]*", rb"\1uwlr-kit-onbekend", it.body))
        return content(refused, re.sub(rb"soap:[A-Za-z.]+<", f"soap:{fault}<".encode(), refused.content))

    return how


_ONE = r"<leerling key=\"[^\"]*\".*?</leerling>"
_AUT = r"<aut:autorisatie xmlns:aut=\"[^\"]*\">.*?</aut:autorisatie>"


def _double(text: str) -> str:
    """Set the key of the second leerling to that of the first."""
    first, second = re.findall(r'<leerling key="([^"]*)"', text)[:2]
    return text.replace(f'<leerling key="{second}"', f'<leerling key="{first}"')


def _double_eckid(text: str) -> str:
    first, second = re.findall(r'<leerling key="[^"]*" eckid="([^"]*)"', text)[:2]
    return text.replace(second, first)


BREAKAGES: list[Breakage] = []


def _add(name: str, how: Break, *caught_by: str) -> None:
    BREAKAGES.append(Breakage(name, how, frozenset(caught_by)))


# Transport.
_add("a fault with HTTP 200", lambda it: replace(it.reply, status=200) if it.is_fault else it.reply, "HTTP-03")
_add("a fault with HTTP 400", lambda it: replace(it.reply, status=400) if it.is_fault else it.reply, "HTTP-03")
_add("data with HTTP 201", lambda it: replace(it.reply, status=201) if it.is_data else it.reply, "HTTP-02")
_add(
    "no charset for data",
    lambda it: with_header(it.reply, "Content-Type", "text/xml") if it.is_data else it.reply,
    "HTTP-04",
)
_add(
    "no charset for a fault",
    lambda it: with_header(it.reply, "Content-Type", "text/xml") if it.is_fault else it.reply,
    "HTTP-05",
)
_add(
    "no Content-Type for data",
    lambda it: with_header(it.reply, "Content-Type", None) if it.is_data else it.reply,
    "HTTP-04",
)
_add(
    "data as application/soap+xml",
    lambda it: with_header(it.reply, "Content-Type", "application/soap+xml; charset=utf-8") if it.is_data else it.reply,
    "HTTP-04",
)
_add(
    "a charset that lies",
    lambda it: with_header(it.reply, "Content-Type", "text/xml; charset=us-ascii") if it.is_data else it.reply,
    "HTTP-04",
    "HTTP-06",
)
_add("no declaration before data", on_data(sub(r"^<\?xml[^>]*\?>\s*", "")), "HTTP-07")
_add("no declaration before a fault", on_fault(sub(r"^<\?xml[^>]*\?>\s*", "")), "HTTP-08")
_add(
    "a SOAPAction must be quoted",
    lambda it: (
        it.right(b"<x/>") if it.method == "POST" and not it.headers.get("SOAPAction", '"').startswith('"') else it.reply
    ),
    "HTTP-11",
)
_add(
    "a charset must be named",
    lambda it: (
        it.right(b"<x/>") if it.headers.get("Content-Type") == "text/xml" and b"uwlr-kit" not in it.body else it.reply
    ),
    "HTTP-13",
)
_add("a GET gives data", lambda it: it.reply if it.method == "POST" or it.is_wsdl else it.usual(), "HTTP-17", "HTTP-18")
_add(
    "any Content-Type will do",
    lambda it: it.usual() if it.headers.get("Content-Type") == "text/plain" else it.reply,
    "HTTP-19",
)
_add(
    "an expectation is refused",
    lambda it: replace(it.reply, status=417, content=b"") if "Expect" in it.headers else it.reply,
    "HTTP-25",
)
_add(
    "everything is compressed",
    lambda it: with_header(it.reply, "Content-Encoding", "gzip") if it.is_data else it.reply,
    "HTTP-22",
)
_add(
    "what is compressed is old",
    lambda it: (
        it.reply
        if not it.is_data or it.headers.get("Accept-Encoding") == "identity"
        else with_header(
            content(it.reply, re.sub(rb"(<roepnaam>)", rb"\1X", it.reply.content)), "Content-Encoding", "gzip"
        )
    ),
    "HTTP-24",
)

# SOAP.
_add(
    "data in SOAP 1.2",
    on_data(
        lambda text: text.replace(
            "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
        )
    ),
    "SOAP-01",
    "LG-02",
    "STEP-03",
    "STEP-13",
    "STEP-23",
)
_add(
    "the header comes back",
    on_data(
        sub(
            r"<s:Body>",
            '<s:Header><a:autorisatie xmlns:a="http://www.edustandaard.nl/leerresultaten/2/autorisatie"/></s:Header><s:Body>',
        )
    ),
    "SOAP-02",
)
_add(
    "data in another element",
    on_data(lambda text: text.replace("leerlinggegevens_antwoord", "leerlinggegevensantwoord")),
    "SOAP-03",
    "LG-02",
)
_add(
    "SOAP 1.2 is answered",
    accepts(
        lambda text: text.replace(
            "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
        )
    ),
    "SOAP-11",
)
_add("mustUnderstand is passed over", accepts(lambda text: text.replace(' soap:mustUnderstand="1"/>', "/>")), "SOAP-12")
_add(
    "another header is refused",
    faults_for('<x:vreemd [^>]*urn:uwlr-adapter:onbekend"/>\\s*</soap:Header>', "Client.OngeldigBericht"),
    "SOAP-13",
)
_add(
    "an own mustUnderstand is refused",
    faults_for('<aut:autorisatie soap:mustUnderstand="1"', "MustUnderstand"),
    "SOAP-14",
)
_add(
    "two requests, and whatever follows one, are one",
    accepts(sub(r"(</lg:leerlinggegevens_verzoek>).*</soap:Body>", r"\1</soap:Body>")),
    "SOAP-17",
)
_add("prefixes are fixed", faults_for("<SOAP-ENV:", "Client.OngeldigBericht"), "SOAP-15")
_add(
    "two requests are one",
    accepts(sub(r"(<lg:leerlinggegevens_verzoek .*?</lg:leerlinggegevens_verzoek>)\1", r"\1")),
    "SOAP-17",
)
_add(
    "the namespace of UWLR 1 is answered",
    accepts(lambda text: text.replace("/leerresultaten/1/", "/leerresultaten/2/")),
    "SOAP-20",
)
_add(
    "a Fault of another namespace",
    on_fault(
        lambda text: text.replace("<soap:Fault>", '<x:Fault xmlns:x="urn:x">').replace("</soap:Fault>", "</x:Fault>")
    ),
    "SOAP-31",
)
_add(
    "children of a fault in a namespace",
    on_fault(
        lambda text: text.replace("<faultstring>", "<soap:faultstring>").replace(
            "</faultstring>", "</soap:faultstring>"
        )
    ),
    "SOAP-32",
)
_add(
    "a fault out of order",
    on_fault(sub(r"(<faultcode>.*?</faultcode>)(<faultstring>.*?</faultstring>)", r"\2\1")),
    "SOAP-32",
)
_add("a bare faultcode", on_fault(lambda text: text.replace("<faultcode>soap:", "<faultcode>")), "SOAP-33")
_add(
    "a faultcode with a dead prefix",
    on_fault(lambda text: text.replace("<faultcode>soap:", "<faultcode>q0:")),
    "SOAP-33",
)
_add(
    "another prefix in a faultcode",
    on_fault(lambda text: text.replace("soap:", "SOAP-ENV:").replace("xmlns:soap=", "xmlns:SOAP-ENV=")),
    "SOAP-34",
)
_add("no faultstring text", on_fault(sub(r"<faultstring>.*?</faultstring>", "<faultstring/>")), "SOAP-35")
_add(
    "other prefixes in data",
    on_data(lambda text: re.sub(r"(</?)s:", r"\1soap:", text).replace("xmlns:s=", "xmlns:soap=")),
    "SOAP-41",
)
_add(
    "a traceback in a fault",
    on_fault(lambda text: text.replace("</faultstring>", " Traceback (most recent call last)</faultstring>")),
    "SOAP-42",
)

# Authorisation.
_add("no autorisatie is needed", lambda it: _with_autorisatie(it, r"<soap:Header></soap:Header>"), "AUT-01")
_add(
    "the klantcode is not looked at",
    accepts(lambda text: text.replace("uwlr-kit-geen-klantcode", "demo-klantcode-snappet")),
    "AUT-11",
)
_add(
    "a wrong klantcode has another code",
    lambda it: (
        code("Client.OngeldigeKlantIdentificatie", "Client.AutorisatieOngeldig")(it)
        if b"uwlr-kit-geen-klantcode" in it.body
        else it.reply
    ),
    "AUT-11",
)
_add(
    "an unknown klantnaam has another code",
    lambda it: (
        code("Client.OngeldigeKlantIdentificatie", "Client.OngeldigBericht")(it)
        if b"uwlr-kit-onbekend</aut:klantnaam" in it.body
        else it.reply
    ),
    "AUT-12",
)
_add(
    "the sleutel is not looked at",
    accepts(lambda text: re.sub(r"(autorisatiesleutel>)[^<]+", rf"\g<1>{CODE}", text)),
    "AUT-13",
)
_add(
    "a wrong sleutel has another code",
    code("Client.AutorisatieOngeldig", "Client.OngeldigeKlantIdentificatie"),
    "AUT-01",
    "AUT-02",
    "AUT-03",
    "AUT-06",
    "AUT-13",
    "AUT-14",
)
_add(
    "every brincode is answered",
    accepts(lambda text: text.replace("99ZZ", "21QW")),
    "AUT-14",
)
_add("letters of the sleutel do not matter", accepts(lambda text: text.replace(CODE.swapcase(), CODE)), "AUT-15")
_add(
    "an unknown school is told apart",
    lambda it: (
        content(it.reply, it.reply.content.replace(b"</faultstring>", b" De school is onbekend.</faultstring>"))
        if b"99ZZ" in it.body and it.is_fault
        else it.reply
    ),
    "AUT-16",
)
_add(
    "every dependancecode is answered",
    accepts(lambda text: text.replace("dependancecode>98<", "dependancecode>01<")),
    "AUT-25",
)
_add(
    "the sleutel comes back",
    lambda it: (
        content(it.reply, it.reply.content.replace(b"</faultstring>", b" " + CODE.encode() + b"</faultstring>"))
        if it.is_fault and CODE.encode() in it.body
        else it.reply
    ),
    "ALL-01",
    "AUT-16",
)
_add(
    "the sleutel comes back in a header",
    lambda it: with_header(it.reply, "X-Key", CODE) if CODE.encode() in it.body else it.reply,
    "ALL-01",
)
_add(
    "a fault of the schema before that of the gate",
    faults_for("<lg:schooljaar>2026</lg:schooljaar>", "Client.OngeldigBericht"),
    "AUT-18",
)


def _with_autorisatie(it: Exchange, pattern: str) -> Reply:
    header = (
        '<soap:Header><aut:autorisatie xmlns:aut="http://www.edustandaard.nl/leerresultaten/2/autorisatie">'
        f"<aut:autorisatiesleutel>{CODE}</aut:autorisatiesleutel><aut:klantcode>demo-klantcode-snappet</aut:klantcode>"
        "<aut:klantnaam>Snappet</aut:klantnaam></aut:autorisatie></soap:Header>"
    )
    return it.right(re.sub(pattern.encode(), header.encode(), it.body)) if it.method == "POST" else it.reply


# Data.
_add(
    "a child without a namespace", on_data(sub(r"<achternaam>", '<achternaam xmlns="">')), "LG-02", "STEP-13", "STEP-23"
)
_add(
    "a child out of order",
    on_data(sub(r"(<geboortedatum>[^<]*</geboortedatum>)(<jaargroep>[^<]*</jaargroep>)", r"\2\1")),
    "LG-02",
    "STEP-13",
)
_add(
    "an unknown child",
    on_data(sub(r"</leerling>", "<lievelingskleur>blauw</lievelingskleur></leerling>")),
    "LG-02",
    "STEP-13",
)
_add(
    "an empty voorvoegsel",
    on_data(sub(r"(<leerling [^>]*><achternaam>[^<]*</achternaam>)(?!<voorvoegsel>)", r"\1<voorvoegsel/>")),
    "LG-03",
)
_add(
    "an empty list",
    on_whole(sub(r"<leerkrachten>.*?</leerkrachten>", "<leerkrachten/>")),
    "LG-03",
    "STEP-24",
    "STEP-26",
)
_add("a double key", on_whole(_double), "LG-04", "STEP-14")
_add("a double ECK-iD", on_whole(_double_eckid), "LG-04", "STEP-14")
_add("a dangling reference", on_whole(sub(r'(<leerling .*?<groep key=")[^"]*', r"\1bestaat-niet")), "LG-05", "STEP-14")
_add("a jaargroep that does not exist", on_data(sub(r"(<leerling .*?<jaargroep>)[^<]*", r"\g<1>9")), "LG-02", "STEP-13")
_add("no key", on_whole(sub(r'<leerling key="[^"]*" ', "<leerling ")), "LG-02", "LG-06", "STEP-14")
_add("another brincode", on_whole(sub(r"<brincode>[^<]*", "<brincode>30AA")), "LG-07")
_add("another dependancecode", on_whole(sub(r"<dependancecode>[^<]*", "<dependancecode>07")), "LG-07")
_add("no dependancecode", on_whole(sub(r"<dependancecode>[^<]*</dependancecode>", "")), "LG-07", "LG-11")
_add("another schooljaar", on_whole(sub(r"<schooljaar>[^<]*", "<schooljaar>2019-2020")), "LG-08")
_add("no xsdversie", on_whole(sub(r"<xsdversie>[^<]*</xsdversie>", "")), "LG-09")
_add("another xsdversie", on_whole(sub(r"<xsdversie>[^<]*", "<xsdversie>2.0")), "LG-09")
_add("no aanmaakdatum", on_whole(sub(r"<aanmaakdatum>[^<]*</aanmaakdatum>", "")), "LG-10")
_add(
    "an aanmaakdatum in the future",
    on_whole(sub(r"<aanmaakdatum>[^<]*", "<aanmaakdatum>2099-01-01T00:00:00+01:00")),
    "LG-10",
    "NEW-02",
)
_add("a peildatum of another year", on_whole(sub(r"<peildatum>[^<]*", "<peildatum>2019-10-01")), "LG-12")
_add("a leerling without jaargroep", on_data(every(r"(<leerling .*?)<jaargroep>[^<]*</jaargroep>", r"\1")), "LG-13")
_add("a dummy key", on_data(every(r'<leerling key="', '<leerling key="#')), "LG-14")
_add(
    "a BSN",
    on_whole(
        sub(
            r"(<leerling .*?<groep key=\"[^\"]*\"/>)(<samengestelde_groepen>.*?</samengestelde_groepen>)?",
            r"\1\2<bsn>123456782</bsn>",
        )
    ),
    "LG-15",
    "STEP-14",
)
_add("ECK-iDs of another form", on_data(every("https://ketenid.nl/pilot/", "https://id.school/")), "LG-16")
_add("partial data", on_whole(sub(_ONE, "")), "STEP-14")
_add("a date with a zone", on_data(every(r"(<leerling .*?<geboortedatum>[^<]*)", r"\1+01:00")), "TEXT-01")
_add("a moment without a zone", on_data(sub(r"(<aanmaakdatum>[^<]*?)(Z|[+-]\d\d:\d\d)<", r"\1<")), "TEXT-02")
_add("white space around a name", on_data(every(r"(<leerling .*?<roepnaam>)", r"\1 ")), "TEXT-03")
_add("a lost character", on_data(every(r"(<leerling .*?<roepnaam>)", "\\1\ufffd")), "TEXT-04")
_add("a C1 control", on_data(every(r"(<leerling .*?<roepnaam>)", "\\1\x93")), "TEXT-04")
_add("UTF-8 read as Windows-1252", on_data(every(r"(<leerling .*?<roepnaam>)", "\\1RenÃ©e")), "TEXT-05")
_add("letters and diacritics apart", on_data(every(r"(<leerling .*?<roepnaam>)", "\\1Rene\u0301e")), "TEXT-06")
_add("double spaces", on_data(every(r"(<leerling .*?<roepnaam>)", r"\1Jan  ")), "TEXT-07")
_add(
    "a year that toolkits do not have",
    on_data(every(r"(<leerling .*?<geboortedatum>)[^<]*", r"\g<1>0019-03-01")),
    "TEXT-08",
)

# Geenwijzigingen.
_add(
    "always geenwijzigingen",
    lambda it: _no_changes(it) if b"laatstontvangengegevens>" in it.body else it.reply,
    "NEW-04",
    "NEW-05",
    "NEW-06",
    "NEW-12",
    "NEW-13",
)
_add(
    "never geenwijzigingen",
    lambda it: (
        it.right(re.sub(rb"<lg:laatst.*?gegevens>", b"", it.body)) if b"<geenwijz" in it.reply.content else it.reply
    ),
    "NEW-02",
)
_add(
    "geenwijzigingen with a text",
    lambda it: content(
        it.reply, it.reply.content.replace(b"<geenwijzigingen/>", b"<geenwijzigingen>niets</geenwijzigingen>")
    ),
    "NEW-03",
)
_add(
    "the future is believed",
    lambda it: _no_changes(it) if re.search(rb"laatst[a-z]*>" + _next_week(), it.body) else it.reply,
    "NEW-06",
)


def _next_week() -> bytes:
    from datetime import timedelta  # noqa: PLC0415

    from uwlr_adapter.clock import now  # noqa: PLC0415

    return (now() + timedelta(days=7)).date().isoformat().encode()


def _no_changes(it: Exchange) -> Reply:
    if not it.is_data:
        return it.reply
    text = it.reply.content.decode()
    return content(
        it.reply, re.sub(r"(<\w+_antwoord [^>]*>).*(</\w+_antwoord>)", r"\1<geenwijzigingen/>\2", text, flags=re.DOTALL)
    )


def _everybody(it: Exchange) -> Reply:
    """Answer a request for one group with everybody."""
    if b"<lg:leerlingen_verzoek" not in it.body or not re.search(
        rb'<lg:groepen><lg:groep key="[^"u]{1,64}"/></lg:g', it.body
    ):
        return it.reply
    structure = it.right(
        re.sub(rb"<lg:groepen>.*</lg:groepen>", b"", it.body).replace(b"leerlingen_verzoek", b"structuur_verzoek")
    )
    groups = b"".join(b'<lg:groep key="%s"/>' % key for key in re.findall(rb'<groep key="([^"]*)"', structure.content))
    return it.right(re.sub(rb"<lg:groepen>.*</lg:groepen>", b"<lg:groepen>" + groups + b"</lg:groepen>", it.body))


_add("no year 1", faults_for("gegevens>0001-", "Server.InterneFout"), "NEW-07")
_add("no year before our era", faults_for("gegevens>-0044-", "Client.OngeldigBericht"), "NEW-08")
_add("a moment in white space is refused", faults_for("gegevens>\\s+1990", "Client.OngeldigBericht"), "NEW-09")

# By groups.
_add(
    "leerlingen are missing by groups",
    lambda it: (
        content(it.reply, re.sub(_ONE, "", it.reply.content.decode(), count=1, flags=re.DOTALL))
        if b"<leerlinggegevens-leerlingen>" in it.reply.content
        else it.reply
    ),
    "STEP-14",
    "STEP-16",
)
_add("every leerling for any group", _everybody, "STEP-16")

_add(
    "persons in the structure",
    lambda it: content(
        it.reply,
        it.reply.content.replace(b"</leerlinggegevens-structuur>", b"<leerlingen/></leerlinggegevens-structuur>"),
    ),
    "STEP-04",
)
_add(
    "a group is missing in the structure",
    lambda it: (
        content(it.reply, re.sub(r"<groep key.*?</groep>", "", it.reply.content.decode(), count=1, flags=re.DOTALL))
        if b"-structuur>" in it.reply.content
        else it.reply
    ),
    "STEP-05",
)
_add(
    "an unknown group gives everybody",
    lambda it: (
        it.right(
            re.sub(
                rb"<lg:groepen>.*</lg:groepen>",
                b"<lg:groepen><lg:groep/><lg:samengestelde_groep/></lg:groepen>",
                it.body,
            )
        )
        if b"uwlr-kit-onbekend" in it.body and b"leerlingen_verzoek" in it.body
        else it.reply
    ),
    "STEP-32",
)

# Versions.
_add("every version is answered", accepts(lambda text: text.replace("xsdversie>9.9<", "xsdversie>2.2<")), "REQ-30")
_add("an unknown version has another code", code("Client.XsdVersieOngeldig", "Client.OngeldigBericht"), "REQ-30")
_add(
    "an ECK-iD in 2.1",
    lambda it: (
        it.right(it.body.replace(b"xsdversie>2.1<", b"xsdversie>2.2<")) if b"xsdversie>2.1<" in it.body else it.reply
    ),
    "VER-11",
    "VER-13",
)

# Requests.
for number, change in (
    (1, lambda text: re.sub(r"schooljaar>\d{4}<", "schooljaar>2026-2027<", text)),
    (7, lambda text: text.replace("brincode>21Q<", "brincode>21QW<")),
    (8, lambda text: text.replace("brincode>21QWX<", "brincode>21QW<")),
    (6, lambda text: text.replace("brincode>21qw<", "brincode>21QW<")),
    (9, lambda text: text.replace("dependancecode>0<", "dependancecode>01<")),
    (13, lambda text: text.replace("s" * 65, "s" * 64)),
    (14, lambda text: text.replace("gisteren", "2026-01-01T00:00:00")),
    (17, lambda text: text.replace("<lg:onbekend/>", "")),
    (19, lambda text: text.replace('<x:vreemd xmlns:x="urn:uwlr-adapter:onbekend"/></lg', "</lg")),
    (20, lambda text: text.replace("tekst</lg", "</lg")),
    (21, lambda text: text.replace(' soort="x">', ">")),
    (22, lambda text: text.replace("<lg:x/>", "")),
):
    _add(f"request {number} is answered", accepts(change), f"REQ-{number:02}")

_add(
    "a type that does not exist is passed over",
    accepts(sub(r' xmlns:xsi="[^>]*xsi:type="lg:uwlr-kit-onbekend"', "")),
    "REQ-25",
)
_add("any xsi:type is refused", faults_for("xsi:type=", "Client.OngeldigBericht"), "REQ-26")
_add(
    "an unknown gegevenssetid is refused",
    faults_for("uwlr-kit-onbekend</lg:gegevenssetid", "Client.OngeldigBericht"),
    "PROF-12",
)
_add(
    "an unknown gegevenssetid gets less",
    lambda it: (
        content(it.reply, re.sub(rb"<roepnaam>[^<]*</roepnaam>", b"", it.reply.content))
        if b"uwlr-kit-onbekend</lg:gegevenssetid" in it.body
        else it.reply
    ),
    "PROF-12",
)

# Robustness.
_add("a document type is answered", accepts(lambda text: text.replace("<!DOCTYPE x>", "")), "ROB-01")
_add(
    "an entity is expanded",
    accepts(lambda text: re.sub(r"<!DOCTYPE x \[.*?\]>", "", text).replace("&e;", "2026-2027")),
    "ROB-02",
)
_add("an instruction is passed over", accepts(lambda text: text.replace("<?uwlr-kit niets?>", "")), "ROB-03")
_add("any size is read", accepts(lambda text: text.rstrip()), "ROB-08")

# The WSDL.
_add("no WSDL", lambda it: replace(it.reply, status=404, content=b"") if it.is_wsdl else it.reply, "WSDL-01")
_add(
    "a Host-poisoned WSDL",
    lambda it: (
        content(
            it.reply, it.reply.content.replace(b"127.0.0.1:8080", it.headers.get("Host", "127.0.0.1:8080").encode())
        )
        if it.is_wsdl
        else it.reply
    ),
    "WSDL-18",
)
_add(
    "no HEAD of the WSDL",
    lambda it: replace(it.reply, status=405) if it.method == "HEAD" else it.reply,
    "WSDL-04",
)
_add("a WSDL of another host", on_wsdl(lambda text: text.replace("127.0.0.1:8080", "uwlr.example")), "WSDL-17")
_add(
    "an operation of another name",
    on_wsdl(lambda text: text.replace('"HaalLeerlinggegevens"', '"HaalGegevens"')),
    "WSDL-11",
)
_add(
    "another SOAPAction",
    on_wsdl(lambda text: text.replace('soapAction="HaalLeerlinggegevens"', 'soapAction="urn:haal"')),
    "WSDL-11",
)
_add("rpc in the WSDL", on_wsdl(lambda text: text.replace('style="document"', 'style="rpc"')), "WSDL-15")
_add(
    "a header whose message is in another namespace",
    on_wsdl(lambda text: re.sub(r'(<(?:\w+:)?header [^>]*message=")\w+:', r"\1xs:", text)),
    "WSDL-03",
    "WSDL-16",
)
_add("no headers in the WSDL", on_wsdl(lambda text: re.sub(r"<(\w+:)?header [^>]*/>", "", text)), "WSDL-16")
_add("a WSDL that breaks off", on_wsdl(lambda text: text[: len(text) // 2]), "WSDL-01")
_add(
    "a dangling import",
    on_wsdl(
        lambda text: re.sub(
            r"(<(?:\w+:)?schema [^>]*>)",
            r'\1<import xmlns="http://www.w3.org/2001/XMLSchema" namespace="urn:x" schemaLocation="weg.xsd"/>',
            text,
            count=1,
        )
    ),
    "WSDL-02",
)

# Faults that the first hundred do not have.


def _echo(form: Callable[[str], str]) -> Break:
    """Write the key that was sent into each fault, in a form of its own."""

    def how(it: Exchange) -> Reply:
        sent = re.search(rb"autorisatiesleutel>([^<]+)<", it.body)
        if not it.is_fault or sent is None or _is_compared(it):
            return it.reply
        return content(
            it.reply, it.reply.content.replace(b"</faultstring>", f" {form(sent[1].decode())}</faultstring>".encode())
        )

    return how


def _is_compared(it: Exchange) -> bool:
    """Whether a request is one of those whose refusals are compared byte by byte."""
    return b"99ZZ" in it.body or b"</aut:autorisatie>" not in it.body or CODE.encode() not in it.body


def _in_ascii(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode()


def no_data(it: Exchange) -> Reply:
    """Say that there are no data instead of giving them."""
    if not it.is_data:
        return it.reply
    text = it.reply.content.decode()
    return content(
        it.reply, re.sub(r"(<\w+_antwoord [^>]*>).*(</\w+_antwoord>)", r"\1<geengegevens/>\2", text, flags=re.DOTALL)
    )


def _of_step(operation: str, change: Callable[[str], str]) -> Break:
    """Change the text of each answer with data of one operation by groups."""
    return lambda it: (
        content(it.reply, change(it.reply.content.decode()))
        if it.is_data and f"<leerlinggegevens-{operation}>".encode() in it.reply.content
        else it.reply
    )


for _name, _form in (
    ("base64", lambda text: base64.b64encode(f"x:{text}".encode()).decode()),
    ("references to characters", lambda text: "".join(f"&#{ord(one)};" for one in text)),
    ("percents", lambda text: "".join(f"%{ord(one):02X}" if one in "-!" else one for one in text)),
    ("pieces", lambda text: f"{text[:9]}<!-- -->{text[9:]}"),
    ("lines", lambda text: f"{text[:9]}\n  {text[9:]}"),
    ("capitals", str.upper),
    ("hexadecimal digits", lambda text: text.encode().hex()),
):
    _add(f"the sleutel comes back as {_name}", _echo(_form), "ALL-01")
_add(
    "a wrong sleutel comes back",
    lambda it: (
        content(it.reply, it.reply.content.replace(b"</faultstring>", f" {CODE[:-1]}x</faultstring>".encode()))
        if it.is_fault and f">{CODE[:-1]}x<".encode() in it.body and b"21QW<" in it.body
        else it.reply
    ),
    "ALL-01",
    "AUT-16",
)
_add(
    "a fault with a leerling in its detail",
    lambda it: (
        content(
            it.reply,
            it.reply.content.replace(
                b"</soap:Fault>", b'<detail><leerling key="1"><roepnaam>Kim</roepnaam></leerling></detail></soap:Fault>'
            ),
        )
        if it.is_fault and b"<detail>" not in it.reply.content and b"uwlr-kit-onbekend" in it.body
        else it.reply
    ),
    "ALL-04",
)
_add(
    "another school in the structure",
    _of_step("structuur", sub("<brincode>[^<]*", "<brincode>30AA")),
    "STEP-31",
)
_add(
    "another schooljaar by groups",
    _of_step("leerkrachten", sub("<schooljaar>[^<]*", "<schooljaar>2019-2020")),
    "STEP-31",
)
_add("no version by groups", _of_step("leerlingen", sub("<xsdversie>[^<]*</xsdversie>", "")), "STEP-31")
_add(
    "another dependancecode in the structure",
    _of_step("structuur", sub("<dependancecode>[^<]*", "<dependancecode>07")),
    "STEP-31",
)
_add("a name escaped twice", on_data(every(r"(<leerling .*?<roepnaam>)", r"\1Ren&amp;eacute;e")), "TEXT-10")
_add("XML 1.1", on_data(sub(r"version=.1\.0.", 'version="1.1"')), "HTTP-09")
_add(
    "a declaration that lies",
    on_data(lambda text: _in_ascii(text).replace('encoding="utf-8"', 'encoding="us-ascii"')),
    "HTTP-09",
)
_add(
    "compressed for everybody",
    lambda it: with_header(it.reply, "Content-Encoding", "gzip") if it.is_data else it.reply,
    "HTTP-22",
)
_add(
    "what stands behind the sleutel is not looked at",
    accepts(lambda text: text.replace(f">{CODE}x<", f">{CODE}<")),
    "AUT-19",
)
_add(
    "an autorisatie of any namespace",
    accepts(
        lambda text: text.replace(
            'autorisatie xmlns:aut="urn:uwlr-adapter:onbekend"',
            'autorisatie xmlns:aut="http://www.edustandaard.nl/leerresultaten/2/autorisatie"',
        )
    ),
    "AUT-20",
)
_add(
    "a WSDL with another port",
    on_wsdl(lambda text: text.replace("127.0.0.1:8080", "127.0.0.1:8081")),
    "WSDL-17",
)
_add("a WSDL of http and https", on_wsdl(lambda text: text.replace("http://127.0.0.1", "https://127.0.0.1")), "WSDL-17")
_add("a WSDL whose address is none", on_wsdl(lambda text: text.replace("http://127.0.0.1:8080", "http://[")), "WSDL-17")
for _location in ("http://[", "http://127.0.0.1:x/", "file:///etc/passwd", "//elders.example/x.xsd"):
    _add(
        f"an import of {_location}",
        on_wsdl(
            sub(
                r"(<(?:\w+:)?schema [^>]*>)",
                rf'\1<import xmlns="http://www.w3.org/2001/XMLSchema" namespace="urn:x" schemaLocation="{_location}"/>',
            )
        ),
        "WSDL-02",
    )
_add(
    "a charset that is a codec",
    lambda it: with_header(it.reply, "Content-Type", "text/xml; charset=punycode") if it.is_data else it.reply,
    "HTTP-04",
    "HTTP-06",
)
_add(
    "an aanmaakdatum at the beginning of time",
    on_whole(sub(r"<aanmaakdatum>[^<]*", "<aanmaakdatum>0001-01-01T00:00:00Z")),
    "TEXT-08",
)
_add(
    "refused access has HTTP 401",
    lambda it: replace(it.reply, status=401) if b"AutorisatieOngeldig" in it.reply.content else it.reply,
    "ALL-05",
)
_add(
    "an unknown version has HTTP 400",
    lambda it: replace(it.reply, status=400) if b"XsdVersieOngeldig" in it.reply.content else it.reply,
    "ALL-05",
)
_add(
    "every schooljaar gets that of today",
    accepts(every(r"schooljaar>20[01][0-9]-20[01][0-9]<", f"schooljaar>{schooljaar()}<")),
    "LG-20",
)
for _place, _request in enumerate(("structuur", "leerlingen", "leerkrachten")):
    _add(
        f"{_request}_verzoek is not guarded against a wrong sleutel",
        lambda it, name=_request: (  # type: ignore[misc] # mypy takes no default of a lambda
            accepts(lambda text: re.sub(r"(autorisatiesleutel>)[^<]+", rf"\g<1>{CODE}", text))(it)
            if f"<lg:{name}_verzoek".encode() in it.body
            else it.reply
        ),
        f"AUT-{31 + _place}",
    )
    _add(
        f"{_request}_verzoek needs no autorisatie",
        lambda it, name=_request: (  # type: ignore[misc] # mypy takes no default of a lambda
            _with_autorisatie(it, "<soap:Header></soap:Header>")
            if f"<lg:{name}_verzoek".encode() in it.body
            else it.reply
        ),
        f"AUT-{31 + _place}",
    )
_add("a group twice in the structure", _of_step("structuur", sub(r"(<groep key=.*?</groep>)", r"\1\1")), "STEP-05")
_add(
    "a nil instead of an absent voorvoegsel",
    on_data(
        sub(
            r"(<leerling [^>]*><achternaam>[^<]*</achternaam>)(?!<voorvoegsel>)",
            r'\1<voorvoegsel xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>',
        )
    ),
    "LG-02",
    "STEP-13",
)
_add(
    "every leerkracht twice by groups",
    _of_step("leerkrachten", sub(r"(<leerkracht key.*</leerkracht>)", r"\1\1")),
    "STEP-25",
)
