"""An example school that can be called at once: invented records and published credentials."""
