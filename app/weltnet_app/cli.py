"""The command line: serve, list, run, verify, calibrate, bench, screenshots, doctor.

Exit codes: 0 done; 1 a verdict differs from the register, a run broke down or the doctor found a fault; 2 the command
was refused, with one sentence on stderr that names what is allowed; 130 interrupted. Results go to stdout, progress to
stderr. Physics and the web server are imported by the command that needs them, so that the others answer at once.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnknownOptionError, UnusedCliTokensError

from weltnet import __version__, threads
from weltnet.params import BadParams
from weltnet_app import arguments, tables
from weltnet_app.arguments import Refused

if TYPE_CHECKING:
    from weltnet.experiment import Experiment
    from weltnet.run import Outcome

__all__ = ["Refused", "run"]

LARGEST_SEED = 2**32 - 1
LARGEST_RUN = 10_000_000
ORIGIN = re.compile(r"(https?://)?([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(:\d{1,5})?")

app = App(
    name="weltnet",
    help="A laboratory for the world as a neural network. Without a command: serve.",
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative=""),
    suppress_keyboard_interrupt=False,
)


def run(tokens: Sequence[str]) -> int:
    """Carry out one command line and return its exit code."""
    # Linear algebra on one thread, as in workers, or a digest printed here differs from the page's; before numpy loads.
    os.environ.update(threads.ALGEBRA)
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
    number = arguments.whole("--port", port, 0, 65535, "the port to listen on, 0 for any free one")
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
        tables.print_json([tables.described(e) for e in ALL])
        return
    table = tables.blank("experiment", "title", "group", "claim", "registered", "source")
    for e in ALL:
        for i, c in enumerate(e.claims):
            table.add_row(*([e.slug, e.title, e.group] if i == 0 else ["", "", ""]), c.name, c.registered, c.source)
    tables.console().print(table)


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
    out: str | None = None,
    every: str | None = None,
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
    out
        Record frames here: a folder name.zarr, a file name.zarr.zip or name.csv.zip, which must not exist yet.
    every
        Learning steps between two recorded frames; by default so many that there are about a hundred.
    as_json
        Print JSON: slug, title, seed, steps, digest, seconds, params, verdicts.
    """
    from weltnet import run
    from weltnet.verifications import FAULTS

    experiment = arguments.experiment(slug)
    values: dict[str, Any] = {}
    if preset is not None:
        values |= arguments.preset(experiment, preset)
    if params is not None:
        values |= arguments.file(Path(params))
    values |= dict(arguments.assignment(experiment, text) for text in changes or ())
    knobs = experiment.params.parse(values)
    number = arguments.whole("--seed", seed, 0, LARGEST_SEED, "the seed of the run")
    length = experiment.verify_steps
    if steps is not None:
        length = arguments.whole("--steps", steps, 0, LARGEST_RUN, "learning steps")
    between = max(1, length // 100)
    if every is not None:
        between = arguments.whole("--every", every, 1, LARGEST_RUN, "learning steps between two recorded frames")
    place = None if out is None else arguments.place(out)
    if every is not None and place is None:
        raise Refused("--every is refused without --out; allowed: together with the recording's name")
    with tables.Progress() as progress:
        report = progress.part(f"{slug}, seed {number}")
        try:
            if place is None:
                outcome = run.outcome(experiment, knobs, number, length, report)
            else:
                outcome = _recorded(experiment, knobs, number, length, between, place, report)
        except FAULTS as fault:
            return _broken(slug, number, str(fault) or type(fault).__name__)
    if as_json:
        tables.print_json(tables.report(experiment, knobs.model_dump(mode="json"), number, outcome))
        return 0
    table = tables.blank("claim", "verdict", "registered", "measured", "predicted", "null", "in words")
    for v in outcome.verdicts:
        registered = experiment.claim(v.claim).registered
        table.add_row(
            v.claim, v.word, registered, tables.measured(v), *map(tables.short, (v.predicted, v.null)), v.sentence
        )
    console = tables.console()
    console.print(table)
    console.print(f"{experiment.title}, seed {number}, {outcome.steps} steps, digest {outcome.digest}.")
    if place is not None:
        console.print(f"Recorded in {place}.")
    return 0


@app.command
def verify(
    *slugs: str,
    seeds: str = "1",
    first: Annotated[str, Parameter(name="--from")] = "0",
    sabotage: bool = False,
    jobs: str | None = None,
    fresh: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Run experiments where their claims are registered, compare the verdicts with the register, and store them.

    Exits with 1 when a verdict differs from the register, or a saboteur does not turn a verdict it names. What is
    stored is shown on the pages' cards; runs of the same sources on this machine are not made twice.

    Parameters
    ----------
    slugs
        Experiments, as `weltnet list` names them; all when none is given.
    seeds
        How many seeds.
    first
        The first of them; seeds that no rule was set on are the better judges.
    sabotage
        Also switch on every saboteur, one at a time, and see whether the verdicts it names turn.
    jobs
        How many processes, by default one per core; the results do not depend on it.
    fresh
        Make every run anew, also those that are stored.
    as_json
        Print JSON: one object per verdict, and one per claim with the distribution over seeds.
    """
    from weltnet import verifications
    from weltnet.experiments import ALL
    from weltnet.verifications import Task

    chosen = [arguments.experiment(slug) for slug in dict.fromkeys(slugs)] or list(ALL)
    count = arguments.whole("--seeds", seeds, 1, 1000, "how many seeds to run")
    begin = arguments.whole("--from", first, 0, LARGEST_SEED - count + 1, "the first seed")
    most = os.cpu_count() or 1 if jobs is None else arguments.whole("--jobs", jobs, 1, 256, "how many processes")
    tasks = [
        Task(e.slug, seed, name)
        for e in chosen
        for seed in range(begin, begin + count)
        for name in ("", *(s.name for s in e.saboteurs if sabotage))
    ]
    found = {} if fresh else verifications.known(tasks)
    kept = frozenset(found)
    left = [task for task in tasks if task not in kept]
    unkept = ""
    with tables.Progress() as progress:
        for task, made in verifications.carry_out(left, most, lambda task: progress.part(task.title)):
            found[task] = made
            for fault in dict.fromkeys(r.fault for r in made if r.fault):
                _broken(task.slug, task.seed, fault)
            try:
                verifications.add(task.slug, made)
            except OSError as error:
                unkept = _unkept(verifications.path(task.slug), error)
    rows = tables.rows(chosen, tasks, found, kept, sabotage=sabotage)
    claims = tables.claims(chosen, rows, found)
    if unkept:
        print(unkept, file=sys.stderr)
    if as_json:
        tables.print_json({"verdicts": rows, "claims": claims})
    else:
        tables.show(rows, claims, many=count > 1, sabotage=sabotage)
        if kept:
            tables.console().print(
                f"{len(kept)} of {len(tasks)} runs were stored before, by the same sources on this machine; "
                "--fresh makes them anew."
            )
        for e in chosen:
            tables.console().print(tables.calibrated(e))
    return 0 if all(tables.passes(row) for row in rows) else 1


@app.command
def calibrate(*names: str, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Hand the estimators cases whose answers are known, and store how they fare.

    Exits with 1 when a known answer is missed.

    Parameters
    ----------
    names
        Calibrations; all when none is given.
    as_json
        Print JSON, one object per calibration.
    """
    from weltnet import calibrations

    try:
        chosen = [calibrations.by_name(name) for name in dict.fromkeys(names)] or list(calibrations.ALL)
    except KeyError as error:
        raise Refused(str(error.args[0])) from None
    results, unkept = [], ""
    with tables.Progress() as progress:
        for i, c in enumerate(chosen):
            progress.part(f"{i + 1} of {len(chosen)}: {c.title}")
            results.append(calibrations.measure(c))
            try:
                calibrations.add(results[-1:])
            except OSError as error:
                unkept = _unkept(calibrations.path(), error)
    if unkept:
        print(unkept, file=sys.stderr)
    rows = [
        {
            "name": c.name,
            "estimator": c.estimator,
            "title": c.title,
            "known": c.sentence,
            "symbol": c.symbol,
            "expected": c.expected,
            "tolerance": c.tolerance,
            "measured": r.measured,
            "error": r.error,
            "reproduced": calibrations.passed(r),
            "fault": r.fault,
            "seconds": r.seconds,
        }
        for c, r in zip(chosen, results, strict=True)
    ]
    if as_json:
        tables.print_json(rows)
    else:
        table = tables.blank("calibration", "estimator", "", "measured", "known", "tolerance", "s", "in words")
        for c, r in zip(chosen, results, strict=True):
            said = f" ± {r.error:.1g}" if r.error else ""
            word = "reproduced" if calibrations.passed(r) else "MISSED"
            measured = f"{c.symbol} = {tables.short(r.measured)}{said}"
            numbers = (tables.short(c.expected), tables.short(c.tolerance), f"{r.seconds:.1f}")
            table.add_row(c.name, c.estimator, word, measured, *numbers, r.fault or c.sentence)
        tables.console().print(table)
        tables.console().print(
            f"{sum(bool(r['reproduced']) for r in rows)} of {len(rows)} known answers are reproduced."
        )
    return 0 if all(row["reproduced"] for row in rows) else 1


@app.command
def bench(
    *,
    quick: bool = False,
    readme: bool = False,
    peers: str = sys.executable,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Measure this installation against its targets. A missed target is an answer, not an error.

    Parameters
    ----------
    quick
        In a minute instead of five: fewer sizes and repetitions.
    readme
        Also write the table into README.md of this checkout.
    peers
        Another Python interpreter, one that has JAX and torch to compare with.
    as_json
        Print one JSON document.
    """
    if not shutil.which(peers):
        raise Refused(
            f"--peers = {arguments.clip(peers)} is refused; allowed: a Python interpreter that has JAX or torch"
        )
    from weltnet_app.bench import readme as page
    from weltnet_app.bench.figures import COLUMNS, cells
    from weltnet_app.bench.sections import carry_out

    place = page.place() if readme else None
    if readme and place is None:
        raise Refused("--readme is refused; allowed: in a checkout of the repository, where README.md is")
    with tables.Progress() as progress:
        document, sections = carry_out(quick, peers, progress.part)
    if place:
        try:
            page.write(place, page.block(document, sections))
        except (OSError, ValueError) as error:
            raise Refused(f"--readme is refused ({error}); allowed: a README.md with the two marks") from None
    if as_json:
        tables.print_json(document)
        return
    out = tables.console()
    out.print(", ".join(f"{k} {v}" for k, v in document["machine"].items() if v))
    for title, figures in sections.items():
        table = tables.blank(*COLUMNS)
        for figure in figures:
            table.add_row(*cells(figure))
        out.print(f"\n{title}", style="bold")
        out.print(table)
    judged = [f.met for figures in sections.values() for f in figures if f.met is not None]
    before, after = document["load"]
    out.print("", *document["skipped"], sep="\n")
    out.print(
        f"{sum(judged)} of {len(judged)} targets met in {document['seconds']:.0f} s; "
        f"load average {before:g} before, {after:g} after."
    )


@app.command
def screenshots(
    *pages: str,
    out: str = "screenshots",
    view: list[str] | None = None,
    state: list[str] | None = None,
    url: str = "",
    readme: bool = False,
) -> int:
    """Take pictures of the pages in a real browser, and print what they complained about.

    Exits with 1 when there is no browser, and when a page complained or did not get where it should.

    Parameters
    ----------
    pages
        Experiments, as `weltnet list` names them, and home; all when none is given.
    out
        Folder for the pictures, <page>-<view>-<state>.png.
    view
        Only this screen: light, dark, projector or phone; may be given again.
    state
        Only this state of the pages, such as paused; may be given again.
    url
        Address of a lab that is being served; by default one is started for the pictures.
    readme
        Instead take the picture of README.md of this checkout: a preset at a fixed seed and step.
    """
    from weltnet_app import screenshots as album
    from weltnet_app.bench import readme as page

    for name in pages:
        if name != album.HOME:
            arguments.experiment(name)
    for option, given, known in (("--view", view, album.VIEWS), ("--state", state, album.STATES)):
        for name in given or ():
            if name not in known:
                raise Refused(f"{option} = {arguments.clip(name)} is refused; allowed: {', '.join(known)}")
    wanted, folder = album.shots(pages, view or (), state or ()), Path(out)
    if readme:
        place = page.place()
        if place is None:
            raise Refused("--readme is refused; allowed: in a checkout of the repository, where README.md is")
        wanted, folder = [album.picture()], place.parent / "assets" / "screenshots"
    if not wanted:
        raise Refused("no page has that state in that view; allowed: what the table in weltnet_app.screenshots names")
    sound = True
    try:
        for shot, complaints in album.take(wanted, lambda s: folder / (f"{s.page}.png" if readme else s.file), url):
            print("\n  ".join([shot.file, *complaints]), flush=True)
            sound &= not complaints
    except (album.Missing, OSError) as missing:
        print(f"No screenshots: {missing}", file=sys.stderr)
        return 1
    return 0 if sound else 1


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


def _broken(slug: str, seed: int, said: str) -> int:
    print(f"{slug}, seed {seed}: {said}", file=sys.stderr)
    return 1


def _unkept(path: Path, error: OSError) -> str:
    return f"Not stored: {path} cannot be written ({error.strerror})."


def _sentence(error: CycloptsError, first: str) -> str:
    """What the parser refused, in one sentence with what is allowed."""
    command = first if first in _commands() else "serve"
    takes = [next(iter(a.parameter.name or ()), a.name) for a in app[command].assemble_argument_collection()]
    if isinstance(error, UnknownOptionError):
        what = f"{arguments.clip(error.token.keyword or error.token.value)} is not an option"
    elif isinstance(error, MissingArgumentError):
        name = error.keyword or (error.argument.name if error.argument else "an argument")
        what = f"{name.lower()} needs a value"
    elif isinstance(error, UnusedCliTokensError):
        what = f"{arguments.clip(' '.join(error.unused_tokens or ()))} is too much"
    else:
        what = " ".join(str(error).split()).rstrip(".")
    return f"{what}; allowed in `weltnet {command}`: {', '.join(takes).lower() or 'nothing more'}"


def _recorded(
    experiment: Experiment[Any, Any], knobs: Any, seed: int, steps: int, every: int, path: Path, report: Any
) -> Outcome:
    """A run whose frames are written while it goes; what a fault ends is recorded up to it."""
    from weltnet import recording, run
    from weltnet.timeline import Timeline

    start = time.perf_counter()
    line = Timeline(experiment, knobs, seed, report)
    try:
        recording.save(run.sampled(line, steps, every, report), path, experiment, line.log, verdicts=line.verdicts)
    except OSError as error:
        raise Refused(f"--out = {arguments.clip(str(path))} cannot be written ({error.strerror or error})") from None
    return run.Outcome(line.verdicts(), line.step, line.digest(), time.perf_counter() - start)
