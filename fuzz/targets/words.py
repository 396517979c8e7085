"""Words that many targets put into XML."""

XML = (
    *(b"<", b">", b"/>", b"</", b"<!--", b"-->", b"<!-- -->", b"<![CDATA[", b"]]>", b"<?pi ?>", b"<?xml", b"?>"),
    *(b"<!DOCTYPE x>", b'<!DOCTYPE x [<!ENTITY e "e">]>', b"<!ENTITY", b"&amp;", b"&#65;", b"&#x0;", b"&x;", b"&"),
    *(b'<?xml version="1.0" encoding="utf-16"?>', b'<?xml version="1.1"?>', b'<?xml version="1.0"?>', b"\r\n"),
    *(b' encoding="iso-8859-1"', b' standalone="yes"', b'="', b"='", b'"', b' a="b"', b" a='<'", b' a="&lt;"'),
    *(b' xmlns=""', b' xmlns:s="urn:x"', b' xml:lang="nl"', b' xsi:nil="true"', b' xsi:type="x"', b' key=" "'),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0", b"\xc3\xab", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"\xff"),
    *(
        b"\xc2\xa0",
        b"\xed\xa0\x80",
        b"\xef\xbf\xbe",
        b" ",
        b"\n\t ",
        b"<x/>",
        b"<x>",
        b' xmlns:n="urn:n"',
        b' xmlns:xmlx="urn:x"',
        b" </",
        b"> ",
        b"<!DOCTYPE",
        b"<?xml-stylesheet?>",
        b"</x>",
        b"x:",
        b"T",
        b"Z",
    ),
)
"""Markup, marks and characters that a reader may stumble over."""
CHARSETS = (None, None, "utf-8", "utf-8", "iso-8859-1", "utf-16", "windows-1252", "us-ascii", "bestaat-niet")
"""Names of a transport; the last one does not exist."""


def charset_in(data: bytes) -> tuple[str | None, bytes]:
    """Return the charset that the first byte of an input stands for, and the document behind it."""
    return (CHARSETS[data[0] % len(CHARSETS)], data[1:]) if data else (None, b"")
