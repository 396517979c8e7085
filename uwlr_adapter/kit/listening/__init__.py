"""The kit as a server: an endpoint that judges its callers, and a listener between a caller and an endpoint."""
