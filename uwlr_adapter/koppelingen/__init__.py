"""The gate: which afnemer may fetch which vestiging, and the agreement of the school that allows it."""
