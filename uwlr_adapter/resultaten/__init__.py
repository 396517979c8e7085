"""What platforms send back: the results of leerlingen, taken from messages that were judged."""
