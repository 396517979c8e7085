"""The database: everything that knows a driver."""
