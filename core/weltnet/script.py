"""A run as a plain Python script that makes it again, bit by bit, and says so."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from weltnet.recording import Manifest

__all__ = ["script"]

_TEXT = '''\
"""{title}, seed {seed}, step {step}: the run whose state there has the digest {digest}.

Made by weltnet {version}{revision}; run it with the Python in which that is installed.
"""

import os

# Before numpy loads: on more threads it would add numbers in another order, which ends in other bits.
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from weltnet.experiments import by_slug
from weltnet.timeline import Log, Timeline

LOG = Log(
    seed={seed},
    initial={initial},
    changes={changes},
)
STEP, DIGEST = {step}, "{digest}"

run = Timeline.replay(by_slug("{slug}"), LOG, STEP)
for v in run.verdicts():
    print(f"{{v.claim}}: {{v.word}}; {{v.symbol}} = {{v.measured:.4g}} ± {{v.error:.1g}}, predicted {{v.predicted:.4g}}")
found = run.digest()
if found != DIGEST:
    raise SystemExit(f"Step {{STEP}} has the digest {{found}}, not {{DIGEST}}: of another version or on another machine.")
print(f"Step {{STEP}}, digest {{found}}: the same state, bit by bit.")
'''  # noqa: E501 (braces are written twice)

WIDTH = 112


def script(manifest: Manifest) -> str:
    """A script that carries the run of this manifest to its step, prints its verdicts and compares the digest."""
    by = manifest.made_by
    return _TEXT.format(
        title=manifest.title,
        slug=manifest.experiment,
        seed=manifest.seed,
        step=manifest.step,
        digest=manifest.digest,
        version=by.version,
        revision=f" (git {by.revision})" if by.revision else "",
        initial=_filled("{", [f"{_literal(k)}: {_literal(v)}" for k, v in manifest.initial.items()], "}"),
        changes=_filled("[", [f"({step}, {_literal(values)})" for step, values in manifest.changes], "]"),
    )


def _literal(value: object) -> str:
    """A plain value as Python reads it back."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)


def _filled(left: str, parts: Sequence[str], right: str) -> str:
    """Parts between brackets, as many to a line as fit."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]} {part},".lstrip()
        if lines[-1] and len(longer) > WIDTH - 8:
            lines.append(f"{part},")
        else:
            lines[-1] = longer
    return "\n".join([left, *(f"        {line}" for line in lines), f"    {right}"]) if parts else left + right
