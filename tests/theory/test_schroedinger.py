"""The exact wave: closed forms of the harmonic loss, a second method for any loss, order, norm and energy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from weltnet.theory.schroedinger import SplitStep, density, fidelity, packet

HALF = 6.0


def _axis(n, half=HALF):
    return -half + 2 * half / n * np.arange(n)


def _harmonic(axis, omega=1.0):
    return 0.5 * omega**2 * (axis[:, None] ** 2 + axis[None, :] ** 2)


def test_coherent_state_returns():
    """Link: a coherent state of the harmonic loss follows the classical orbit and is itself after one period."""
    axis, hbar = _axis(64), 0.5
    start = packet(axis, (1.5, -0.5), np.sqrt(hbar / 2))
    solver = SplitStep(axis, _harmonic(axis), hbar, 2 * np.pi / 800)
    quarter = solver.step(start, 200)
    orbit = packet(axis, (0.0, 0.0), np.sqrt(hbar / 2), (-1.5 / hbar, 0.5 / hbar))
    assert fidelity(quarter, orbit) > 1 - 1e-6
    assert fidelity(solver.step(quarter, 600), start) > 1 - 1e-6


def test_order_norm_and_energy():
    """Link: order 2 in dt by regression against a fine step on an anharmonic loss; norm to rounding; energy kept."""
    axis = _axis(48)
    V = _harmonic(axis) + 0.05 * axis[:, None] ** 4 + 0.3 * np.cos(axis[:, None] - 2 * axis[None, :])
    start = packet(axis, (1.0, 0.5), 0.6)
    exact = SplitStep(axis, V, 0.7, 1 / 1280).step(start, 1280)
    steps, errors = (40, 80, 160), []
    for n in steps:
        solver = SplitStep(axis, V, 0.7, 1 / n)
        errors.append(np.abs(solver.step(start, n) - exact).max())
    assert 1.9 < -np.polyfit(np.log(steps), np.log(errors), 1)[0] < 2.1
    late = solver.step(start, 2000)
    cell = (axis[1] - axis[0]) ** 2
    assert abs(density(late).sum() * cell - 1) < 1e-11
    assert abs(solver.energy(late) / solver.energy(start) - 1) < 1e-5


def test_evolution_against_dense_exponential():
    """Link: a second method, the matrix exponential of the same Fourier Hamiltonian on a 20 × 20 grid."""
    n, hbar = 20, 0.8
    axis = _axis(n, 4.0)
    x = axis[:, None]
    V = 0.5 * (x**2 + axis[None, :] ** 2) + x**2 * axis[None, :] - axis[None, :] ** 3 / 3  # Hénon–Heiles
    V = np.minimum(V - V.min(), 12.0)
    solver = SplitStep(axis, V, hbar, 1 / 400)
    F = np.fft.fft(np.eye(n), norm="ortho")
    T = (F.conj().T * (0.5 * hbar**2 * solver.wavenumbers**2)) @ F
    kinetic = np.kron(T, np.eye(n)) + np.kron(np.eye(n), T)
    H = kinetic + np.diag(V.ravel())
    start = packet(axis, (0.3, -0.4), 0.7)
    dense = (expm(-1j * H / hbar) @ start.ravel()).reshape(n, n)
    assert fidelity(solver.step(start, 400), dense) > 1 - 1e-5
    single = 0.5 * (x**2 + axis[None, :] ** 2) + 0.2 * x**4 + 0.3 * x * axis[None, :]
    alone = SplitStep(axis, single, hbar, 1 / 400)
    lowest = np.linalg.eigvalsh(kinetic + np.diag(single.ravel()))[0]
    assert alone.energy(alone.ground(steps=2000, dt=0.01)) == pytest.approx(lowest, rel=1e-4)


def _sinc(axis, V, hbar):
    """H on a sinc basis (Colbert and Miller 1992): no Fourier transform, no period, no time step."""
    n, dx = len(axis), axis[1] - axis[0]
    apart = np.arange(n)[:, None] - np.arange(n)[None, :]
    one = np.where(apart == 0, np.pi**2 / 3.0, 2.0 * (-1.0) ** apart / np.maximum(apart**2, 1))
    one *= 0.5 * hbar**2 / dx**2
    return np.kron(one, np.eye(n)) + np.kron(np.eye(n), one) + np.diag(V.ravel())


def _morse(axis):
    return 6.0 * (1.0 - np.exp(-0.55 * axis[:, None])) ** 2 + 0.5 * 1.21 * axis[None, :] ** 2


def _henon_heiles(axis):
    x, y = axis[:, None], axis[None, :]
    V = 0.5 * (x**2 + y**2) + 0.15 * (x**2 * y - y**3 / 3.0)
    return np.minimum(V - V.min(), 14.0)


def _morse_level(n, hbar, depth=6.0, a=0.55):
    quantum = hbar * a * np.sqrt(2.0 * depth) * (n + 0.5)
    return quantum - quantum**2 / (4.0 * depth)


@pytest.mark.parametrize("loss", [_harmonic, _morse, _henon_heiles])
def test_levels_and_evolution_against_a_sinc_basis(loss):
    """Link: a second method, dense diagonalisation on a sinc basis: six levels and the wave after t = 3."""
    hbar, n = 0.8, 26
    axis = _axis(n, 4.6) + 0.3
    V = loss(axis)
    energies, waves = np.linalg.eigh(_sinc(axis, V, hbar))
    solver = SplitStep(axis, np.minimum(V, 60.0), hbar, 1 / 200)
    levels, low = solver.lowest(6)
    assert levels == pytest.approx(energies[:6], abs=2e-4)
    assert np.abs(np.einsum("aij,bij->ab", low, low) * (axis[1] - axis[0]) ** 2 - np.eye(6)).max() < 1e-6
    assert [solver.energy(w) for w in low] == pytest.approx(levels, abs=1e-6)
    start = packet(axis, (0.5, -0.3), 0.55, (0.4, 0.6))
    dense = waves @ (np.exp(-3j / hbar * energies) * (waves.T @ start.ravel()))
    assert fidelity(solver.step(start, 600), dense.reshape(n, n)) > 1 - 1e-4


def test_levels_known_in_closed_form():
    """Link: closed forms. Harmonic levels ħω(n + 1), and Morse's, of which the box holds the lowest."""
    hbar, axis = 0.8, _axis(64, 6.0)
    levels, _ = SplitStep(axis, _harmonic(axis), hbar, 0.01).lowest(6)
    assert levels == pytest.approx(hbar * np.array([1, 2, 2, 3, 3, 3]), abs=1e-6)
    levels, _ = SplitStep(axis + 1.5, np.minimum(_morse(axis + 1.5), 60.0), hbar, 0.01).lowest(3)
    up = 1.1 * hbar * np.array([0.5, 1.5])
    exact = sorted([_morse_level(0, hbar) + up[0], _morse_level(0, hbar) + up[1], _morse_level(1, hbar) + up[0]])
    assert levels == pytest.approx(exact, abs=2e-4)


def test_lowest_waves_of_mirror_wells_are_even_and_odd():
    """Link: symmetry. Each is its own mirror image up to sign, and their sum or difference rests in one well."""
    axis = _axis(48, 3.0)
    V = 2.0 * (axis[:, None] ** 2 - 1.0) ** 2 + 2.0 * axis[None, :] ** 2 + 0.4 * axis[:, None] * axis[None, :]
    levels, low = SplitStep(axis, np.minimum(V, 25.0), 0.4, 0.02).lowest(2)
    assert 0.0 < levels[1] - levels[0] < 0.1
    mirrored = np.roll(low[:, ::-1, ::-1], 1, axis=(1, 2))
    assert np.abs(np.abs((mirrored * low).sum(axis=(1, 2))) * (axis[1] - axis[0]) ** 2 - 1.0).max() < 1e-6
    one = density(low[0] + low[1]) / density(low[0] + low[1]).sum()
    assert max(one[axis < 0.0].sum(), one[axis > 0.0].sum()) > 0.97


def test_ground_state_and_its_flow():
    """Link: E₀ = ħ in two dimensions; u = −q and v = 0 there; a kicked packet has v = ħ · kick."""
    axis, hbar = _axis(64), 0.5
    solver = SplitStep(axis, _harmonic(axis), hbar, 0.02)
    ground = solver.ground()
    assert solver.energy(ground) == pytest.approx(hbar, rel=2e-4)
    v, u = solver.flow(ground)
    near = np.hypot(axis[:, None], axis[None, :]) < 1.2
    assert np.abs(v[:, near]).max() < 1e-9
    assert np.abs(u[0] + axis[:, None])[near].max() < 0.02
    v, _ = solver.flow(packet(axis, (0, 0), 0.5, (2.0, -1.0)))
    assert np.abs(v[0] - 1.0)[near].max() < 2e-3 and np.abs(v[1] + 0.5)[near].max() < 2e-3


def test_single_precision_is_close():
    """Link: the same run in complex128; what the live page computes differs from it by less than it can show."""
    axis = _axis(96, 3.0)
    V = np.minimum(4 * _harmonic(axis), 25)
    start = packet(axis, (1.0, 0.0), 0.3)
    fine = SplitStep(axis, V, 0.5, 0.02).step(start, 500)
    coarse = SplitStep(axis, V, 0.5, 0.02, np.complex64).step(start.astype(np.complex64), 500)
    assert coarse.dtype == np.complex64
    assert np.abs(fine - coarse).max() < 1e-4 * np.abs(fine).max()
    assert abs(density(coarse).sum() / density(fine).sum() - 1) < 1e-4


@pytest.mark.parametrize(("shape", "hbar", "dt"), [((8, 9), 1.0, 0.1), ((8, 8), 0.0, 0.1), ((8, 8), 1.0, -1.0)])
def test_refuses(shape, hbar, dt):
    """Link: what cannot be a loss, a constant of Planck or a step is refused in one sentence that says what may."""
    with pytest.raises(ValueError, match="is refused; allowed:"):
        SplitStep(_axis(8), np.zeros(shape), hbar, dt)


def test_on_a_line():
    """Link: a separable wave on a square is the product of two on a line, to rounding; other shapes are refused."""
    axis = _axis(32)
    V, start = 0.5 * axis**2 + 0.05 * axis**4, np.exp(-(axis**2) + 0.3j * axis)
    line = SplitStep(axis, V, 0.5, 0.02).step(start, 30)
    square = SplitStep(axis, V[:, None] + V[None, :], 0.5, 0.02).step(start[:, None] * start[None, :], 30)
    assert np.abs(square - line[:, None] * line[None, :]).max() < 1e-12
    with pytest.raises(ValueError, match=r"allowed: \(32,\) or \(32, 32\)"):
        SplitStep(axis, V[:, None], 0.5, 0.02)
