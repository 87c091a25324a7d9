"""The boundary loss: its derivatives, its mirror symmetry, its interpolation error, its barrier."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.losses import episodes, sample_losses, tabulate
from weltnet.systems.networks import lift, train, weights


def _quiet(fraction, text):
    pass


@pytest.fixture(scope="module")
def network():
    return train(16, "rotation", 0, report=_quiet)


@pytest.fixture(scope="module")
def table(network):
    return tabulate(network, 0, report=_quiet)


def _slope(f, x, e=0.002):
    return (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * e)


def test_loss_is_the_free_run_of_the_network(network):
    """Link: the same episodes run neuron by neuron with W(Q) from its definition."""
    Q = np.array([[0.02, 0.2], [-0.1, -0.05]])
    X, start = episodes(network, 5, 8, 4)
    got = sample_losses(network, Q, 5, 8, 4)
    n = network.N // 2
    for k, point in enumerate(Q):
        W = weights(network, point)
        for p in range(5):
            x = np.concatenate([start[p], np.zeros(n)])
            loss = 0.0
            for t in range(1, 9):
                x = np.tanh(W @ x + network.b)
                loss += 0.5 * ((x - lift(network, X[t, p]))[:n] ** 2).mean() / 8
            assert abs(got[k, p] - loss) < 1e-14


def test_gradient_and_hessian_against_finite_differences(table):
    """Link: five-point differences of the polynomial itself, relative 1e-7."""
    x, y = np.linspace(-2.8, 2.8, 15), np.linspace(-2.7, 2.9, 13)
    gradient, hessian = table.gradient(x, y), table.hessian(x, y)
    pairs = [
        (_slope(lambda s: table.mean(s, y), x), gradient[0]),
        (_slope(lambda s: table.mean(x, s), y), gradient[1]),
        (_slope(lambda s: table.gradient(s, y)[0], x), hessian[0]),
        (_slope(lambda s: table.gradient(x, s)[0], y), hessian[1]),
        (_slope(lambda s: table.gradient(x, s)[1], y), hessian[2]),
    ]
    for numeric, exact in pairs:
        assert np.abs(numeric - exact).max() < 1e-7 * np.abs(exact).max()
    assert np.array_equal(table.laplacian(x, y), hessian[0] + hessian[2])


def test_interpolation_error_against_the_network(network, table):
    """Link: direct runs of the network at 60 points between nodes; mean loss to 2 % of the barrier where replicas live.

    Gradients of single samples as the kernel reads them (bilinear, 48 cells): rms error below 1 % of their rms.
    """
    p = np.random.default_rng(3).uniform(-2.0, 2.0, (60, 2))

    def direct(q):
        return sample_losses(network, table.weights_at(q), 256, 8, 0) + 0.5 * table.decay * (q**2).sum(1)[:, None]

    U = np.array([table.mean([a], [b])[0, 0] for a, b in p])
    assert np.abs(U - direct(p).mean(axis=1)).max() < 0.02 * table.barrier
    true = np.stack([_slope(lambda q, e=e: direct(p + (q[:, None] * e)), np.zeros(60), 0.01) for e in np.eye(2)], -1)
    G = table.sample_gradients().astype(float)
    u = (p + 3.0) / 0.125
    i, f = np.floor(u).astype(int), u - np.floor(u)
    read = sum(
        (np.abs(1 - a - f[:, 0]) * np.abs(1 - b - f[:, 1]))[:, None, None]
        * G[:, i[:, 0] + a, i[:, 1] + b].transpose(1, 0, 2)
        for a in (0, 1)
        for b in (0, 1)
    )
    rms = np.sqrt((true**2).mean())
    assert np.sqrt(((read - true) ** 2).mean()) < 0.01 * rms
    mean = np.array([table.gradient([a], [b])[:, 0, 0] for a, b in p])
    assert np.sqrt(((mean - true.mean(axis=1)) ** 2).mean()) < 2e-3 * np.sqrt((true.mean(axis=1) ** 2).mean())


@pytest.mark.parametrize("kind", ["rotation", "cycle", "wells"])
def test_mirror_symmetry_is_exact_and_breaks_when_dense(kind):
    """Link: (Q2, x_bulk) → (−Q2, −x_bulk) maps a network without weights across onto itself: 1e-12 of the range."""
    g = np.linspace(-3, 3, 61)
    asymmetry = {}
    for dense in (False, True):
        U = tabulate(train(16, kind, 0, report=_quiet, dense=dense), 0, report=_quiet, nodes=16, count=64).mean(g)
        asymmetry[dense] = np.abs(U - U[:, ::-1]).max() / np.ptp(U)
    assert asymmetry[False] < 1e-12
    assert asymmetry[True] > 1e-3


@pytest.mark.parametrize("neurons", [8, 16, 64])
def test_barrier_does_not_depend_on_size(neurons):
    """Link: prototype .0009 for N = 8 … 256; here .00084–.00087 at seed 0, two mirror valleys near q2 = ±1.35."""
    table = tabulate(train(neurons, "rotation", 0, report=_quiet), 0, report=_quiet)
    g = np.linspace(-3, 3, 121)
    U = table.mean(g)
    i, j = np.unravel_index(U.argmin(), U.shape)
    assert abs(table.barrier - 0.00085) < 0.00005
    assert table.energy_unit == table.barrier
    assert abs(table.barrier - (U[:, 60].min() - U.min())) < 1e-5
    assert abs(abs(g[j]) - 1.35) < 0.1 and abs(g[i]) < 0.3


def test_energy_unit_when_there_is_hardly_a_barrier():
    """Link: definition; the wells' valleys are parted by 2 % of what the rotation's are; the unit does not follow."""
    table = tabulate(train(16, "wells", 0, report=_quiet), 0, report=_quiet)
    assert table.barrier < 1e-4
    assert 3e-4 < table.energy_unit < 1.2e-3


def test_covariance_and_mean_are_those_of_the_samples(table):
    """Link: moments of the per-sample gradients taken with NumPy on the table a kernel reads."""
    G = table.sample_gradients(12).astype(float)
    x = np.linspace(-3, 3, 13)
    assert np.abs(G.mean(axis=0) - np.moveaxis(table.gradient(x), 0, -1)).max() < 1e-6 * np.abs(G).max()
    F = G - G.mean(axis=0)
    for field, (a, b) in zip(table.covariance(x), ((0, 0), (0, 1), (1, 1)), strict=True):
        assert np.abs((F[..., a] * F[..., b]).mean(axis=0) - field).max() < 1e-5 * np.abs(F).max() ** 2


def test_refusals_reports_and_cache(network):
    """Link: equality of objects; one sentence for what is refused; a report may stop the work."""
    with pytest.raises(ValueError, match="nodes = 2"):
        tabulate(network, 0, report=_quiet, nodes=2)
    seen = []
    first = tabulate(network, 77, report=lambda f, text: seen.append(f), nodes=8, count=8)
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert tabulate(network, 77, report=_quiet, nodes=8, count=8) is first

    def stop(fraction, text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tabulate(network, 78, report=stop, nodes=8, count=8)
