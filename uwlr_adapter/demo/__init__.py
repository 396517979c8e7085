"""An example school, ready to call: invented records and published constants."""
