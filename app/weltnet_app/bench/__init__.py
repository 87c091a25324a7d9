"""Measurements against targets: every figure is a ratio within one run, or says the load it was taken under."""
