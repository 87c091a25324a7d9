"""Stored verifications: what is kept, when it may be shown and used again, and that jobs change nothing.

Chain of trust: verdict -> stored distribution -> card.
"""

from __future__ import annotations

import json
import os
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weltnet import provenance, run, verifications
from weltnet.experiments import ALL
from weltnet.provenance import Unreadable
from weltnet.verifications import Row, Task, Verification, add, carry_out, known, load

E = min(ALL, key=lambda e: e.verify_steps)
CLAIM = E.claims[0].name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own for what is kept."""
    monkeypatch.setattr(provenance, "folder", lambda: tmp_path)
    return tmp_path


def row(seed: int = 0, **values: Any) -> Row:
    plain: dict[str, Any] = {"claim": CLAIM, "seed": seed, "word": "holds", "measured": 1.0 * seed, "error": 0.1}
    return Row(**(plain | {"seconds": 0.5} | values))


def silent(task: Task) -> Any:
    return lambda fraction, text: None


def test_distribution_is_that_of_its_rows() -> None:
    """Link: the statistics of the standard library on numbers written down by hand."""
    rows = [row(s, measured=x, error=e) for s, (x, e) in enumerate([(1.0, 0.1), (4.0, 0.3), (2.0, 0.2)])]
    rows += [row(3, word=None, measured=None, error=None, fault="It broke."), row(0, broken="other", word="fails")]
    found = add(E.slug, rows).of(CLAIM)
    assert found is not None and len(found.rows) == 4
    assert found.words == {"holds": 3, None: 1}
    assert (found.median, found.range, found.error) == (2.0, (1.0, 4.0), 0.2)
    assert found.spread == statistics.stdev([1.0, 4.0, 2.0])
    assert (broken := load(E.slug).of(CLAIM, "other")) is not None and broken.words == {"fails": 1}  # type: ignore[union-attr]
    assert broken.spread is None and load(E.slug).of("no-such") is None  # type: ignore[union-attr]


def test_rows_of_one_version_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Link: provenance: the same seed is replaced, another is added; other sources or another machine begin anew."""
    add(E.slug, [row(0), row(1)])
    kept = add(E.slug, [row(1, word="fails"), row(2)])
    assert [(r.seed, r.word) for r in kept.rows] == [(0, "holds"), (1, "fails"), (2, "holds")]
    assert load(E.slug) == kept and kept.stamp.same()
    monkeypatch.setattr(provenance, "_machine", lambda: "another")
    assert load(E.slug) == kept and not kept.stamp.same()
    assert len(add(E.slug, [row(7)]).rows) == 1
    monkeypatch.setattr(provenance, "sources", lambda: "others")
    assert len(add(E.slug, [row(8)]).rows) == 1


def test_only_whole_runs_are_known() -> None:
    """Link: definition: a run is used again only if every claim it judges is stored with a word."""
    whole, part, fell = Task(E.slug, 0), Task(E.slug, 1), Task(E.slug, 2)
    broken = Task(E.slug, 0, E.saboteurs[0].name)
    names = [c.name for c in E.claims]
    add(E.slug, [row(0, claim=n) for n in names])
    add(E.slug, [row(1, claim=n) for n in names[:-1]])
    add(E.slug, [row(2, claim=n, word=None) for n in names])
    add(E.slug, [row(0, claim=n, broken=broken.broken) for n in E.saboteurs[0].turns])
    found = known([whole, part, fell, broken])
    assert set(found) == {whole, broken}
    assert [r.claim for r in found[whole]] == names


def test_jobs_change_nothing() -> None:
    """Link: experiment -> verdict: rows of two processes are those of this one, bit by bit, honest and broken."""
    tasks = [Task(E.slug, seed, broken) for seed in (0, 1) for broken in ("", E.saboteurs[0].name)]
    alone, spread = (dict(carry_out(tasks, jobs, silent)) for jobs in (1, 2))
    assert set(alone) == set(spread) == set(tasks)
    for task in tasks:
        here, there = (json.dumps([r.model_dump(exclude={"seconds"}) for r in of[task]]) for of in (alone, spread))
        assert here == there
        turns = E.saboteurs[0].turns if task.broken else [c.name for c in E.claims]
        assert sorted(r.claim for r in alone[task]) == sorted(turns)


def test_breakdown_is_a_row_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Link: run -> row: a run that breaks down says why for every claim, and is not used again."""

    def breaks(*given: Any, **named: Any) -> Any:
        raise ArithmeticError("It stopped being finite.")

    monkeypatch.setattr(run, "outcome", breaks)
    ((task, rows),) = carry_out([Task(E.slug, 4)], 2, silent)
    assert [r.claim for r in rows] == [c.name for c in E.claims]
    assert {(r.word, r.fault) for r in rows} == {(None, "It stopped being finite.")}
    add(E.slug, rows)
    assert known([task]) == {}


def test_written_whole_or_not_at_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Link: the file system's rename: a write that fails leaves the old file and nothing else."""
    kept = add(E.slug, [row(0)])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add(E.slug, [row(1)])
    assert load(E.slug) == kept
    assert [p.name for p in verifications.path(E.slug).parent.iterdir()] == [f"{E.slug}.json"]


GOOD = Verification(slug=E.slug, stamp=provenance.stamp(), date=datetime(2026, 1, 1, tzinfo=UTC), rows=(row(0),))


def spoilt(**changes: Any) -> str:
    return json.dumps(GOOD.model_dump(mode="json") | changes)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{", '{"a": 1}', "[" * 100_000, spoilt(extra=1), spoilt(slug="../other"),
        spoilt(slug="another"), spoilt(date="2026-01-01"), spoilt(rows=[{"claim": "x"}]),
        spoilt(rows=[row(0).model_dump() | {"word": "proves"}]), spoilt(rows=[row(0).model_dump() | {"seed": -1}]),
        spoilt().replace('"measured": 0.0', '"measured": NaN'),
        spoilt().replace('"measured": 0.0', '"measured": 1e999'),
    ],
)  # fmt: skip
def test_foreign_file_is_one_sentence(text: str) -> None:
    """Link: the one validator: corrupt, foreign and impossible files are not read, and are said in one sentence."""
    path = verifications.path(E.slug)
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable) as said:
        load(E.slug)
    assert path.name in str(said.value) and "\n" not in str(said.value) and len(str(said.value)) < 300
    assert known([Task(E.slug, 0)]) == {}
    assert add(E.slug, [row(3)]) == load(E.slug)


def test_large_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Link: the size is asked before anything is read."""
    add(E.slug, [row(0)])
    monkeypatch.setattr(provenance, "LARGEST", 100)
    with pytest.raises(Unreadable, match="larger"):
        load(E.slug)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Link: the one validator: nothing but `Unreadable` comes out of a file."""
    path = verifications.path(E.slug)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    provenance._parsed.cache_clear()
    with pytest.raises(Unreadable):
        load(E.slug)


def test_round_trip_is_exact() -> None:
    """Link: JSON keeps every bit of a float64."""
    x = 0.1 + 0.2
    assert add(E.slug, [row(0, measured=x, error=5e-324)]).rows == load(E.slug).rows  # type: ignore[union-attr]
    assert load(E.slug).rows[0].measured == x  # type: ignore[union-attr]


def test_stamp_says_where_from(tmp_path: Path) -> None:
    """Link: provenance: version, digest, machine and cores are there; the digest is one of every module's text."""
    stamp = provenance.stamp()
    assert stamp.version and len(stamp.sources) == 16 and stamp.machine and stamp.cores >= 1 and stamp.same()
    (tmp_path / "inner").mkdir()
    for name in ("a.py", "inner/b.py"):
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    before = provenance._digest(tmp_path)
    (tmp_path / "notes.txt").write_text("no module", encoding="utf-8")
    assert provenance._digest(tmp_path) == before
    (tmp_path / "inner/b.py").write_text("x = 2\n", encoding="utf-8")
    assert provenance._digest(tmp_path) != before
