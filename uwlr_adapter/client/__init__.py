"""A client of any UWLR endpoint: fetch a school, in one call or in steps, and compare two answers."""
