"""The SOAP service in Spyne, which dispatches messages to methods; it never parses, judges or writes data."""
