"""The server keys, and the digests of the secrets that they protect."""
