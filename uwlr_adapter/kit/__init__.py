"""The conformance kit: a verdict per rule of UWLR on an endpoint, on a caller, or on both sides of a conversation."""
