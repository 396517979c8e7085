"""The second service: the message with results that a platform sends back, read and judged, and its confirmation."""
