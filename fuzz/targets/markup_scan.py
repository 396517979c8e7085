"""The scan before the parser (`contract.markup`), against a parser that reads everything and counts afterwards."""

from lxml import etree
from support.request_corpus import FOLDER, read_manifest

from fuzz.target import Target
from fuzz.targets.words import XML, charset_in
from uwlr_adapter.contract import markup
from uwlr_adapter.contract.xml import FILE, MESSAGE, UNKNOWN_CHARSET, Limits, XmlError, parse

_SIGN = "attributes"
"""Stands in the reasons that a text with many signs may bring about as well."""

_LONGEST_DECLARATION = 200
"""Bytes; a usual one has 40."""


def samples() -> list[bytes]:
    """Return the recorded requests, a few documents in other encodings, and files."""
    bodies = [
        (FOLDER / case.file).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2] for case in read_manifest()
    ]
    text = '<?xml version="1.0"?><a xmlns="urn:a"><!-- b --><b c="d">é</b><![CDATA[<]]></a>'
    bodies += [text.encode("utf-16"), text.encode("utf-16-be"), text.encode()]
    bodies += [  # as much as is allowed
        b"<a>" + b'<b c="1" d="2" e="3" f="4"/>' * 499 + b"</a>",
        b"<a " + b" ".join(b"a%d='='" % number for number in range(32)) + b"/>",
        b"<a>" * 16 + b"</a>" * 16,
    ]
    bodies.append(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9<?pi x?></a>")
    return [b"\0\0" + one for one in bodies] + [b"\0\xff" + one for one in bodies[-4:]]


def check(data: bytes) -> str:
    """Require that what is read is what another parser reads, and that what is refused is over a limit or no XML."""
    charset, rest = charset_in(data)
    is_file, document = rest[:1] >= b"\x80", rest[1:]
    limits = FILE if is_file else MESSAGE
    root = _everything(document, charset)
    excess = None if root is None else _excess(root, limits)
    try:
        found = parse(document, limits, charset)
    except XmlError as error:
        is_right = root is None or excess is not None or error.reason == UNKNOWN_CHARSET or _SIGN in error.reason
        assert is_right or len(document) > limits.octets or _declares_at_length(document), error.reason
        return f"{is_file} {error.reason}"
    assert root is not None, "only the reader of the project reads it"
    assert excess is None, excess
    without = _everything(document, charset, markup_only=True)
    assert without is not None
    assert etree.tostring(found) == etree.tostring(without), "read otherwise"
    return f"{is_file} {charset} {len(found)}"


def _declares_at_length(document: bytes) -> bool:
    """Return whether a declaration is longer than any that is written, which is refused unread."""
    plain = markup.without_mark(document).replace(b"\0", b"")
    return plain.startswith(b"<?xml") and plain.find(b"?>") > _LONGEST_DECLARATION


def _everything(document: bytes, charset: str | None, *, markup_only: bool = False) -> etree._Element | None:
    """Return the root of a document, whatever is in it; None for what is no XML.

    With `markup_only`, without comments and instructions.
    """
    encoding = markup.encoding_of(document, charset)
    assert encoding is None or encoding in markup.ENCODINGS.values()
    if encoding is None:
        return None
    document = markup.without_mark(document)
    try:
        if encoding.startswith("utf-16"):
            document, encoding = document.decode(encoding).encode(), "utf-8"
        parser = etree.XMLParser(
            encoding=encoding,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=markup_only,
            remove_pis=markup_only,
        )
        return etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _excess(root: etree._Element, limits: Limits) -> str | None:
    """Return what in a document is not allowed by the limits; None when all is."""
    tree, elements = root.getroottree(), list(root.iter(etree.Element))
    each = [len(one.keys()) + len(_declared(one)) for one in elements]
    reasons = {
        "a document type": tree.docinfo.internalDTD is not None,
        "an instruction": not limits.instructions and tree.xpath("boolean(//processing-instruction())") is True,
        "elements": len(elements) > limits.elements,
        "attributes": max(each) > limits.attributes,
        "attributes in all": sum(each) > markup.ATTRIBUTES_EACH * limits.elements,
        "depth": root.xpath(f"boolean({'/*' * (limits.depth + 1)})") is True,
    }
    return next((reason for reason, is_so in reasons.items() if is_so), None)


def _declared(element: etree._Element) -> set[tuple[str | None, str]]:
    """Return the namespaces that an element declares, as far as its parent has others."""
    parent = element.getparent()
    return set(element.nsmap.items()) - set({} if parent is None else parent.nsmap.items())


TARGET = Target("markup", samples, XML, check, calls=1000, calls_each=3)
