"""Traces of the secrets of a run in a response: as they are, or written in another way."""

import base64
import html
from typing import Final
from urllib.parse import unquote

from lxml import etree

from uwlr_adapter.kit.reading import Reading

MIN_LENGTH: Final = 8
"""Characters from which a secret is looked for (inclusive): a shorter text may be there by chance."""


class SecretTraces:
    """What gives the autorisatiesleutel or the klantcode of a run away, in any of these forms.

    The last character of the autorisatiesleutel need not be there: a run sends it with another one too.
    """

    def __init__(self, autorisatiesleutel: str, klantcode: str) -> None:
        named = {"autorisatiesleutel": autorisatiesleutel[:-1], "klantcode": klantcode}
        secrets = [one for one in named.values() if len(one) >= MIN_LENGTH]
        self.unseen = tuple(name for name, one in named.items() if len(one) < MIN_LENGTH)
        """The secrets that are not looked for, by name."""
        plain = [one.casefold() for one in secrets]
        self._texts = {*plain, *("".join(one.split()) for one in plain)} | {one.encode().hex() for one in secrets}
        self._encoded = {form for one in secrets for form in _base64_forms(one.encode())}

    def are_in(self, reading: Reading) -> bool:
        """Return whether a response holds one of the secrets, in its headers or its body.

        Markup and white space in between, references to characters, percent encoding and the case of letters make no
        difference.
        """
        headers = "\n".join(value for _, value in reading.reply.headers)
        if self._is_in(headers) or self._is_in(reading.content.decode("utf-8", "replace")):
            return True
        if reading.root is None:
            return False
        text = etree.tostring(reading.root, method="text", encoding="unicode")  # what stands between elements joins
        return self._is_in("".join(text.split()))

    def _is_in(self, text: str) -> bool:
        if any(form in text for form in self._encoded):
            return True
        folded = text.casefold()
        written = [folded]
        if "&" in folded:
            written.append(html.unescape(folded))
        if "%" in folded:
            written.append(unquote(folded))
        return any(form in one for form in self._texts for one in written)


def _base64_forms(secret: bytes) -> set[str]:
    """Return what base64 makes of a secret, whatever stands before and behind it, in both alphabets."""
    forms = set()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        start, end = -(-8 * before // 6), 8 * (before + len(secret)) // 6
        forms.add(whole[start:end])
    return forms | {one.replace("+", "-").replace("/", "_") for one in forms}
