"""The ESIS-style records: who is at which school, in which group, when."""
