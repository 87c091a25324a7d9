"""Knobs that several experiments share, each declared once: `learning_rate: float = knobs.LEARNING_RATE`."""

from __future__ import annotations

from weltnet.params import choice, knob

__all__ = ["ACTIVATION_NOISE", "BATCH", "CONTRACTION", "LEARNING_RATE", "NETWORK", "NEURONS_PER_HALF"]

NETWORK = choice(
    "trained", symbol="W", group="Network", restarts=True,
    meaning="a trained tanh network at the bottom of its loss, or a linear one, by hand",
)  # fmt: skip
NEURONS_PER_HALF = knob(
    32, 4, 32, symbol="N/2", unit="neurons", group="Network", restarts=True,
    meaning="neurons in each half of the network",
)  # fmt: skip
CONTRACTION = knob(
    0.1, 0.02, 0.3, symbol="λ", unit="1/tick", group="Network", restarts=True, log=True,
    meaning="rate at which the states of the linear network contract; a trained one has its own",
    equation="X ← e^(−λ) X + noise",
)  # fmt: skip
ACTIVATION_NOISE = knob(
    0.15, 0.05, 0.25, symbol="η", group="Network", log=True,
    meaning="noise of every neuron per tick", equation="x ← tanh(W x) + η ξ",
)  # fmt: skip
LEARNING_RATE = knob(
    3.0, 0.1, 12.0, symbol="γ", unit="per loss", group="Learning", log=True,
    meaning="step along minus the gradient of the loss; sets the S of learning", equation="S = γ⟨∇²U⟩",
)  # fmt: skip
BATCH = knob(
    1, 1, 32, symbol="B", unit="samples", group="Learning", log=True,
    meaning="samples per step of learning; minibatch noise falls as 1/B",
)  # fmt: skip
