"""The words of `regel` in the detail of a fault, and of a `Finding`: what is wrong, in words of our own.

docs/reference/faults.md says what each word means and what to do about it. The parser and the XSD have words of their
own, which change with their releases and quote what was sent: none of these leaves.
"""

from enum import StrEnum


class Rule(StrEnum):
    """What a message, an element or a value breaks."""

    # The message as a whole.
    XML = "xml"
    CHARSET = "charset"
    DTD = "dtd"
    INSTRUCTION = "instructie"
    TOO_MUCH = "omvang"
    SOAP = "soap"
    MUST_UNDERSTAND = "mustunderstand"
    OPERATION = "operatie"

    # An element.
    ABSENT = "ontbreekt"
    EMPTY = "leeg"
    DOUBLED = "dubbel"
    UNKNOWN = "onbekend"
    NAMESPACE = "namespace"
    PLACE = "plaats"
    CONTENT = "inhoud"
    ATTRIBUTE = "attribuut"

    # A value.
    FORM = "vorm"
    VALUE = "waarde"
    TOO_LONG = "te-lang"
    VERSION = "versie"

    # In an answer that is checked, in a file, and in results.
    CODE = "code"
    KEY = "sleutel"
    IDENTITY = "identiteit"
