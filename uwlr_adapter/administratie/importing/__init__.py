"""Imports: a delivery becomes records in one transaction, is kept as a batch, and can be undone."""
