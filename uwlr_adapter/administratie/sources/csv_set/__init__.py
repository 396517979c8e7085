"""The CSV set of a school as a source of records."""
