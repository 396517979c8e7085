"""The people who use the portal: who they are, which vestigingen are theirs, and how they prove it."""
