"""The claims of a provider: which vestigingen, whether there was a second factor, and who a page is about."""

import re
from collections.abc import Iterable
from typing import Any

from uwlr_adapter.brin import brincode_of
from uwlr_adapter.oidc.errors import ProviderError, ProviderFault

MAX_NAMED = 1_000
"""Vestigingen and brincodes in a claim (inclusive): ten times the largest board of the country."""
MAX_SHOWN = 100
"""Characters of a name that a page shows (inclusive)."""
_BRINCODE_OR_BRIN6 = re.compile(r"[0-9]{2}[A-Z]{2}(?:[0-9]{2})?")
_NAMES = ("preferred_username", "email", "name")
"""The claims by which somebody knows an account at the provider, the best one first."""


def named_in(claim: object) -> frozenset[str]:
    """Return the brin6s and brincodes of a claim: one text, or a list of them, in any case. Raises ProviderError.

    A text of another form is ignored: it names no school that can be here.
    """
    values = [] if claim is None else claim if isinstance(claim, list) else [claim]
    texts = [one.strip().upper() for one in values if isinstance(one, str)]
    if not len(texts) == len(values) <= MAX_NAMED:
        raise ProviderError(ProviderFault.CLAIMS)
    return frozenset(one for one in texts if _BRINCODE_OR_BRIN6.fullmatch(one))


def narrowed(vestigingen: Iterable[str], named: frozenset[str]) -> tuple[str, ...]:
    """Return those of the vestigingen that claims name too: by brin6, or by the brincode of all its vestigingen."""
    return tuple(brin6 for brin6 in vestigingen if brin6 in named or brincode_of(brin6) in named)


def has_second_factor(claims: dict[str, Any], acr: Iterable[str], amr: Iterable[str]) -> bool:
    """Return whether an ID token says that a second factor was used, by the values that the operator set."""
    methods = claims.get("amr")
    given = [one for one in methods if isinstance(one, str)] if isinstance(methods, list) else []
    level = claims.get("acr")
    return (isinstance(level, str) and level in acr) or not set(amr).isdisjoint(given)


def shown_name(claims: dict[str, Any]) -> str:
    """Return by what somebody knows the account at the provider, as a page may show it; empty without anything."""
    texts = [text.strip() for name in _NAMES if isinstance(text := claims.get(name), str)]
    return next((text[:MAX_SHOWN] for text in texts if text and text.isprintable()), "")
