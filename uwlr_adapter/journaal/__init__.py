"""The journaal: who fetched what, when, with what outcome, and every act on a koppeling. Append-only."""
