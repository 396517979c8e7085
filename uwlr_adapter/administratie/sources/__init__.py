"""Sources of records: EDEXML files, CSV sets, and the `Bron` protocol."""
