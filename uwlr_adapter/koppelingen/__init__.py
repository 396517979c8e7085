"""The gate: which afnemer may fetch which vestiging, and why the school says so."""
