"""Secrets are compared in constant time, also when there is nothing to compare with."""

import hmac
from unittest.mock import patch

import pytest

from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys

KEYS = ServerKeys.parse(["a=" + "0a" * 32])


@pytest.mark.parametrize(
    "stored",
    [None, KEYS.digest(SecretPurpose.KLANTCODE, "goed"), KEYS.digest(SecretPurpose.KLANTCODE, "fout"), "weg:00"],
)
def test_every_comparison_is_made_in_constant_time(stored: str | None) -> None:
    """Right, wrong, of an unknown key or absent: one comparison, by the function that takes the same time for each."""
    presented = KEYS.probe(SecretPurpose.KLANTCODE, "goed")
    with patch("hmac.compare_digest", wraps=hmac.compare_digest) as compared:
        verdict = presented.matches(stored)
    assert compared.call_count == 1
    assert verdict == (stored == KEYS.digest(SecretPurpose.KLANTCODE, "goed"))
