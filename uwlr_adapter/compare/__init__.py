"""Comparison of two sets of XSDs for the same messages."""
