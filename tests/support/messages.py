"""Requests for tests: a valid one, and the parts to make every wrong one from."""

LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


def school_element(brin6: str) -> str:
    """Return the elements by which a request names a vestiging."""
    return f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode>"


def header(key: str = "21QW00Ygr67BfgKl!gr8", klantcode: str = "code", klantnaam: str = "Snappet") -> str:
    """Return an autorisatie element with its three parts; an empty text leaves its part out."""
    parts = (("autorisatiesleutel", key), ("klantcode", klantcode), ("klantnaam", klantnaam))
    inner = "".join(f"<{naam}>{value}</{naam}>" for naam, value in parts if value)
    return f'<autorisatie xmlns="{AUT}">{inner}</autorisatie>'


def body(
    schooljaar: str = "2026-2027",
    school: str = "<brincode>21QW</brincode><dependancecode>00</dependancecode>",
    rest: str = "<xsdversie>2.2</xsdversie>",
    operation: str = "leerlinggegevens_verzoek",
) -> str:
    """Return a request element."""
    return f'<{operation} xmlns="{LG}"><schooljaar>{schooljaar}</schooljaar>{school}{rest}</{operation}>'


def envelope(content: str | None = None, header_xml: str | None = None, soap: str = SOAP11) -> bytes:
    """Return a whole message; without arguments a valid one."""
    header_xml = header() if header_xml is None else header_xml
    content = body() if content is None else content
    parts = f"<e:Header>{header_xml}</e:Header><e:Body>{content}</e:Body>"
    return f'<e:Envelope xmlns:e="{soap}">{parts}</e:Envelope>'.encode()
