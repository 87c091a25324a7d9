"""What is measured: states in, quantities out, each calibrated on a case with a known answer."""
