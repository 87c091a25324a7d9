"""What is taken away is what was there: arrays bit by bit, tables to the last digit, scripts to the digest.

Chain of trust: frames are what experiments observed, elsewhere tested; here nothing may be lost on the way out.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import subprocess
import sys
import weakref
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weltnet import provenance, recording, run
from weltnet.experiment import Experiment, Frame
from weltnet.experiments import ALL, by_slug
from weltnet.observables import Cloud, ComplexField, Field, MetricField, Observable, Paths, Scalar, Series
from weltnet.provenance import Unreadable
from weltnet.script import script
from weltnet.timeline import Log, Timeline

rng = np.random.default_rng(7)


def line_of(slug: str, seed: int = 3, **knobs: Any) -> Timeline[Any, Any]:
    """A run small enough for a test."""
    e = by_slug(slug)
    small = {name: int(k.low) for name, k in e.params.knobs().items() if name == "replicas"}
    return Timeline(e, e.params.parse({**small, **knobs}), seed)


def same(a: Observable, b: Observable) -> bool:
    """Whether two observables are equal bit by bit, types, shapes and plain fields included."""
    if type(a) is not type(b):
        return False
    for f in dataclasses.fields(a):  # type: ignore[arg-type]
        x, y = getattr(a, f.name), getattr(b, f.name)
        if isinstance(x, np.ndarray):
            if not (isinstance(y, np.ndarray) and (x.dtype, x.shape) == (y.dtype, y.shape)):
                return False
            if x.tobytes() != y.tobytes():
                return False
        elif x != y or type(x) is not type(y):
            return False
    return True


def assert_equal(found: list[Frame], given: list[Frame]) -> None:
    assert len(found) == len(given)
    for a, b in zip(found, given, strict=True):
        assert (a.seq, a.step, a.time, a.params, a.digest) == (b.seq, b.step, b.time, b.params, b.digest)
        for mine, theirs in ((a.seen, b.seen), (a.theory, b.theory)):
            assert list(mine) == list(theirs)
            assert [k for k in mine if not same(mine[k], theirs[k])] == []


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_every_experiment_comes_back(experiment: Experiment[Any, Any], tmp_path: Path) -> None:
    """Frames, their order, Params, digests and the manifest are read back bit by bit, from a folder and from a zip."""
    line = line_of(experiment.slug)
    every = max(4, experiment.stride)
    frames = list(run.sampled(line, 5 * every, every))
    assert [f.step for f in frames] == [k * every for k in range(6)]
    for kind in (".zarr", ".zarr.zip"):
        path = tmp_path / f"run{kind}"
        said = recording.save(frames, path, experiment, line.log, verdicts=line.verdicts, link="here?seed=3")
        assert_equal(list(recording.load(path, experiment)), frames)
        assert recording.manifest(path) == said
        assert (said.seed, said.step, said.digest, said.link) == (3, 5 * every, line.digest(), "here?seed=3")
        assert said.made_by == provenance.stamp() and len(said.verdicts) == len(experiment.claims)
        assert said.differing == line.params.as_text()
        assert Log(said.seed, said.initial, said.changes) == line.log


def sight(i: int) -> dict[str, Observable]:
    """Evidence of every shape, whose sizes, limits and presence differ from frame to frame."""
    n, paths = 3 + i % 5, [rng.normal(size=(2 + (i + j) % 4, 2)) for j in range(i % 3)]
    plane = "target"
    made: dict[str, Observable] = {
        "a number": Scalar(0.1 * i, "h", "nat", 0.01 * i, plane),
        "map": Field(plane, rng.normal(size=(4, 3)), (0, 1, 0, 2), (-1, 1 + i // 20), "R", "tick⁻²", signed=True),
        "psi": ComplexField(plane, rng.normal(size=(5, 2)) + 1j * rng.normal(size=(5, 2)), (-1, 1, -2, 2), 2.0, "ψ"),
        "curves": Series(plane, np.arange(float(i)), rng.normal(size=(2, i)), ("up", ""), ("ink", "net")),
        "cloud": Cloud(plane, rng.normal(size=(n, 2)), 1000 + i, "q", kind="replica"),
        "cones": MetricField(plane, *(rng.normal(size=(n, *s)) for s in ((2,), (2,), (2, 2))), np.arange(n) % 2 == 0),
        "paths": Paths.of(plane, paths, "geodesic", static=i < 9),
    }
    if i % 7 == 3:
        del made["psi"]
    if i > 18:
        made["map"] = dataclasses.replace(made["map"], resolved=rng.random((4, 3)) > 0.5)  # type: ignore[type-var]
    return dict(reversed(list(made.items()))) if i > 30 else made


def varied(count: int = 40) -> list[Frame]:
    """Frames of no experiment, on the planes of one; more than are held at a time."""
    p = by_slug("strings").params()
    later = p.parse({"noise": 0.01}, p)
    return [
        Frame(3 * i, 2 * i, 0.5 * i, later if i > 11 else p, sight(i), sight(i) if i > 4 else {}, f"{2**63 + i:016x}")
        for i in range(count)
    ]


def test_whatever_varies_comes_back(tmp_path: Path) -> None:
    """Ragged, absent, re-ordered and changing evidence is read back bit by bit across several blocks of frames."""
    e, frames = by_slug("strings"), varied()
    recording.save(iter(frames), tmp_path / "v.zarr", e, 5)
    assert_equal(list(recording.load(tmp_path / "v.zarr", e)), frames)
    said = recording.manifest(tmp_path / "v.zarr")
    assert (said.seed, said.initial) == (5, frames[0].params.model_dump(mode="json"))


def test_few_frames_are_held(tmp_path: Path) -> None:
    """Frames are written while they come, so that a long run needs no more memory than a short one."""

    class Sights(dict[str, Observable]):
        """A dictionary that can be watched."""

    made: list[weakref.ref[Sights]] = []
    most = 0

    def stream() -> Iterator[Frame]:
        nonlocal most
        p = by_slug("strings").params()
        for i in range(100):
            seen = Sights(sight(i))
            made.append(weakref.ref(seen))
            yield Frame(i, i, float(i), p, seen, {}, f"{i:016x}")
            del seen
            most = max(most, sum(kept() is not None for kept in made))

    recording.save(stream(), tmp_path / "long.zarr", by_slug("strings"))
    # The block that is being written, the one before it until then, and the first frame, of which the run began.
    assert most <= 2 * recording.BLOCK + 2


def test_xarray_reads_names_units_and_coordinates(tmp_path: Path) -> None:
    """A recording opens in xarray without a warning, with named dimensions, centres of cells, symbols and units."""
    import xarray

    e, frames = by_slug("strings"), varied(20)
    recording.save(frames, tmp_path / "x.zarr", e)
    recording.save(frames, tmp_path / "x.zarr.zip", e)
    seen = xarray.open_zarr(tmp_path / "x.zarr", group="seen")
    assert seen["psi"].dims == ("step", "psi_x", "psi_y") and seen["psi"].dtype == np.complex128
    assert seen["cones_radius"].dims == ("step", "cones_point", "cones_dim", "cones_axis")
    assert seen["curves"].dims == ("step", "curves_curve", "curves_point")
    assert seen["cloud"].dims == ("step", "cloud_replica", "cloud_dim")
    assert seen["step"].values.tolist() == [f.step for f in frames] and "time" in seen.coords
    assert np.allclose(seen["psi_x"], [-0.8, -0.4, 0, 0.4, 0.8]) and np.allclose(seen["psi_y"], [-1, 1])
    assert seen["map"].attrs["symbol"] == "R" and seen["map"].attrs["units"] == "tick⁻²"
    assert seen["a_number"].attrs["units"] == "nat" and float(seen["a_number_error"][7]) == 0.01 * 7
    assert seen["curves"].attrs["curves"] == ["up", ""]
    assert np.isnan(seen["psi"][3]).all(), "psi is absent there"
    assert np.isnan(seen["curves"][2, :, 2:]).all() and np.isfinite(seen["curves"][2, :, :2]).all()
    tree = recording.tree(tmp_path / "x.zarr.zip")
    assert set(tree.children) == {"seen", "theory"}
    assert tree.attrs["manifest"]["experiment"] == "strings"
    made = recording.tree(run.sampled(line_of("strings"), 4, 2), e, 3)
    assert made["seen"]["history"].shape[0] == 3 and made["theory"]["string"].attrs["observable"] == "Paths"


def tables(path: Path) -> Mapping[str, list[list[str]]]:
    """Every table in an archive, as spreadsheets read it."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.endswith(".csv")]
        texts = {n.removesuffix(".csv"): archive.read(n) for n in names}
    assert all(t.startswith("\ufeff".encode()) for t in texts.values())
    return {n: list(csv.reader(io.StringIO(t.decode("utf-8-sig"), newline=""))) for n, t in texts.items()}


def test_tables_hold_every_digit(tmp_path: Path) -> None:
    """Each observable is a tidy table whose numbers are the frame's, and whose header names symbols and units."""
    e, frames = by_slug("strings"), varied(12)
    said = recording.save(frames, tmp_path / "t.csv.zip", e)
    found = tables(tmp_path / "t.csv.zip")
    with zipfile.ZipFile(tmp_path / "t.csv.zip") as archive:
        assert recording.Manifest.model_validate(json.loads(archive.read("manifest.json"))) == said
    x, y = e.planes["target"].x.title, e.planes["target"].y.title
    assert found["psi"][0] == ["step", x, y, "Re ψ", "Im ψ"]
    assert found["map"][0] == ["step", x, y, "R / tick⁻²"]
    assert found["curves"][0] == ["step", "curve", x, y]
    assert found["cloud"][0] == ["step", "replica", x, y]
    assert found["paths.theory"][0] == ["step", "path", x, y]
    f = frames[8]
    psi, curves, cones, paths = (f.seen[k] for k in ("psi", "curves", "cones", "paths"))
    assert isinstance(psi, ComplexField) and isinstance(curves, Series)
    assert isinstance(cones, MetricField) and isinstance(paths, Paths)

    def rows(name: str, columns: slice = slice(1, None)) -> list[list[str]]:
        return [r[columns] for r in found[name][1:] if r[0] == str(f.step)]

    assert [complex(float(a), float(b)) for *_, a, b in rows("psi")] == psi.values.ravel().tolist()
    assert [float(r[2]) for r in rows("curves")] == curves.y.ravel().tolist()
    assert [r[0] for r in rows("curves")] == ["up"] * 8 + ["1"] * 8
    head = found["cones"][0]
    assert head[:2] == ["step", "point"] and head[-5:] == [
        "radius 11",
        "radius 12",
        "radius 21",
        "radius 22",
        "resolved",
    ]
    assert [[float(v) for v in r[-5:-1]] for r in rows("cones")] == cones.radius.reshape(-1, 4).tolist()
    assert [[float(v) for v in r[1:]] for r in rows("paths")] == paths.points.tolist()
    number = next(r for r in found["scalars"] if r[:3] == [str(f.step), "seen", "a number"])
    assert number[3:] == ["h", repr(0.1 * 8), repr(0.01 * 8), "nat"]
    assert [r[2] for r in found["frames"][1:]] == [f.digest for f in frames]


def test_nothing_is_overwritten_or_made_of_nothing(tmp_path: Path) -> None:
    """A taken name, an unknown ending, no frames, another experiment's or no recording: one sentence each."""
    e = by_slug("strings")
    (tmp_path / "taken.zarr").mkdir()
    with pytest.raises(FileExistsError, match="nothing was overwritten"):
        recording.save(varied(1), tmp_path / "taken.zarr", e)
    with pytest.raises(ValueError, match=r"allowed endings: \.zarr"):
        recording.save(varied(1), tmp_path / "run.pickle", e)
    with pytest.raises(ValueError, match="no frame"):
        recording.save([], tmp_path / "none.zarr", e)
    recording.save(varied(1), tmp_path / "one.zarr", e)
    with pytest.raises(Unreadable, match="not of observatory"):
        next(recording.load(tmp_path / "one.zarr", by_slug("observatory")))
    (tmp_path / "text.zarr.zip").write_text("not a zip")
    for name in ("text.zarr.zip", "taken.zarr", "absent.zarr"):
        with pytest.raises(Unreadable, match=name):
            recording.manifest(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.zarr", "taken.zarr", "text.zarr.zip"]


def test_a_fault_leaves_what_came_before(tmp_path: Path) -> None:
    """A run that breaks down, or is interrupted, is recorded up to there, and the fault is still heard of."""

    def breaking(fault: BaseException) -> Iterator[Frame]:
        yield from varied(5)
        raise fault

    for name, fault in (("a", ArithmeticError("it blew up")), ("b", KeyboardInterrupt())):
        with pytest.raises(type(fault)):
            recording.save(breaking(fault), tmp_path / f"{name}.zarr", by_slug("strings"))
        assert len(list(recording.load(tmp_path / f"{name}.zarr", by_slug("strings")))) == 5


def test_later_changes_are_left_out() -> None:
    """The manifest of a run that was stepped back knows nothing of changes made after that step."""
    line = line_of("strings")
    for step, noise in ((10, 0.01), (20, 0.02)):
        line.seek(step)
        line.change(line.params.parse({"noise": noise}, line.params))
    line.seek(14)
    said = recording.manifest_of(line.experiment, line.log, line.frame())
    assert said.changes == ((10, {"noise": 0.01}),) and said.params["noise"] == 0.01


# -- scripts ----------------------------------------------------------------------------------------------------------


def changed(line: Timeline[Any, Any], changes: dict[int, dict[str, Any]], end: int) -> str:
    """A run whose knobs are turned at these steps, carried to the end, as a script."""
    for step, values in changes.items():
        line.seek(step)
        line.change(line.params.parse(values, line.params))
    line.seek(end)
    return script(recording.manifest_of(line.experiment, line.log, line.frame(), line.verdicts()))


def carried_out(text: str, path: Path) -> subprocess.CompletedProcess[str]:
    path.write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", "error", path], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(
    ("slug", "knobs", "changes"),
    [
        (
            "observatory",
            {"data": "rotation", "batch": 2},
            {0: {"selected": "-0.5,0.5,0.2,1.4"}, 12: {"kappa": 1.7, "broken": "renewal"}, 20: {"selected": ""}},
        ),
        (
            "kappa",
            {"loss": "formula", "potential": "2*(q1^2 - 1)^2 + q2^2"},
            {0: {"wave": "emergent"}, 8: {"kappa": 0.5}, 16: {"broken": "swapped-law"}},
        ),
    ],
)
def test_script_makes_the_very_run_again(slug: str, knobs: Any, changes: Any, tmp_path: Path) -> None:
    """A process of its own reaches the digest of a run turned live, at step 0 too, with every kind of knob."""
    line = line_of(slug, **knobs)
    text = changed(line, changes, 24)
    assert [step for step, _ in line.log.changes] == list(changes)
    done = carried_out(text, tmp_path / "again.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Step 24, digest {line.digest()}: the same state, bit by bit." in done.stdout
    assert [row.partition(":")[0] for row in done.stdout.splitlines()[:-1]] == [c.name for c in line.experiment.claims]
    assert max(map(len, text.splitlines())) <= 120


def test_script_says_when_the_state_is_another(tmp_path: Path) -> None:
    """One sentence and a failure, no traceback."""
    line = line_of("strings")
    text = changed(line, {4: {"noise": 0.01}}, 10).replace(line.digest(), "0" * 16)
    done = carried_out(text, tmp_path / "other.py")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Step 10 has the digest {line.digest()}, not {'0' * 16}: of another version or on another machine."
    )


def test_frames_without_end_can_be_cut(tmp_path: Path) -> None:
    """The endless stream of `run.frames` is recorded as far as one takes it."""
    e = by_slug("strings")
    recording.save(itertools.islice(run.frames(e, seed=9), 5), tmp_path / "cut.zarr", e, 9)
    said = recording.manifest(tmp_path / "cut.zarr")
    assert (said.seed, said.step) == (9, 4 * e.stride)
    assert said.digest == run.outcome(e, seed=9, steps=said.step).digest
