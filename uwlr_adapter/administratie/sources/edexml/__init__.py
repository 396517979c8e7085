"""EDEXML files as a source of records."""
