"""Fuzzers: seeded mutations of the samples of the tests, each target with an oracle (fuzz/README.md)."""
