"""weltnet: a laboratory for the world as a neural network.

Importing this package is light: no browser, no compiler. The experiments are in `weltnet.experiments.ALL`.
"""

__version__ = "0.1.0"
