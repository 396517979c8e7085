"""Helpers of the tests: messages, schools, databases, servers, browsers, and judges of what comes back."""
