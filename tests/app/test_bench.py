"""The bench: what it computes from what it measured, what it says when it cannot, and the table in README.md.

Chain of trust: none; a figure of speed proves nothing about physics. The gradients that are timed are compared first.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from weltnet.experiments import ALL
from weltnet_app import cli
from weltnet_app.bench import browser, frames, kernel, peers, readme, sections
from weltnet_app.bench.figures import COLUMNS, Figure, Skipped, at_least, at_most, cells, quantile

ROOT = Path(__file__).resolve().parents[2]
Captured = pytest.CaptureFixture[str]


def here(quick: bool, python: str) -> Iterator[Figure]:
    """A section that is measured at once."""
    yield at_most("quick" if quick else "whole", 0.5, 1.0, "ms", python)
    yield at_least("too slow", 1.0, 2.0, "×")


def away(quick: bool, python: str) -> Iterator[Figure]:
    """A section that cannot be measured here."""
    raise Skipped("needs a thing that is not here.")
    yield


def test_target_is_met_or_missed() -> None:
    """Chain of trust: none. A bound belongs to the good side, and a row of the table says everything."""
    assert at_most("a", 1.0, 1.0).met and not at_most("a", 1.01, 1.0).met
    assert at_least("a", 1.0, 1.0).met and not at_least("a", 0.99, 1.0).met
    assert Figure("a", 3.0).met is None
    assert cells(at_most("a", 1234.5, 400, "MB", "all")) == ("a (all)", "1234 MB", "≤ 400 MB", "missed")
    assert cells(Figure("b", 0.01234, "cores")) == ("b", "0.012 cores", "", "")
    assert (quantile([3, 1, 2], 0.5), quantile([1.0], 0.95), quantile(range(100), 0.95)) == (2, 1.0, 95)


def test_peers_are_judged_by_their_best_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: none. The ratio is to the fastest form of a library; a library that is not installed has none."""
    times = {"weltnet": 100.0, "numpy products": 900.0, "numpy products, pieces": 650.0, "torch bmm": 800.0}
    told = {"M": 5, "rows": {name: {"cpu_ns": ns} for name, ns in times.items()}}
    monkeypatch.setattr(kernel, "compare", lambda *given, **named: json.loads(json.dumps(told)))
    own, numpy, torch = kernel.against_peers(True, "python")
    assert own.value == 100.0 and own.met is None
    assert (numpy.value, numpy.met, numpy.note) == (6.5, False, "numpy products, pieces")
    assert (torch.value, torch.met) == (8.0, True)


def test_peers_compute_the_same() -> None:
    """Chain of trust: kernel -> its peers. Contenders that are timed have one gradient, checked before timing."""
    runs = peers.contenders(4, 48, 3, 2)
    rows = peers.measure(runs, 48 * peers.STEPS, repetitions=1)
    assert {"weltnet", "numpy products"} <= set(rows) and rows["weltnet"]["cpu_ratio"] == 1.0
    assert all(row["wall_ns"] > 0 for row in rows.values())


def test_time_grows_with_the_networks() -> None:
    """Chain of trust: none. What is called one learning step of M networks takes longer for more of them."""
    assert kernel.seconds(8, 32_000, least=0.01) > 8 * kernel.seconds(8, 500, least=0.01) > 0.0
    assert kernel._slope([1, 10, 100], [2, 200, 20_000]) == pytest.approx(2.0)


def test_frame_has_its_parts() -> None:
    """Chain of trust: none. One row per experiment, whose parts are about the whole; only the first has a budget."""
    rows = list(frames.budgets(True, "", [min(ALL, key=lambda e: e.verify_steps)]))
    (row,) = rows
    assert row.what in {e.slug for e in ALL} and set(row.parts) == {"step", "observe", "encode"}
    assert all(ms > 0 for ms in row.parts.values())
    assert sum(row.parts.values()) == pytest.approx(row.value, rel=0.5)
    assert (row.met is None) == (row.what != ALL[0].slug)


def test_wave_in_both_precisions() -> None:
    """Chain of trust: none. The exact wave is timed in single and double precision; one of them has a target."""
    single, double = frames.wave(True, "")
    assert "complex64" in single.what and "complex128" in double.what
    assert single.met is not None and double.met is None and min(single.value, double.value) > 0.1


def test_section_that_cannot_is_a_sentence() -> None:
    """Chain of trust: terminal. What cannot be measured is said, and the next section is measured all the same."""
    document, found = sections.carry_out(True, "snake", sections={"Away": away, "Here": here})
    assert document["skipped"] == ["Away: needs a thing that is not here."] and found["Away"] == []
    assert [(f.what, f.note, f.met) for f in found["Here"]] == [("quick", "snake", True), ("too slow", "", False)]
    told = json.loads(json.dumps(document, allow_nan=False))
    assert told["machine"]["cores"] >= 1 and told["quick"] is True
    assert set(told["sections"][1]["figures"][0]) == {"what", "value", "unit", "target", "met", "note", "parts"}


def test_no_browser_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: terminal. Without a Chromium nothing is started."""
    monkeypatch.setattr("weltnet_app.chromium.shutil.which", lambda name: None)
    with pytest.raises(Skipped, match="chromium"):
        next(browser.browse(True, ""))


def test_server_does_not_outlive_an_interrupt() -> None:
    """Chain of trust: terminal. Ctrl-C while the page is measured leaves no process behind."""
    with pytest.raises(KeyboardInterrupt), browser._Server() as server:
        children = server.own.children(recursive=True)
        raise KeyboardInterrupt
    assert server.process.poll() is not None
    for child in children:
        assert child.wait(10) is None or not child.is_running()


@pytest.mark.slow
@pytest.mark.browser
def test_page_is_measured(chromium: str) -> None:
    """Chain of trust: none. Every figure of the page is measured, and none is nonsense."""
    # Playwright refuses a second browser in a thread that has one, as other tests' may.
    with ThreadPoolExecutor(1) as own:
        found = {f.what: f.value for f in own.submit(lambda: list(browser.browse(True, ""))).result()}
    assert len(found) == 11 and all(value >= 0 for value in found.values())
    assert found["frames painted a second"] > 1 and found["plain page after the command"] < 10


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sections that take no time."""
    monkeypatch.setattr(sections, "SECTIONS", {"Here": here, "Away": away})


@pytest.mark.usefixtures("brief")
def test_bench_for_people_and_machines(capsys: Captured) -> None:
    """Chain of trust: terminal. A missed target is printed and is no error; JSON is one document."""
    assert cli.run(["bench", "--quick"]) == 0
    out, err = capsys.readouterr()
    assert "missed" in out and "1 of 2 targets met" in out and "needs a thing" in out and "Here" in err
    assert cli.run(["bench", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [s["title"] for s in told["sections"]] == ["Here", "Away"] and told["quick"] is False


@pytest.mark.parametrize(
    ("tokens", "allowed"),
    [(("--no-such",), "--quick"), (("--peers", "no-such-python"), "JAX"), (("more",), "--quick")],
)
def test_bad_bench_is_refused(tokens: tuple[str, ...], allowed: str, capsys: Captured) -> None:
    """Chain of trust: terminal. Wrong options: one sentence that says what is allowed."""
    assert cli.run(["bench", *tokens]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "allowed" in err and allowed in err


def test_interrupted_bench_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: terminal. Ctrl-C ends it with the exit code a shell expects."""

    def endless(*given: Any) -> Any:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sections, "carry_out", endless)
    assert cli.run(["bench"]) == 130
    assert "Traceback" not in capsys.readouterr().err


# -- the table in README.md -------------------------------------------------------------------------------------------


def test_readme_holds_what_the_command_writes() -> None:
    """Chain of trust: none. The table has the columns and sections of the command; its numbers are not compared."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count(readme.BEGIN) == text.count(readme.END) == 1
    held = text.split(readme.BEGIN)[1].split(readme.END)[0]
    lines = [line for line in held.splitlines() if line.startswith("|")]
    assert lines[0] == "| " + " | ".join(COLUMNS) + " |"
    assert all(line.count("|") == len(COLUMNS) + 1 for line in lines)
    titles = [line.split("*")[1] for line in lines if line.startswith("| *")]
    assert titles and titles == [t for t in sections.SECTIONS if t in titles]
    assert "by `weltnet bench --readme`" in held and "load average" in held


@pytest.mark.usefixtures("brief")
def test_readme_is_rewritten_between_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Chain of trust: none. Twice is as once, and not a letter outside the marks changes."""
    document, found = sections.carry_out(True, "", sections={"Here": here, "Away": away})
    block = readme.block(document, found)
    text = f"before\n{readme.BEGIN}\nold | figures\n{readme.END}\nafter\n"
    once = readme.replaced(text, block)
    assert once.startswith(f"before\n{readme.BEGIN}\n\n") and once.endswith(f"\n\n{readme.END}\nafter\n")
    assert "old" not in once and readme.replaced(once, block) == once
    for broken in ("", readme.BEGIN, readme.END + readme.BEGIN):
        with pytest.raises(ValueError, match="lacks"):
            readme.replaced(broken, block)

    file = tmp_path / "README.md"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(readme, "place", lambda: file)
    assert cli.run(["bench", "--quick", "--readme"]) == 0
    written = file.read_text(encoding="utf-8")
    assert "| too slow | 1 × | ≥ 2 × | missed |" in written and written.endswith("\nafter\n")
    monkeypatch.setattr(readme, "place", lambda: None)
    capsys.readouterr()
    assert cli.run(["bench", "--readme"]) == 2 and "allowed" in capsys.readouterr().err
