"""The full equations of the five-term action, on solutions of Schrödinger's equation and of plain diffusion."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.theory.action import Action, hbar_squared

x = -12.0 + 24.0 / 1024 * np.arange(1024)
V = np.minimum(0.3 * x**2 + 0.02 * x**4, 40.0)
APART = 2e-4


def wave(hbar: float) -> tuple[np.ndarray, np.ndarray]:
    """p and F' = ħ arg ψ, (3, points) each, around time .4 of an anharmonic motion; split-step, γ = ½."""
    k = 2 * np.pi * np.fft.fftfreq(len(x), x[1] - x[0])
    psi = np.exp(-((x - 0.7) ** 2) / 2.6 + 0.2j * x)
    half, free = np.exp(-0.5j * V * APART / hbar), np.exp(-0.5j * hbar * k**2 * APART)
    kept = []
    for step in range(2002):
        psi = half * np.fft.ifft(free * np.fft.fft(half * psi))
        if step >= 1999:
            kept.append(psi.copy())
    phase = np.unwrap(np.angle(kept[1]))
    turned = [phase + np.angle(k / kept[1] * np.abs(kept[1] / k)) for k in kept]
    return np.abs(kept) ** 2, hbar * np.array(turned)


@pytest.mark.parametrize(("D", "kappa"), [(0.5, 8.0), (0.2, 3.2)])
def test_nothing_is_dropped(D: float, kappa: float) -> None:
    """Link: a solution of Schrödinger's equation with ħ² = 4D/μγ − 1/μ² leaves < 1.7e-3 of both full equations.

    With the ħ of the first term alone, 7 % and 21 % too large, it leaves more than ten times as much.
    """
    action = Action(D, 2.0)
    assert action.dial == pytest.approx(kappa)
    hbar = np.sqrt(hbar_squared(D, 2.0, 0.5))
    assert hbar**2 == pytest.approx((kappa - 1) / 4)
    p, reduced = wave(hbar)
    first, second = action.residuals(x, V, p, action.free_energy(p, reduced), APART)
    assert first < 1.7e-3 and second < 1.7e-3
    naive = np.sqrt(4 * D / (2.0 * 0.5))
    p, reduced = wave(naive)
    wrong, _ = action.residuals(x, V, p, action.free_energy(p, reduced), APART)
    assert wrong > 10 * first


def test_plain_sgd_is_madelung_with_minus_s_squared() -> None:
    """Link: a Gaussian under ∂_tp = ∂(γ p U') + γs ∂²p, U = ½ω²x²: F = −U/2 − (s/2) ln p is F' of D = 0, μ = 1/s.

    ħ² = −1/μ² = −s², with V_W = γ(s U''/2 − U'²/4) in place of the loss; closed form, both below 2e-3.
    """
    s, omega, gamma, mean, variance = 0.5, 1.2, 0.5, 0.8, 0.6
    action = Action(0.0, 1.0 / s, gamma)
    assert hbar_squared(0.0, 1.0 / s, gamma) == pytest.approx(-(s**2))
    rate, rest = gamma * omega**2, s / omega**2
    p, reduced = [], []
    for t in (-APART, 0.0, APART):
        at, width = mean * np.exp(-rate * t), rest + (variance - rest) * np.exp(-2 * rate * t)
        p.append(np.exp(-((x - at) ** 2) / (2 * width)) / np.sqrt(2 * np.pi * width))
        log = -((x - at) ** 2) / (2 * width) - 0.5 * np.log(2 * np.pi * width)
        reduced.append(-0.25 * omega**2 * x**2 - 0.5 * s * log)
    effective = gamma * (0.5 * s * omega**2 - 0.25 * (omega**2 * x) ** 2)
    F = np.array(reduced) + 0.5 * s * np.log(np.maximum(p, 1e-300))
    first, second = action.residuals(x, effective, np.maximum(p, 1e-300), F, APART)
    assert first < 2e-3 and second < 2e-3
    wrong, _ = action.residuals(x, 0.5 * omega**2 * x**2, np.maximum(p, 1e-300), F, APART)
    assert wrong > 0.1
