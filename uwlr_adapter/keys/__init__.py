"""The server keys, and the keyed digests of the secrets that they protect."""
