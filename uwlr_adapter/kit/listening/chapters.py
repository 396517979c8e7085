"""The chapters of a report on a caller, and of one on both sides; the modules of the checks fill them."""

from uwlr_adapter.kit.checks import Suite

TRANSPORT = Suite("caller-http", "CHTTP", "The caller: transport")
SOAP = Suite("caller-soap", "CSOAP", "The caller: SOAP and autorisatie")
VERZOEK = Suite("caller-verzoek", "CREQ", "The caller: its requests")
NEXT = Suite("caller-next", "NEXT", "The caller: what it does next")
RESULTS = Suite("caller-results", "CRES", "The caller: results that it sends back")
SITUATION = Suite("caller-situations", "SIT", "The caller: each situation")
BETWEEN = Suite("between", "BETW", "Between the two: each answer beside its request")
REQUESTS = Suite("caller-calls", "CALL", "The caller: each request")
"""A chapter without checks: it has a line for each request."""
CHAPTERS = (TRANSPORT, SOAP, VERZOEK, NEXT, SITUATION, RESULTS, BETWEEN, REQUESTS)
"""The chapters in the order of a report."""
