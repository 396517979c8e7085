"""Imports: a delivery becomes records, whole or not at all, and can be undone."""
