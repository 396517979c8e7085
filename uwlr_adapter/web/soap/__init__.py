"""The door: Spyne behind one guard. It dispatches; it never parses, judges or writes data."""
