"""The command line: serve, list, run, verify, doctor.

Exit codes: 0 done; 1 a verdict differs from the register, a run broke down or the doctor found a fault; 2 the command
was refused, with one sentence on stderr that names what is allowed; 130 interrupted. Results go to stdout, progress to
stderr. Physics and the web server are imported by the command that needs them, so that the others answer at once.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnknownOptionError, UnusedCliTokensError
from rich.console import Console
from rich.table import Table

from weltnet import __version__
from weltnet.params import BadParams

if TYPE_CHECKING:
    from weltnet.experiment import Experiment, Verdict
    from weltnet.run import Outcome

__all__ = ["Refused", "run"]

LARGEST_FILE = 64 * 1024
LARGEST_SEED = 2**32 - 1
LARGEST_RUN = 10_000_000
WORDS = ("title", "in words")
"""Columns that may wrap."""
FAULTS = (ArithmeticError, ValueError, RuntimeError, MemoryError)
"""What a run may raise with a sentence for a person, as in a worker."""

ORIGIN = re.compile(r"(https?://)?([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(:\d{1,5})?")

app = App(
    name="weltnet",
    help="A laboratory for the world as a neural network. Without a command: serve.",
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative=""),
    suppress_keyboard_interrupt=False,
)


class Refused(ValueError):
    """A command was refused; the message is one sentence that names what is allowed."""


def run(tokens: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    # Linear algebra on one thread, as in workers, or a digest printed here differs from the page's; before numpy loads.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    try:
        first = tokens[0] if tokens else ""
        if first and not first.startswith("-") and first not in _commands():
            raise Refused(f"{first!r} is not a command; allowed: {', '.join(_commands())}")
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        return _refuse(_sentence(error, first))
    except (Refused, BadParams) as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe left early; without this Python complains again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


# -- commands ---------------------------------------------------------------------------------------------------------


@app.default
@app.command
def serve(
    *,
    host: str = "localhost",
    port: str = "5006",
    no_browser: bool = False,
    allow_origin: list[str] | None = None,
) -> None:
    """Open the laboratory in the browser.

    Parameters
    ----------
    host
        Name or address to listen on; 0.0.0.0 for every network interface.
    port
        Port to listen on; when it is taken the next free one is used, and said.
    no_browser
        Only print the address.
    allow_origin
        Another host[:port] that pages may be served from, exactly; may be given again.
    """
    number = _whole("--port", port, 0, 65535, "the port to listen on, 0 for any free one")
    if not host.strip():
        raise Refused("--host = '' is refused; allowed: a name or address of this machine, such as localhost")
    origins = tuple(allow_origin or ())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise Refused(f"--allow-origin = {origin!r} is refused; allowed: host, host:port or http(s)://host:port")
    from weltnet_app.serve import serve as start

    try:
        start(host, number, not no_browser, origins)
    except SystemExit as leaving:
        if not isinstance(leaving.code, str):
            raise
        raise Refused(leaving.code) from None


@app.command(name="list")
def list_(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """Name every experiment with its claims and their registered answers.

    Parameters
    ----------
    as_json
        Print JSON: slug, title, group, claims, source.
    """
    from weltnet.experiments import ALL

    if as_json:
        _print_json([_described(e) for e in ALL])
        return
    table = _table("experiment", "title", "group", "claim", "registered", "source")
    for e in ALL:
        for i, c in enumerate(e.claims):
            table.add_row(*([e.slug, e.title, e.group] if i == 0 else ["", "", ""]), c.name, c.registered, c.source)
    _out().print(table)


@app.command(name="run")
def run_(
    slug: str,
    /,
    *,
    preset: str | None = None,
    changes: Annotated[list[str] | None, Parameter(name="--set")] = None,
    params: str | None = None,
    seed: str = "0",
    steps: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Run one experiment without a browser and judge its claims.

    Parameters
    ----------
    slug
        The experiment, as `weltnet list` names it.
    preset
        Start from this preset of the experiment.
    changes
        Set one parameter, as name=value; may be given again and outranks the preset and the file.
    params
        A TOML file of parameters, name = value; outranks the preset.
    seed
        The seed of every random number of the run.
    steps
        Learning steps; by default as many as the experiment's verdicts need.
    as_json
        Print JSON: slug, title, seed, steps, digest, seconds, params, verdicts.
    """
    from weltnet import run

    experiment = _experiment(slug)
    values: dict[str, Any] = {}
    if preset is not None:
        values |= _preset(experiment, preset)
    if params is not None:
        values |= _file(Path(params))
    values |= dict(_assignment(experiment, text) for text in changes or ())
    knobs = experiment.params.parse(values)
    number = _whole("--seed", seed, 0, LARGEST_SEED, "the seed of the run")
    length = None if steps is None else _whole("--steps", steps, 0, LARGEST_RUN, "learning steps")
    with _Progress() as progress:
        try:
            outcome = run.outcome(experiment, knobs, number, length, progress.part(f"{slug}, seed {number}"))
        except FAULTS as fault:
            return _broken(slug, number, fault)
    if as_json:
        _print_json(_report(experiment, knobs.model_dump(mode="json"), number, outcome))
        return 0
    table = _table("claim", "verdict", "registered", "measured", "predicted", "null", "in words")
    for v in outcome.verdicts:
        registered = experiment.claim(v.claim).registered
        table.add_row(v.claim, v.word, registered, _measured(v), *map(_short, (v.predicted, v.null)), v.sentence)
    out = _out()
    out.print(table)
    out.print(f"{experiment.title}, seed {number}, {outcome.steps} steps, digest {outcome.digest}.")
    return 0


@app.command
def verify(
    *slugs: str,
    seeds: str = "1",
    sabotage: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Run experiments at their defaults and compare every verdict with the registered answer.

    Exits with 1 when a verdict differs from the register, or a saboteur does not turn a verdict it names.

    Parameters
    ----------
    slugs
        Experiments, as `weltnet list` names them; all when none is given.
    seeds
        How many seeds, from 0 up.
    sabotage
        Also switch on every saboteur, one at a time, and see whether the verdicts it names turn.
    as_json
        Print JSON, one object per verdict.
    """
    from weltnet import run
    from weltnet.experiments import ALL

    chosen = [_experiment(slug) for slug in dict.fromkeys(slugs)] or list(ALL)
    count = _whole("--seeds", seeds, 1, 1000, "how many seeds to run, from 0 up")
    rows: list[dict[str, Any]] = []
    with _Progress() as progress:
        for e in chosen:
            for seed in range(count):
                honest: dict[str, str | None] = {}
                for saboteur in (None, *(e.saboteurs if sabotage else ())):
                    name = saboteur.name if saboteur else None
                    title = f"{e.slug}, seed {seed}" + (f", broken by {name}" if name else "")
                    try:
                        verdicts = run.verified(e, seed, name or "", progress.part(title))
                    except FAULTS as fault:
                        _broken(e.slug, seed, fault)
                        verdicts = {}
                    for claim in e.claims:
                        if saboteur and claim.name not in saboteur.turns:
                            continue
                        v, seconds = verdicts.get(claim.name, (None, 0.0))
                        row = _row(e, claim.name, v, seed, seconds)
                        if sabotage:
                            row |= {"saboteur": name, "turned": None}
                        if saboteur:
                            row["turned"] = _turned(honest[claim.name], row["verdict"])
                        else:
                            honest[claim.name] = row["verdict"]
                        rows.append(row)
    if as_json:
        _print_json(rows)
    else:
        _show(rows, many=count > 1, sabotage=sabotage)
    return 0 if all(_passes(row) for row in rows) else 1


@app.command
def doctor() -> int:
    """Examine this installation: one line per matter, with what to do where something is wrong."""
    from weltnet_app.doctor import examine

    sound = True
    for finding in examine():
        print(finding, flush=True)
        sound &= finding.sound
    return 0 if sound else 1


# -- what the commands take -------------------------------------------------------------------------------------------


def _commands() -> list[str]:
    return [name for name in app if not name.startswith("-")]


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


def _broken(slug: str, seed: int, fault: BaseException) -> int:
    print(f"{slug}, seed {seed}: {str(fault) or type(fault).__name__}", file=sys.stderr)
    return 1


def _sentence(error: CycloptsError, first: str) -> str:
    """What the parser refused, in one sentence with what is allowed."""
    command = first if first in _commands() else "serve"
    takes = [next(iter(a.parameter.name or ()), a.name) for a in app[command].assemble_argument_collection()]
    if isinstance(error, UnknownOptionError):
        what = f"{_clip(error.token.keyword or error.token.value)} is not an option"
    elif isinstance(error, MissingArgumentError):
        name = error.keyword or (error.argument.name if error.argument else "an argument")
        what = f"{name.lower()} needs a value"
    elif isinstance(error, UnusedCliTokensError):
        what = f"{_clip(' '.join(error.unused_tokens or ()))} is too much"
    else:
        what = " ".join(str(error).split()).rstrip(".")
    return f"{what}; allowed in `weltnet {command}`: {', '.join(takes).lower() or 'nothing more'}"


def _whole(option: str, text: str, low: int, high: int, meaning: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) and low <= int(text) <= high:
        return int(text)
    raise Refused(f"{option} = {_clip(text)} is refused; allowed: a whole number in [{low}, {high}] ({meaning})")


def _clip(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def _experiment(slug: str) -> Experiment[Any, Any]:
    from weltnet.experiments import by_slug

    try:
        return by_slug(slug)
    except KeyError as error:
        raise Refused(str(error.args[0])) from None


def _preset(experiment: Experiment[Any, Any], name: str) -> Mapping[str, Any]:
    for preset in experiment.presets:
        if _plain(preset.name) == _plain(name):
            return preset.values
    allowed = ", ".join(repr(p.name) for p in experiment.presets) or "none"
    raise Refused(f"--preset = {_clip(name)} is not a preset of {experiment.slug}; allowed: {allowed}")


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()


def _assignment(experiment: Experiment[Any, Any], text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        allowed = ", ".join(experiment.params.model_fields)
        raise Refused(f"--set {_clip(text)} is refused; allowed: name=value with one of the names {allowed}")
    return name.strip(), value.strip()


def _file(path: Path) -> dict[str, Any]:
    allowed = f"allowed: a TOML file of at most {LARGEST_FILE // 1024} kB with lines name = value"
    try:
        if not path.is_file():
            raise Refused(f"--params = {str(path)!r} is not a file; {allowed}")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"--params = {str(path)!r} cannot be read ({reason}); {allowed}") from None
    if len(data) > LARGEST_FILE:
        raise Refused(f"--params = {str(path)!r} is too large; {allowed}")
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise Refused(f"--params = {str(path)!r} is not TOML ({reason}); {allowed}") from None


# -- what the commands print ------------------------------------------------------------------------------------------


def _out() -> Console:
    console = Console(markup=False, highlight=False, emoji=False)
    return console if console.is_terminal else Console(markup=False, highlight=False, emoji=False, width=200)


def _table(*columns: str) -> Table:
    """A table without lines; only what is said in words may wrap."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, no_wrap=name not in WORDS)
    return table


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))


def _number(value: float | None) -> float | None:
    """A number as JSON can say it: what is not finite becomes null."""
    return None if value is None or not math.isfinite(value) else float(value)


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _measured(v: Verdict) -> str:
    error = f" ± {v.error:.1g}" if v.error else ""
    return f"{v.symbol} = {v.measured:.4g}{error} {v.unit}".rstrip()


def _described(e: Experiment[Any, Any]) -> dict[str, Any]:
    claims = [
        {"name": c.name, "sentence": c.sentence, "source": c.source, "registered": c.registered} for c in e.claims
    ]
    return {"slug": e.slug, "title": e.title, "group": e.group, "claims": claims, "source": ", ".join(e.sources)}


def _report(e: Experiment[Any, Any], params: Mapping[str, Any], seed: int, outcome: Outcome) -> dict[str, Any]:
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


def _row(e: Experiment[Any, Any], claim: str, v: Verdict | None, seed: int, seconds: float) -> dict[str, Any]:
    registered = e.claim(claim).registered
    return {
        "slug": e.slug,
        "claim": claim,
        "verdict": v.word if v else None,
        "registered": registered,
        "as_registered": v is not None and v.word == registered,
        "measured": _number(v.measured) if v else None,
        "error": _number(v.error) if v else None,
        "predicted": _number(v.predicted) if v else None,
        "null": _number(v.null) if v else None,
        "seed": seed,
        "seconds": round(seconds, 3),
    }


def _turned(honest: str | None, broken: str | None) -> bool:
    """A saboteur turns a verdict when the broken run decides, and decides differently."""
    return broken in ("holds", "fails") and broken != honest


def _passes(row: Mapping[str, Any]) -> bool:
    """A broken run must turn its verdict; an honest one must be as registered."""
    return bool(row["turned"] if row.get("saboteur") else row["as_registered"])


def _show(rows: Sequence[Mapping[str, Any]], *, many: bool, sabotage: bool) -> None:
    out = _out()
    columns = ["experiment", "claim", *(["seed"] if many else []), *(["broken by"] if sabotage else [])]
    table = _table(*columns, "verdict", "", "measured", "predicted", "null", "s")
    for r in rows:
        if r.get("saboteur"):
            word = "turned" if _passes(r) else "NOT TURNED"
        else:
            word = "as registered" if _passes(r) else f"DIFFERS from {r['registered']}"
        measured = _short(r["measured"]) + (f" ± {r['error']:.1g}" if r["error"] else "")
        table.add_row(
            r["slug"],
            r["claim"],
            *([str(r["seed"])] if many else []),
            *([r["saboteur"] or ""] if sabotage else []),
            r["verdict"] or "broke down",
            word,
            measured,
            _short(r["predicted"]),
            _short(r["null"]),
            f"{r['seconds']:.1f}",
        )
    out.print(table)
    honest = [r for r in rows if not r.get("saboteur")]
    broken = [r for r in rows if r.get("saboteur")]
    out.print(f"{sum(map(_passes, honest))} of {len(honest)} verdicts are as registered.")
    if sabotage:
        out.print(f"{sum(map(_passes, broken))} of {len(broken)} verdicts turn when their assumption is broken.")


class _Progress:
    """What is being computed, on stderr: one moving line on a terminal, one line per run elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self.status = self.console.status("") if self.console.is_terminal else None

    def __enter__(self) -> _Progress:
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
