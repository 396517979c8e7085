"""Documents that would cost the parser much, by name: they are refused by their bytes, in whatever encoding."""

from uwlr_adapter.contract.xml import MESSAGE

DTD = "<!DOCTYPE a [<!ATTLIST a b CDATA ''>]><a/>"
INSTRUCTION = "<?doe iets?>"
COSTLY = {
    "a document type": DTD,
    "one behind a comment": f"<!-- x -->\n{DTD}",
    "one behind a declaration": f"<?xml version='1.0'?>{DTD}",
    "one behind a declaration that begins a comment": f"<?xml version='<!--'?>{DTD}-->",
    "one with a comment in it": "<!DOCTYPE a [<!-- ]> -->]><a/>",
    "one with comments without an end": "<!DOCTYPE a [" + "<!--<![CDATA[x]]>" * 9 + "<a/>",
    "one with a CDATA section in it": "<!DOCTYPE a [<![CDATA[ ]]>]><a/>",
    "too many elements": "<a>" + "<b/>" * MESSAGE.elements + "</a>",
    "too many behind comments": "<a>" + "<!-- x --><b/>" * MESSAGE.elements + "</a>",
    "too many behind CDATA": "<a>" + "<![CDATA[x]]><b/>" * MESSAGE.elements + "</a>",
    "too many attributes": "<a " + " ".join(f"b{n}=''" for n in range(MESSAGE.attributes + 1)) + "/>",
    "too many spaced attributes": "<a " + "\n".join(f'b{n}\t=\n"<"'.replace("<", ">") for n in range(33)) + "/>",
    "too many namespaces": "<a " + " ".join(f"xmlns:b{n}='urn:x'" for n in range(MESSAGE.attributes + 1)) + "/>",
    "too many attributes in all": "<a>" + ("<b " + " ".join(f"b{n}=''" for n in range(32)) + "/>") * 100 + "</a>",
    "too many beside signs": '<a>="' + ("<b " + " ".join(f"b{n} =\t'=\"'" for n in range(32)) + "/>='") * 63 + "</a>",
    "a comment without an end": "<a><!-- </a>",
    "a CDATA section without an end": "<a><![CDATA[ </a>",
}
IN_MESSAGES = {
    "an instruction before the root": f"{INSTRUCTION}<a/>",
    "one inside": f"<a>{INSTRUCTION}</a>",
    "one behind": f"<a/>{INSTRUCTION}",
    "one that begins a comment": f"<?doe <!-- ?>{DTD}-->",
}
