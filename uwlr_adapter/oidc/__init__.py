"""Login at a provider of OpenID Connect: its addresses, its keys, and the tokens that it sends. No database."""
