"""What people take away from a run: its frames as arrays with names, units and coordinates, and where they come from.

`save` writes frames to a folder `….zarr` (format 3), the same in one file `….zarr.zip`, or tables `….csv.zip`, by the
name it is given; `load` reads the frames of a zarr back bit by bit, and `tree` gives them to xarray. Two groups, `seen`
and `theory`, hold one variable per array of an observable: dimensions are named after the observable's key and what
they count (`psi_x`, `cloud_replica`, `entropy_curve`), the first of each is `step`, and what differs in length from
frame to frame is padded. A manifest says of which run, version and machine it all is.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import itertools
import json
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Bound

from weltnet import observables, provenance
from weltnet.experiment import Experiment, Frame, Verdict
from weltnet.observables import Axis, ComplexField, Field, Observable, Paths, Scalar, Series
from weltnet.provenance import Document, Stamp, Unreadable
from weltnet.timeline import Log

__all__ = ["KINDS", "Manifest", "load", "manifest", "manifest_of", "save", "tree"]

KINDS = (".zarr", ".zarr.zip", ".csv.zip")
"""Endings of a recording's name: which form it takes."""

BLOCK = 16
"""Frames that are held before they are written."""

Array = NDArray[Any]
SIDES = ("seen", "theory")

DIMS: dict[str, dict[str, tuple[str, ...]]] = {
    "Series": {"x": ("point",), "y": ("curve", "point")},
    "Field": {"values": ("x", "y"), "resolved": ("x", "y")},
    "ComplexField": {"values": ("x", "y")},
    "Cloud": {"points": ("replica", "dim")},
    "MetricField": {
        "at": ("point", "dim"),
        "drift": ("point", "dim"),
        "radius": ("point", "dim", "axis"),
        "resolved": ("point",),
    },
    "Paths": {"points": ("point", "dim"), "starts": ("path",)},
}
"""What the dimensions of an observable's arrays count."""

RAGGED = ("point", "replica", "path")
"""Dimensions whose length may differ from frame to frame; `<key>_<dimension>_size` says how much of one is filled."""

MAIN = ("values", "y", "points", "at")
"""The array that bears the observable's own name."""

MOVING = ("value", "error", "count")
"""Plain numbers of an observable that differ from frame to frame."""


class Manifest(Document):
    """Of which run, sources and machine data are: what is needed to make them again."""

    experiment: str = Bound(max_length=80)
    title: str = Bound(max_length=200)
    seed: int
    initial: dict[str, Any]
    """The knobs at step 0."""
    changes: tuple[tuple[int, dict[str, Any]], ...]
    """Knobs turned while the run went on: the step, and what they were turned to."""
    step: int
    time: float
    time_unit: str
    digest: str
    """Of the state at `step`; equal for equal states, bit by bit."""
    params: dict[str, Any]
    """The knobs at `step`."""
    differing: dict[str, str]
    """Those of them that differ from their defaults, as text."""
    verdicts: tuple[dict[str, Any], ...]
    link: str
    """Address of this state, from where a laboratory is served."""
    wall_time: str
    made_by: Stamp


def manifest_of(
    experiment: Experiment[Any, Any], log: Log, frame: Frame, verdicts: Sequence[Verdict] = (), link: str = ""
) -> Manifest:
    """The manifest of a frame of the run of this log; later changes, from which it was stepped back, are left out."""
    return Manifest(
        experiment=experiment.slug,
        title=experiment.title,
        seed=log.seed,
        initial=dict(log.initial),
        changes=tuple((step, dict(values)) for step, values in log.before(frame.step + 1).changes),
        step=frame.step,
        time=frame.time,
        time_unit=experiment.time_unit,
        digest=frame.digest,
        params=frame.params.model_dump(mode="json"),
        differing=frame.params.as_text(),
        verdicts=tuple({**dataclasses.asdict(v), "band": list(v.band)} for v in verdicts),
        link=link,
        wall_time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        made_by=provenance.stamp(),
    )


# -- writing ----------------------------------------------------------------------------------------------------------


def save(
    frames: Iterable[Frame],
    path: Path | str,
    experiment: Experiment[Any, Any],
    log: Log | int = 0,
    *,
    verdicts: Callable[[], Sequence[Verdict]] = tuple,
    link: str = "",
) -> Manifest:
    """Write frames, in rising steps, to a new recording, a few at a time; returns the manifest of the last one.

    log: what the run is a function of, or its seed when its knobs were not turned. `verdicts` is asked after the last
    frame. A fault on the way is raised again after what came before it was written. Raises ValueError with one sentence
    when there is no frame, or the name says no known form; FileExistsError when it is taken.
    """
    path = Path(path)
    kind = next((k for k in sorted(KINDS, key=len, reverse=True) if path.name.endswith(k)), None)
    if kind is None:
        raise ValueError(f"{path.name} does not say which form it should have; allowed endings: {', '.join(KINDS)}")
    if path.exists():
        raise FileExistsError(f"{path} is there already, and nothing was overwritten; delete it or choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as place:
        folder = Path(place) / "recording"
        write = _tables if kind == ".csv.zip" else _zarr
        faults: list[BaseException] = []
        ends = write(_until(frames, faults), folder, experiment)
        if ends is None:
            raise faults[0] if faults else ValueError(f"no frame of {experiment.slug} was given; allowed: one or more")
        first, last = ends
        log = Log(log, first.params.model_dump(mode="json")) if isinstance(log, int) else log
        said = manifest_of(experiment, log, last, () if faults else verdicts(), link)
        if kind == ".csv.zip":
            (folder / "manifest.json").write_text(said.model_dump_json(indent=1), encoding="utf-8")
        else:
            _sign(folder, said)
        if kind == ".zarr":
            shutil.move(folder, path)
        else:
            _zip(folder, path)
    if faults:
        raise faults[0]
    return said


def _until(frames: Iterable[Frame], faults: list[BaseException]) -> Iterator[Frame]:
    try:
        yield from frames
    except (Exception, KeyboardInterrupt) as fault:
        faults.append(fault)


def _zip(folder: Path, path: Path) -> None:
    # Arrays are compressed already, and zarr reads members of a zip only when they are stored as they are.
    how = zipfile.ZIP_DEFLATED if path.name.endswith(".csv.zip") else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "x", how) as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, file.relative_to(folder).as_posix())


def _blocks(frames: Iterator[Frame]) -> Iterator[list[Frame]]:
    while block := list(itertools.islice(frames, BLOCK)):
        yield block


def _arrays(value: Observable) -> dict[str, Array]:
    """Every array of an observable, by field."""
    found = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}  # type: ignore[arg-type]
    return {name: array for name, array in found.items() if isinstance(array, np.ndarray)}


def _plain(value: Observable) -> dict[str, Any]:
    """Everything else, but what moves."""
    arrays = _arrays(value)
    found = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}  # type: ignore[arg-type]
    return {k: v for k, v in found.items() if k not in arrays and k not in MOVING and v is not None}


def _dims(value: Observable, name: str, array: Array) -> tuple[str, ...]:
    known = DIMS.get(type(value).__name__, {}).get(name, ())
    return known if len(known) == array.ndim else tuple(f"{name}{i}" for i in range(array.ndim))


def _variable(key: str, field: str = "value") -> str:
    return _part(key, "" if field in MAIN or field == "value" else field)


def _part(key: str, what: str) -> str:
    return f"{key} {what}".strip().replace(" ", "_")


# -- zarr -------------------------------------------------------------------------------------------------------------


def _zarr(frames: Iterator[Frame], folder: Path, experiment: Experiment[Any, Any]) -> tuple[Frame, Frame] | None:
    import zarr

    root: Any = zarr.create_group(zarr.storage.LocalStore(folder), zarr_format=3, attributes={"coordinates": "time"})
    groups = {side: root.create_group(side, attributes={"coordinates": "time"}) for side in SIDES}
    story: list[list[Any]] = []
    first = last = None
    done = 0
    for block in _blocks(frames):
        first, last = first or block[0], block[-1]
        for i, frame in enumerate(block):
            now = {
                "params": frame.params.model_dump(mode="json"),
                **{side: {key: _kind(o) for key, o in getattr(frame, side).items()} for side in SIDES},
            }
            if not story or story[-1][1] != now:
                story.append([done + i, now])
        clock = {"symbol": "t", "units": experiment.time_unit}
        for group in (root, *groups.values()):
            _extend(group, "step", [np.int64(f.step) for f in block], done, (), {"long_name": "learning steps"})
            _extend(group, "time", [np.float64(f.time) for f in block], done, (), clock)
        _extend(root, "seq", [np.int64(f.seq) for f in block], done, (), {})
        marks = {"long_name": "digest of the state, as a number; in hexadecimal digits it is the one on the page"}
        _extend(root, "digest", [np.uint64(int(f.digest, 16)) for f in block], done, (), marks)
        for side, group in groups.items():
            for key in dict.fromkeys(key for f in block for key in getattr(f, side)):
                _observable(group, key, [getattr(f, side).get(key) for f in block], done, experiment)
        done += len(block)
    if first is None or last is None:
        return None
    for group in (root, *groups.values()):
        for _, array in group.arrays():
            if array.metadata.dimension_names[:1] == ("step",) and array.shape[0] < done:
                array.resize((done, *array.shape[1:]))
    root.attrs["frames"] = story
    return first, last


def _sign(folder: Path, said: Manifest) -> None:
    import zarr

    root = zarr.open_group(zarr.storage.LocalStore(folder), mode="r+")
    root.attrs["manifest"] = said.model_dump(mode="json")
    # One list of all arrays lets readers open it at once; zarr mentions that format 3 does not define it yet.
    warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
    zarr.consolidate_metadata(root.store)


def _kind(value: Observable) -> dict[str, Any]:
    """Type, shapes and plain fields as JSON reads them back; no shape in what is ragged."""
    shapes = {
        name: [0 if d in RAGGED else n for d, n in zip(_dims(value, name, a), a.shape, strict=True)]
        for name, a in _arrays(value).items()
    }
    kind: dict[str, Any] = json.loads(
        json.dumps({"type": type(value).__name__, "shapes": shapes, "plain": _plain(value)})
    )
    return kind


def _observable(
    group: Any, key: str, values: Sequence[Observable | None], done: int, experiment: Experiment[Any, Any]
) -> None:
    given = next(v for v in values if v is not None)
    said = _attributes(given, experiment)
    for name in MOVING:
        if hasattr(given, name):
            kind = np.int64 if name == "count" else np.float64
            rows = [None if v is None else kind(getattr(v, name)) for v in values]
            _extend(group, _variable(key, name), rows, done, (), said)
    sizes: dict[str, list[Any]] = {}
    for name in dict.fromkeys(name for v in values if v is not None for name in _arrays(v)):
        arrays = [None if v is None else _arrays(v).get(name) for v in values]
        dims = _dims(given, name, next(a for a in arrays if a is not None))
        _extend(group, _variable(key, name), arrays, done, tuple(_part(key, d) for d in dims), said)
        sizes |= {
            d: [None if a is None else np.int64(a.shape[i]) for a in arrays] for i, d in enumerate(dims) if d in RAGGED
        }
    for dim, rows in sizes.items():
        name = _part(key, dim)
        _extend(group, f"{name}_size", rows, done, (), {"long_name": f"how much of {name} is filled"})
    if isinstance(given, Field | ComplexField) and _part(key, "x") not in group:
        _centres(group, key, given, experiment)


def _centres(group: Any, key: str, field: Field | ComplexField, experiment: Experiment[Any, Any]) -> None:
    """Coordinates of a field's cells."""
    x0, x1, y0, y1 = field.extent
    plane = experiment.planes.get(field.plane)
    x, y = (plane.x, plane.y) if plane else (Axis("x", x0, x1), Axis("y", y0, y1))
    nx, ny = field.values.shape
    for name, low, high, n, axis in (("x", x0, x1, nx, x), ("y", y0, y1, ny, y)):
        said = {"symbol": axis.symbol, "units": axis.unit}
        dim = _part(key, name)
        made = group.create_array(dim, shape=(n,), dtype=np.float64, dimension_names=(dim,), attributes=said)
        made[...] = _centre(low, high, n)


def _centre(low: float, high: float, n: int) -> Array:
    return low + (np.arange(n) + 0.5) * ((high - low) / n)


def _attributes(value: Observable, experiment: Experiment[Any, Any]) -> dict[str, Any]:
    """What a variable says about itself: symbol, units, the plane it is drawn on, the names of its curves."""
    plane = experiment.planes.get(getattr(value, "plane", ""))
    out: dict[str, Any] = {"observable": type(value).__name__}
    if hasattr(value, "symbol"):
        out["symbol"] = value.symbol
    if hasattr(value, "unit"):
        out["units"] = value.unit
    elif plane is not None and isinstance(value, Series):
        out |= {"symbol": plane.y.symbol, "units": plane.y.unit}
    if plane is not None:
        axes = {"axes": [plane.x.symbol, plane.y.symbol], "axes_units": [plane.x.unit, plane.y.unit]}
        out |= {"long_name": f"{plane.title}: {plane.caption}", **axes}
    if isinstance(value, Series):
        out["curves"] = list(value.names)
    return out


def _extend(
    group: Any, name: str, rows: Sequence[Any], done: int, dims: tuple[str, ...], said: Mapping[str, Any]
) -> None:
    """Append one row per frame to an array, making it, or making it wider, where that is needed."""
    given = [r for r in rows if r is not None]
    widest = tuple(max(n) for n in zip(*(r.shape for r in given), strict=True))
    dtype = np.result_type(*{r.dtype for r in given})
    fill = {"f": np.nan, "c": complex(np.nan, np.nan)}.get(dtype.kind, 0)
    if name not in group:
        size = max(1, int(np.prod(widest, dtype=int)) * dtype.itemsize)
        together = BLOCK if done or len(rows) > 1 else 1
        while together > 1 and together * size > 1 << 20:
            together //= 2
        group.create_array(
            name,
            shape=(done + len(rows), *widest),
            dtype=dtype,
            # What grows is given room, so that it does not end in crumbs.
            chunks=(together, *(max(n, 64) if len(rows) > 1 else max(n, 1) for n in widest)),
            dimension_names=("step", *dims),
            fill_value=fill,
            attributes=dict(said),
        )
    array = group[name]
    shape = (done + len(rows), *(max(a, b) for a, b in zip(array.shape[1:], widest, strict=True)))
    if array.shape != shape:
        array.resize(shape)
    block: Array = np.full((len(rows), *shape[1:]), fill, dtype)
    for i, row in enumerate(rows):
        if row is not None:
            filled: Any = (i, *(slice(n) for n in row.shape))
            block[filled] = row
    array[done:] = block


# -- reading ----------------------------------------------------------------------------------------------------------


def _store(path: Path) -> Any:
    import zarr

    if not path.exists():
        raise Unreadable(f"{path} is not there; allowed: a recording, {' or '.join(KINDS[:2])}")
    if path.is_file() and not zipfile.is_zipfile(path):
        raise Unreadable(f"{path.name} is no recording of weltnet, which are folders or zip archives")
    return zarr.storage.ZipStore(path, mode="r") if path.is_file() else zarr.storage.LocalStore(path, read_only=True)


def manifest(path: Path | str) -> Manifest:
    """The manifest of a recording in zarr. Raises `Unreadable` with one sentence."""
    import zarr

    path = Path(path)
    store = _store(path)
    try:
        return Manifest.model_validate(zarr.open_group(store, mode="r").attrs["manifest"])
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise Unreadable(f"{path.name} is no recording of weltnet ({type(error).__name__})") from None
    finally:
        store.close()


def load(path: Path | str, experiment: Experiment[Any, Any]) -> Iterator[Frame]:
    """The frames of a recording in zarr, one at a time, bit by bit as they were."""
    import zarr

    said = manifest(path)
    if said.experiment != experiment.slug:
        raise Unreadable(f"{Path(path).name} is a recording of {said.experiment}, not of {experiment.slug}")
    store = _store(Path(path))
    try:
        root: Any = zarr.open_group(store, mode="r")
        arrays = {side: dict(root[side].arrays()) for side in SIDES}
        own = {name: np.asarray(root[name][...]) for name in ("seq", "step", "time", "digest")}
        story = iter([*root.attrs["frames"], [len(own["step"]), None]])
        _, now = next(story)
        until, after = next(story)
        for i in range(len(own["step"])):
            while i == until:
                now = after
                until, after = next(story)
            seen, theory = (
                {key: _read(arrays[side], key, kind, i) for key, kind in now[side].items()} for side in SIDES
            )
            clock = (int(own["seq"][i]), int(own["step"][i]), float(own["time"][i]))
            checked = experiment.params.parse(now["params"])
            yield Frame(*clock, checked, seen, theory, f"{int(own['digest'][i]):016x}")
    finally:
        store.close()


def _read(arrays: Mapping[str, Any], key: str, kind: Mapping[str, Any], i: int) -> Observable:
    cls = getattr(observables, kind["type"])
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in kind["plain"].items()}
    for name in (f.name for f in dataclasses.fields(cls) if f.name in MOVING):
        number = arrays[_variable(key, name)][i]
        values[name] = int(number) if name == "count" else float(number)
    for name, shape in kind["shapes"].items():
        array = arrays[_variable(key, name)]
        sizes = [arrays.get(f"{dim}_size") for dim in array.metadata.dimension_names[1:]]
        filled = tuple(slice(n if size is None else int(size[i])) for n, size in zip(shape, sizes, strict=True))
        values[name] = array[i][filled]
    made: Observable = cls(**values)
    return made


def tree(
    source: Path | str | Iterable[Frame], experiment: Experiment[Any, Any] | None = None, log: Log | int = 0
) -> Any:
    """A recording, or the frames of an experiment, as an `xarray.DataTree` with the groups `seen` and `theory`."""
    import xarray

    if isinstance(source, str | Path):
        return xarray.open_datatree(_store(Path(source)), engine="zarr")
    if experiment is None:
        raise ValueError("frames were given without their experiment, which names their axes and units")
    with tempfile.TemporaryDirectory(prefix="weltnet-") as place:
        path = Path(place) / "frames.zarr"
        save(source, path, experiment, log)
        return xarray.open_datatree(_store(path), engine="zarr").load()


# -- tables -----------------------------------------------------------------------------------------------------------


def _tables(frames: Iterator[Frame], folder: Path, experiment: Experiment[Any, Any]) -> tuple[Frame, Frame] | None:
    """One tidy table per observable, one for all numbers, and one of the frames."""
    folder.mkdir(parents=True)
    first = last = None
    begun: set[str] = set()

    def add(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        # Spreadsheets take a file for UTF-8 only when it begins with the mark of it.
        with (folder / f"{name}.csv").open("a", newline="", encoding="utf-8" if name in begun else "utf-8-sig") as file:
            table = csv.writer(file)
            if name not in begun:
                begun.add(name)
                table.writerow(header)
            table.writerows(rows)

    for frame in frames:
        first, last = first or frame, frame
        unit = f"time / {experiment.time_unit}"
        add("frames", ("step", unit, "digest"), [(frame.step, float(frame.time), frame.digest)])
        for side in SIDES:
            for key, value in getattr(frame, side).items():
                if isinstance(value, Scalar):
                    row = (frame.step, side, key, value.symbol, float(value.value), float(value.error), value.unit)
                    add("scalars", ("step", "side", "key", "symbol", "value", "error", "unit"), [row])
                    continue
                name = _variable(key) if side == "seen" else f"{_variable(key)}.theory"
                for ending, header, columns in _columns(value, experiment):
                    rows = zip(*(c.tolist() for c in columns), strict=True)
                    add(f"{name}{ending}", ("step", *header), ((frame.step, *row) for row in rows))
    if first is None or last is None:
        return None
    return first, last


def _columns(value: Observable, experiment: Experiment[Any, Any]) -> list[tuple[str, list[str], list[Array]]]:
    """The tables of one observable: ending of the name, header with units, columns of one length."""
    plane = experiment.planes.get(getattr(value, "plane", ""))
    x, y = (plane.x.title, plane.y.title) if plane else ("x", "y")
    title = " / ".join(s for s in (getattr(value, "symbol", ""), getattr(value, "unit", "")) if s) or "value"
    if isinstance(value, Field | ComplexField):
        x0, x1, y0, y1 = value.extent
        nx, ny = value.values.shape
        at = [np.repeat(_centre(x0, x1, nx), ny), np.tile(_centre(y0, y1, ny), nx)]
        if isinstance(value, ComplexField):
            flat = value.values.ravel()
            return [("", [x, y, f"Re {title}", f"Im {title}"], [*at, flat.real, flat.imag])]
        known = [] if value.resolved is None else [value.resolved.ravel().astype(int)]
        return [("", [x, y, title, *["resolved"] * len(known)], [*at, value.values.ravel(), *known])]
    if isinstance(value, Series):
        curves, n = value.y.shape
        names = np.array([name or str(i) for i, name in enumerate(value.names)], dtype=object)
        return [("", ["curve", x, y], [np.repeat(names, n), np.tile(value.x, curves), value.y.ravel()])]
    if isinstance(value, Paths):
        path = np.searchsorted(value.starts, np.arange(len(value.points)), side="right") - 1
        return [("", ["path", x, y], [path, *value.points.T])]
    return _alike(value, x, y)


def _alike(value: Observable, x: str, y: str) -> list[tuple[str, list[str], list[Array]]]:
    """Arrays over the same leading dimension are columns of one table."""
    tables: dict[tuple[str, int], tuple[list[str], list[Array]]] = {}
    for name, array in _arrays(value).items():
        flat = array.reshape(len(array), int(np.prod(array.shape[1:], dtype=int)))
        count = _dims(value, name, array)[0]
        header, columns = tables.setdefault((count, len(flat)), ([count], [np.arange(len(flat))]))
        header += [x, y] if name in MAIN and array.shape[1:] == (2,) else _parts(name, array)
        columns += [c.astype(int) if c.dtype == bool else c for c in flat.T]
    return [(f".{count}" if len(tables) > 1 else "", *table) for (count, _), table in tables.items()]


def _parts(name: str, array: Array) -> list[str]:
    if array.ndim < 2:
        return [name]
    return [f"{name} {''.join(str(i + 1) for i in index)}" for index in np.ndindex(array.shape[1:])]
