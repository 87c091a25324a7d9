"""The replica kernel against the same mathematics in NumPy, JAX and torch, where those are installed.

One step of every contender draws B samples per replica with its own generator, relaxes, takes the gradient and moves q.
Before anything is timed, the gradient of every contender is compared with NumPy's in float64 for the same samples.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.replicas import LOCAL, TOTAL, descend_networks, draw, gradient_by_products, plane
from weltnet.threads import ONE

__all__ = ["compare", "contenders", "measure"]

Array = NDArray[Any]

RATE = 0.05
STEPS = 4
"""Learning steps per call of a contender."""
ROWS = 2048
"""Samples per piece in the forms that go through the replicas piece by piece."""
TOLERANCE = 2e-5
INPUTS, OUTPUTS, SAMPLES = 2, 1, 256


def _optional(name: str) -> Any:
    """A library that is no dependency: measured where it is installed, missed nowhere."""
    return import_module(name)


def _problem(N: int, M: int) -> tuple[tuple[Array, ...], Array, Array]:
    """Dense weights, two dense directions of unit norm, data in a box, and replicas."""
    rng = np.random.default_rng([N, 1])
    W0 = rng.standard_normal((N, N)) / np.sqrt(N)
    E1, E2 = rng.standard_normal((2, N, N)) / N
    b0, b1, b2 = 0.1 * rng.standard_normal((3, N))
    data = rng.uniform(-1.0, 1.0, (SAMPLES, INPUTS + OUTPUTS))
    return (W0, E1, E2, b0, b1, b2), data, rng.standard_normal((M, 2))


def _by_products(
    xp: Any, q: Any, driven: Any, recurrent: Any, sample: Any, *, ticks: int, total: bool, cat: Any
) -> Any:
    """`gradient_by_products` for any library whose arrays have @, reshape and sum; driven, recurrent: transposed."""
    M, B = sample.shape[:2]
    n = recurrent.shape[0]
    rows = sample.reshape(M * B, -1)
    answers = rows[:, INPUTS:]
    hidden = n - answers.shape[1]
    one = xp.ones_like(sample[:1, :, 0])
    q1, q2 = ((q[:, k : k + 1] * one).reshape(-1, 1) for k in (0, 1))
    drive = rows[:, :INPUTS] @ driven[1:] + driven[0]

    def fire(z: Any) -> Any:
        return xp.tanh(z[:, :n] + q1 * z[:, n : 2 * n] + q2 * z[:, 2 * n :])

    def back(d: Any) -> Any:
        return cat([d, q1 * d, q2 * d], 1) @ recurrent.T

    def along(d: Any, z: Any) -> Any:
        return cat([(d * z[:, n : 2 * n]).sum(1)[:, None], (d * z[:, 2 * n :]).sum(1)[:, None]], 1)

    z = [drive]
    x = [fire(drive)]
    for _ in range(ticks - 1):
        z.append(drive + x[-1] @ recurrent)
        x.append(fire(z[-1]))
    x[-1] = cat([x[-1][:, :hidden], answers], 1)
    last = drive + x[-1] @ recurrent
    f = fire(last)
    e = x[-1] - f
    d = e * (f * f - 1.0)
    g = along(d, last)
    if total:
        change = e + back(d)
        change = cat([change[:, :hidden], xp.zeros_like(answers)], 1)
        for t in range(ticks - 1, -1, -1):
            d = change * (1.0 - x[t] * x[t])
            g = g + along(d, z[t])
            if t > 0:
                change = back(d)
    return g.reshape(M, B, 2).mean(1)


def _weltnet(
    weights: tuple[Array, ...], data: Array, q: Array, B: int, ticks: int, kind: int
) -> tuple[Callable[[], Any], Callable[[Array], Array]]:
    rest: dict[str, Any] = {"batch": B, "ticks": ticks, "seed": 1, "kind": kind, "wall": np.inf}

    def run() -> None:
        descend_networks(q.copy(), weights, data, INPUTS, OUTPUTS, rate=RATE, steps=STEPS, **rest)

    def gradient(_chosen: Array) -> Array:
        moved = q.copy()
        descend_networks(moved, weights, data, INPUTS, OUTPUTS, rate=1.0, **rest)
        return q - moved

    return run, gradient


def _numpy(
    weights: tuple[Array, ...], data: Array, q: Array, B: int, ticks: int, kind: int, share: int
) -> tuple[Callable[[], Any], Callable[[Array], Array]]:
    driven, recurrent = plane(weights, INPUTS)
    data = data.astype(np.float32)

    def gradient(chosen: Array, at: Array | None = None) -> Array:
        here = q if at is None else at
        g = np.empty_like(here)
        for base in range(0, len(here), share):
            part = slice(base, base + share)
            sample = data[chosen[part]]
            seen, answers = sample[..., :INPUTS], sample[..., INPUTS:]
            g[part] = gradient_by_products(here[part], driven, recurrent, seen, answers, ticks=ticks, kind=kind)
        return g

    def run() -> None:
        rng = np.random.default_rng(1)
        here = q
        for _ in range(STEPS):
            here = here - RATE * gradient(rng.integers(0, len(data), (len(q), B)), here)

    return run, gradient


def _jax(
    weights: tuple[Array, ...], data: Array, q: Array, B: int, ticks: int, kind: int
) -> dict[str, tuple[Callable[[], Any], Callable[[Array], Array]]]:
    jax, jnp = _optional("jax"), _optional("jax.numpy")
    M, n = len(q), len(weights[0]) - INPUTS
    driven, recurrent = (jnp.asarray(a.reshape(3 * n, -1).T) for a in plane(weights, INPUTS))
    W0, E1, E2, b0, b1, b2 = (jnp.asarray(a, jnp.float32) for a in weights)
    known, start = jnp.asarray(data, jnp.float32), jnp.asarray(q, jnp.float32)
    total = kind == TOTAL
    shared = partial(_by_products, jnp, ticks=ticks, total=total, cat=jnp.concatenate)

    def gemm(q: Any, chosen: Any) -> Any:
        return shared(q, driven, recurrent, known[chosen])

    def pieces(q: Any, chosen: Any) -> Any:
        parts = max(p for p in range(1, M + 1) if M % p == 0 and (M // p * B >= ROWS or p == 1))
        cut = (q.reshape(parts, -1, 2), chosen.reshape(parts, -1, B))
        return jax.lax.map(lambda pair: gemm(*pair), cut).reshape(M, 2)

    def loss(q: Any, chosen: Any) -> Any:
        """Mean loss of one replica, for vmap and grad."""
        W, b, sample = W0 + q[0] * E1 + q[1] * E2, b0 + q[0] * b1 + q[1] * b2, known[chosen]

        def tick(x: Any, _: Any) -> Any:
            return jnp.tanh(x @ W.T + b).at[:, :INPUTS].set(sample[:, :INPUTS]), None

        x = jnp.zeros((B, len(b0))).at[:, :INPUTS].set(sample[:, :INPUTS])
        x = jax.lax.scan(tick, x, None, length=ticks)[0].at[:, -OUTPUTS:].set(sample[:, INPUTS:])
        x = x if total else jax.lax.stop_gradient(x)
        return 0.5 * ((x - jnp.tanh(x @ W.T + b))[:, INPUTS:] ** 2).sum() / B

    forms = {"jax products": gemm, "jax products, pieces": pieces, "jax vmap grad scan": jax.vmap(jax.grad(loss))}

    def contender(form: Callable[..., Any]) -> tuple[Callable[[], Any], Callable[[Array], Array]]:
        def step(q: Any, key: Any) -> Any:
            return q - RATE * form(q, jax.random.randint(key, (M, B), 0, len(data))), None

        steps = jax.jit(lambda q, key: jax.lax.scan(step, q, jax.random.split(key, STEPS))[0])
        key, once = jax.random.PRNGKey(1), jax.jit(form)
        return lambda: steps(start, key).block_until_ready(), lambda chosen: np.asarray(once(start, chosen))

    return {name: contender(form) for name, form in forms.items()}


def _torch(
    weights: tuple[Array, ...], data: Array, q: Array, B: int, ticks: int, kind: int, threads: int
) -> dict[str, tuple[Callable[[], Any], Callable[[Array], Array]]]:
    torch = _optional("torch")
    torch.set_num_threads(threads)
    M, n, total = len(q), len(weights[0]) - INPUTS, kind == TOTAL
    hidden = n - OUTPUTS
    parts = plane(weights, INPUTS)
    driven, recurrent = (torch.tensor(a.reshape(3 * n, -1).T.copy()) for a in parts)
    D, A = (torch.tensor(a) for a in parts)
    known, start = torch.tensor(data, dtype=torch.float32), torch.tensor(q, dtype=torch.float32)
    shared = partial(_by_products, torch, ticks=ticks, total=total, cat=torch.cat)

    def gemm(q: Any, chosen: Any) -> Any:
        return shared(q, driven, recurrent, known[chosen])

    def pieces(q: Any, chosen: Any) -> Any:
        share = max(1, ROWS // B)
        return torch.cat([gemm(a, b) for a, b in zip(q.split(share), chosen.split(share), strict=True)])

    def batched(q: Any, chosen: Any) -> Any:
        """Every replica its own weights, as batched products."""
        sample = known[chosen]
        q1, q2 = q[:, 0, None, None], q[:, 1, None, None]
        W, V = (P[0] + q1 * P[1] + q2 * P[2] for P in (A, D))
        seen = torch.cat([torch.ones(len(q), B, 1), sample[..., :INPUTS]], 2)
        drive = seen @ V.transpose(1, 2)
        x = [torch.tanh(drive)]
        for _ in range(ticks - 1):
            x.append(torch.tanh(torch.baddbmm(drive, x[-1], W.transpose(1, 2))))
        x[-1] = torch.cat([x[-1][..., :hidden], sample[..., INPUTS:]], 2)
        f = torch.tanh(torch.baddbmm(drive, x[-1], W.transpose(1, 2)))
        e = x[-1] - f
        d = e * (f * f - 1.0)
        G, along = d.transpose(1, 2) @ x[-1], d
        if total:
            change = e + d @ W
            change[..., hidden:] = 0.0
            for t in range(ticks - 1, -1, -1):
                d = change * (1.0 - x[t] * x[t])
                along = along + d
                if t > 0:
                    G.baddbmm_(d.transpose(1, 2), x[t - 1])
                    change = d @ W
        F = along.transpose(1, 2) @ seen
        return torch.stack([(G * A[k]).sum((1, 2)) + (F * D[k]).sum((1, 2)) for k in (1, 2)], 1) / B

    forms = {"torch products": gemm, "torch products, pieces": pieces, "torch bmm": batched}
    if which("g++"):
        forms["torch compile"] = torch.compile(gemm, dynamic=False)

    def contender(form: Callable[..., Any]) -> tuple[Callable[[], Any], Callable[[Array], Array]]:
        def run() -> None:
            generator = torch.Generator().manual_seed(1)
            with torch.no_grad():
                here = start
                for _ in range(STEPS):
                    here = here - RATE * form(here, torch.randint(0, len(data), (M, B), generator=generator))

        def gradient(chosen: Array) -> Array:
            with torch.no_grad():
                g: Array = form(start, torch.tensor(chosen)).numpy()
                return g

        return run, gradient

    return {name: contender(form) for name, form in forms.items()}


def contenders(
    N: int, M: int, B: int, ticks: int, *, kind: int = TOTAL, threads: int = 1
) -> dict[str, Callable[[], Any]]:
    """Every form that can run here, by name, ours first; each call does STEPS learning steps of M replicas.

    A contender whose gradient differs from NumPy's in float64 by more than rounding is an error, not a result.
    """
    weights, data, q = _problem(N, M)
    common = (weights, data, q, B, ticks, kind)
    found = {
        "weltnet": _weltnet(*common),
        "numpy products": _numpy(*common, M),
        "numpy products, pieces": _numpy(*common, max(1, ROWS // B)),
    }
    if find_spec("jax"):
        found |= _jax(*common)
    if find_spec("torch"):
        found |= _torch(*common, threads)
    chosen, _ = draw(M, B, len(data), 0, 1)
    few = slice(0, min(M, 64))
    W = [np.array(a, float)[:, INPUTS:] for a in (weights[:3], weights[3:])]
    driven = np.concatenate([W[1][..., None], W[0][:, :, :INPUTS]], axis=2)
    sample = data[chosen[few]]
    exact = gradient_by_products(
        q[few], driven, W[0][:, :, INPUTS:], sample[..., :INPUTS], sample[..., INPUTS:], ticks=ticks, kind=kind
    )
    for name, (_, gradient) in found.items():
        error = np.abs(gradient(chosen)[few] - exact).max()
        if not error < TOLERANCE:
            raise ArithmeticError(
                f"the gradient of {name} differs by {error:.1e} from float64; allowed: {TOLERANCE:.0e} (no speed "
                "counts that does not give the same numbers)"
            )
    return {name: run for name, (run, _) in found.items()}


def measure(
    runs: Mapping[str, Callable[[], Any]], replica_steps: int, *, repetitions: int = 7
) -> dict[str, dict[str, float]]:
    """CPU and wall time in ns per replica-step, the least of interleaved repetitions, and both over the first's."""
    for run in runs.values():
        run()
    cpu, wall = (dict.fromkeys(runs, np.inf) for _ in range(2))
    for _ in range(repetitions):
        for name, run in runs.items():
            c, w = time.process_time(), time.perf_counter()
            run()
            cpu[name] = min(cpu[name], (time.process_time() - c) * 1e9 / replica_steps)
            wall[name] = min(wall[name], (time.perf_counter() - w) * 1e9 / replica_steps)
    first = next(iter(runs))
    return {
        name: {
            "cpu_ns": cpu[name],
            "wall_ns": wall[name],
            "cpu_ratio": cpu[name] / cpu[first],
            "wall_ratio": wall[name] / wall[first],
        }
        for name in runs
    }


def compare(
    N: int,
    *,
    M: int = 20_000,
    B: int = 4,
    ticks: int = 4,
    kind: int = TOTAL,
    threads: int = 1,
    repetitions: int = 7,
    python: str = sys.executable,
) -> dict[str, Any]:
    """`measure` in a process of its own with that many threads for every library; rows by name, and the load.

    `python` may be another interpreter, one that has JAX and torch.
    """
    numbers = {"N": N, "M": M, "B": B, "ticks": ticks, "kind": kind, "threads": threads, "repetitions": repetitions}
    environment = os.environ | dict.fromkeys(ONE, str(threads)) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    command = [python, "-m", "weltnet_app.bench.peers", json.dumps(numbers)]
    answer: dict[str, Any] = json.loads(
        subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1]
    )
    return answer


def _main(numbers: dict[str, Any]) -> None:
    threads, repetitions = numbers["threads"], numbers.pop("repetitions")
    if hasattr(os, "sched_setaffinity"):
        # JAX takes every core it sees.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    before = os.getloadavg()[0]
    rows = measure(contenders(**numbers), numbers["M"] * STEPS, repetitions=repetitions)
    form = "local" if numbers["kind"] == LOCAL else "total"
    print(json.dumps(numbers | {"kind": form, "load": [before, os.getloadavg()[0]], "rows": rows}))


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
