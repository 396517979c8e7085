"""The HTTP side of the service: the endpoint, its drivers, health, metrics and logs."""
