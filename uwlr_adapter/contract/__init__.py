"""The standard itself, sans I/O: bytes in, bytes out. No database, no HTTP, no Spyne, no clock."""
