"""The replica kernel against its peers, on two cores, and against the number and size of networks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

from weltnet.kernels.replicas import LARGEST, descend_networks
from weltnet_app.bench.figures import Figure, at_least, at_most
from weltnet_app.bench.peers import compare

__all__ = ["against_peers", "scaling", "seconds"]

BATCH = TICKS = 4
FLOORS = {"numpy": 7.0, "jax": 4.0, "torch": 7.0}
"""How many times the CPU time of the kernel the best form of another library should take."""


def against_peers(quick: bool, python: str) -> Iterator[Figure]:
    """Replica-steps of one core against the best form of every library that is installed."""
    for N in (16,) if quick else (8, 16):
        told = compare(N, M=4000 if quick else 20_000, repetitions=2 if quick else 3, python=python)
        rows = told["rows"]
        own = rows.pop("weltnet")["cpu_ns"]
        yield Figure(f"replicas, N = {N}, M = {told['M']}, B = T = 4, one core", own, "ns per replica-step")
        for library, floor in FLOORS.items():
            forms = {name: row["cpu_ns"] for name, row in rows.items() if name.split()[0] == library}
            if forms:
                best = min(forms, key=lambda name: forms[name])
                yield at_least(f"best form of {library} over weltnet, N = {N}", forms[best] / own, floor, "×", best)


def scaling(quick: bool, _python: str) -> Iterator[Figure]:
    """How the time goes with threads, with the number of networks and with their size."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores > 1:
        one, two = (
            min(_process(16, 4000 if quick else 20_000, threads) for _ in range(1 if quick else 3))
            for threads in (1, 2)
        )
        yield at_least("one core over two cores, N = 16", one / two, 1.8, "×", "wall time")
    sizes = [10**3, 10**4, 10**5, *([] if quick else [10**6])]
    each = np.array([seconds(16, M) / M for M in sizes])
    middle = float(np.exp(np.log(each).mean()))
    worst = float(np.abs(each / middle - 1).max())
    spread = f"M = {sizes[0]} … {sizes[-1]}"
    yield at_most("farthest from proportional to M", worst, 0.15, "", spread)
    yield Figure("exponent of M", _slope(sizes, each * sizes), "", note=spread)
    widths = [8, 16, 32, *([] if quick else [64])]
    yield Figure("exponent of N, own weights", _slope(widths, [seconds(N, 2000) for N in widths]), "",
                 note=f"N = {widths[0]} … {widths[-1]}")  # fmt: skip
    if not quick:
        widths = [LARGEST + 64, 2 * LARGEST]
        yield Figure("exponent of N, shared W0", _slope(widths, [seconds(N, 1000) for N in widths]), "",
                     note=f"N = {widths[0]}, {widths[-1]}")  # fmt: skip


def seconds(N: int, M: int, *, clock: Callable[[], float] = time.process_time, least: float = 0.1) -> float:
    """Time of one learning step of M networks, the least of three; CPU time unless another clock is given."""
    rng = np.random.default_rng([N, 1])
    weights = (*(rng.standard_normal((3, N, N)) / N), *(0.1 * rng.standard_normal((3, N))))
    data = rng.uniform(-1.0, 1.0, (256, 3))
    q = rng.standard_normal((M, 2))

    def run(steps: int) -> float:
        begun = clock()
        descend_networks(q, weights, data, 2, 1, rate=0.05, batch=BATCH, ticks=TICKS, seed=1, steps=steps)
        return clock() - begun

    run(1)
    steps = max(1, round(least / max(run(1), 1e-6)))
    return min(run(steps) for _ in range(3)) / steps


def _process(N: int, M: int, threads: int) -> float:
    """Wall time of one learning step in a process of its own with that many threads."""
    # JSON in, JSON out: the number of threads is fixed when numba loads.
    environment = os.environ | {"NUMBA_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "weltnet_app.bench.kernel", json.dumps([N, M])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout))


def _slope(x: object, y: object) -> float:
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])


if __name__ == "__main__":
    print(json.dumps(seconds(*json.loads(sys.argv[1]), clock=time.perf_counter)))
