"""The forms of a report: JSON, JUnit XML, one HTML page, and the comparison of two."""
