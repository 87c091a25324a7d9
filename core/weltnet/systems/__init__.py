"""What exists: networks, activations, losses, boundary data and their training; no experiment time in them."""
