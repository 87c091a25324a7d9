"""What commands print: verdicts beside the register, for one seed or over many, as tables and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from weltnet.experiment import Experiment, Verdict
    from weltnet.run import Outcome
    from weltnet.verifications import Row, Task

__all__ = [
    "Progress", "blank", "calibrated", "claims", "console", "described", "measured", "passes", "print_json",
    "report", "rows", "short", "show",
]  # fmt: skip

WORDS = ("title", "in words")
"""Columns that may wrap."""


def console() -> Console:
    found = Console(markup=False, highlight=False, emoji=False)
    return found if found.is_terminal else Console(markup=False, highlight=False, emoji=False, width=200)


def blank(*columns: str) -> Table:
    """A table without lines; only what is said in words may wrap."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in WORDS)
    return table


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))


def _number(value: float | None) -> float | None:
    """A number as JSON can say it: what is not finite becomes null."""
    return None if value is None or not math.isfinite(value) else float(value)


def short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def measured(v: Verdict) -> str:
    error = f" ± {v.error:.1g}" if v.error else ""
    return f"{v.symbol} = {v.measured:.4g}{error} {v.unit}".rstrip()


def described(e: Experiment[Any, Any]) -> dict[str, Any]:
    claims = [
        {"name": c.name, "sentence": c.sentence, "source": c.source, "registered": c.registered} for c in e.claims
    ]
    return {"slug": e.slug, "title": e.title, "group": e.group, "claims": claims, "source": ", ".join(e.sources)}


def report(e: Experiment[Any, Any], params: Mapping[str, Any], seed: int, outcome: Outcome) -> dict[str, Any]:
    verdicts = [
        {
            "claim": v.claim,
            "verdict": v.word,
            "registered": e.claim(v.claim).registered,
            "symbol": v.symbol,
            "unit": v.unit,
            "measured": _number(v.measured),
            "error": _number(v.error),
            "predicted": _number(v.predicted),
            "band": [_number(edge) for edge in v.band],
            "null": _number(v.null),
            "sentence": v.sentence,
        }
        for v in outcome.verdicts
    ]
    return {
        "slug": e.slug,
        "title": e.title,
        "seed": seed,
        "steps": outcome.steps,
        "digest": outcome.digest,
        "seconds": round(outcome.seconds, 3),
        "params": dict(params),
        "verdicts": verdicts,
    }


def rows(
    chosen: Sequence[Experiment[Any, Any]],
    tasks: Sequence[Task],
    found: Mapping[Task, Sequence[Row]],
    kept: frozenset[Task],
    *,
    sabotage: bool,
) -> list[dict[str, Any]]:
    """Every verdict beside the register, in order of the tasks."""
    by_slug = {e.slug: e for e in chosen}
    honest: dict[tuple[str, int, str], str | None] = {}
    rows = []
    for task in tasks:
        for r in found[task]:
            registered = by_slug[task.slug].claim(r.claim).registered
            row = {
                "slug": task.slug,
                "claim": r.claim,
                "verdict": r.word,
                "registered": registered,
                "as_registered": r.word == registered,
                "measured": r.measured,
                "error": r.error,
                "predicted": r.predicted,
                "null": r.null,
                "seed": r.seed,
                "seconds": r.seconds,
                "kept": task in kept,
            }
            place = (task.slug, r.seed, r.claim)
            if not task.broken:
                honest[place] = r.word
            if sabotage:
                turned = _turned(honest.get(place), r.word) if task.broken else None
                row |= {"saboteur": task.broken or None, "turned": turned}
            rows.append(row)
    return rows


def claims(
    chosen: Sequence[Experiment[Any, Any]], rows: Sequence[Mapping[str, Any]], found: Mapping[Task, Sequence[Row]]
) -> list[dict[str, Any]]:
    """How the verdicts on every claim are distributed over the seeds, honest and broken."""
    from weltnet.verifications import Distribution

    groups: dict[tuple[str, str, str], list[Row]] = {}
    for task, made in found.items():
        for r in made:
            groups.setdefault((task.slug, r.broken, r.claim), []).append(r)
    passed: dict[tuple[str, str, str], list[bool]] = {}
    for row in rows:
        passed.setdefault((row["slug"], row.get("saboteur") or "", row["claim"]), []).append(passes(row))
    vouched = {e.slug: _vouched(e) for e in chosen}
    claims = []
    for (slug, broken, claim), agreed in passed.items():
        over = Distribution(tuple(groups[slug, broken, claim]))
        low, high = over.range or (None, None)
        claims.append(
            {
                "slug": slug,
                "claim": claim,
                "saboteur": broken or None,
                "seeds": len(over.rows),
                "words": {word or "broke down": n for word, n in over.words.most_common()},
                "as_expected": sum(agreed),
                "median": over.median,
                "min": low,
                "max": high,
                "between_seeds": over.spread,
                "within_run": over.error,
                "calibrated": vouched[slug],
            }
        )
    return claims


def _vouched(e: Experiment[Any, Any]) -> bool | None:
    """Whether every calibration that the experiment rests on is reproduced; nothing if one was not run."""
    from weltnet import calibrations

    found = calibrations.current()
    results = [found.of(name) if found else None for name in e.calibrations]
    if any(r is not None and not calibrations.passed(r) for r in results):
        return False
    return None if not results or None in results else True


def calibrated(e: Experiment[Any, Any]) -> str:
    state = _vouched(e)
    if state is None:
        return f"{e.title}: its estimators are not calibrated in this version yet; weltnet calibrate does it."
    if state:
        return f"{e.title}: its estimators reproduce {len(e.calibrations)} known answers."
    return f"{e.title}: an estimator misses a known answer, so its verdicts decide nothing; see weltnet calibrate."


def _turned(honest: str | None, broken: str | None) -> bool:
    """A saboteur turns a verdict when the broken run decides, and decides differently."""
    return broken in ("holds", "fails") and broken != honest


def passes(row: Mapping[str, Any]) -> bool:
    """A broken run must turn its verdict; an honest one must be as registered."""
    return bool(row["turned"] if row.get("saboteur") else row["as_registered"])


def show(rows: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]], *, many: bool, sabotage: bool) -> None:
    out = console()
    out.print(_over_seeds(rows, claims, sabotage=sabotage) if many else _one_seed(rows, sabotage=sabotage))
    honest = [r for r in rows if not r.get("saboteur")]
    broken = [r for r in rows if r.get("saboteur")]
    out.print(f"{sum(map(passes, honest))} of {len(honest)} verdicts are as registered.")
    if sabotage:
        out.print(f"{sum(map(passes, broken))} of {len(broken)} verdicts turn when their assumption is broken.")


def _one_seed(rows: Sequence[Mapping[str, Any]], *, sabotage: bool) -> Table:
    columns = ["experiment", "claim", *(["broken by"] if sabotage else [])]
    table = blank(*columns, "verdict", "", "measured", "predicted", "null", "s")
    for r in rows:
        if r.get("saboteur"):
            word = "turned" if passes(r) else "NOT TURNED"
        else:
            word = "as registered" if passes(r) else f"DIFFERS from {r['registered']}"
        measured = short(r["measured"]) + (f" ± {r['error']:.1g}" if r["error"] else "")
        table.add_row(
            r["slug"],
            r["claim"],
            *([r["saboteur"] or ""] if sabotage else []),
            r["verdict"] or "broke down",
            word,
            measured,
            short(r["predicted"]),
            short(r["null"]),
            f"{r['seconds']:.1f}",
        )
    return table


def _over_seeds(rows: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]], *, sabotage: bool) -> Table:
    """One line per claim. A run's ± is its 95 % half-width, so where runs know their error it is twice the sd."""
    columns = ["experiment", "claim", *(["broken by"] if sabotage else [])]
    table = blank(*columns, "verdicts", "", "median", "min", "max", "sd of seeds", "± in a run")
    for c in claims:
        odd = [
            r["seed"]
            for r in rows
            if (r["slug"], r["claim"], r.get("saboteur")) == (c["slug"], c["claim"], c["saboteur"]) and not passes(r)
        ]
        good, bad = ("turned", "NOT TURNED") if c["saboteur"] else ("as registered", "DIFFERS")
        word = f"{bad} at {'seed' if len(odd) == 1 else 'seeds'} {_list(odd)}" if odd else good
        table.add_row(
            c["slug"],
            c["claim"],
            *([c["saboteur"] or ""] if sabotage else []),
            ", ".join(f"{n} {word}" for word, n in c["words"].items()),
            word,
            *(short(c[k]) for k in ("median", "min", "max", "between_seeds", "within_run")),
        )
    return table


def _list(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    return shown if len(numbers) <= 6 else f"{shown} and {len(numbers) - 6} more"


class Progress:
    """What is being computed, on stderr: one moving line on a terminal, one line per run elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self.status = self.console.status("") if self.console.is_terminal else None

    def __enter__(self) -> Progress:
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *fault: object) -> None:
        if self.status:
            self.status.stop()

    def part(self, title: str) -> Any:
        """A report for one run."""
        if not self.status:
            self.console.print(f"{title} …")
            return lambda fraction, text: None
        status = self.status
        status.update(title)
        return lambda fraction, text: status.update(f"{title}: {text} ({100 * fraction:.0f} %)")
