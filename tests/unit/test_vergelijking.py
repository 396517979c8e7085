"""Secrets are compared in constant time, also when there is nothing to compare with."""

import hmac
from unittest.mock import patch

import pytest

from uwlr_adapter.keys.server_keys import Doel, Sleutelbos

BOS = Sleutelbos.parse(["a=" + "0a" * 32])


@pytest.mark.parametrize(
    "stored", [None, BOS.digest(Doel.KLANTCODE, "goed"), BOS.digest(Doel.KLANTCODE, "fout"), "weg:00"]
)
def test_every_comparison_is_made_in_constant_time(stored: str | None) -> None:
    """Right, wrong, of an unknown key or absent: one comparison, by the function that takes the same time for each."""
    proef = BOS.probe(Doel.KLANTCODE, "goed")
    with patch("hmac.compare_digest", wraps=hmac.compare_digest) as compared:
        verdict = proef.matches(stored)
    assert compared.call_count == 1
    assert verdict == (stored == BOS.digest(Doel.KLANTCODE, "goed"))
