"""The server process: composition of the application, workers, granian."""
