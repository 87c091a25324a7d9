"""The command line: what it prints, what it exits with, and that it never answers with a traceback.

Chain of trust: experiment -> verdict -> terminal. Most commands run in this process; the entry runs in one of its own.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weltnet import __version__, calibrations, experiments, provenance, run, verifications
from weltnet.calibrations import ensembles
from weltnet.experiment import Experiment, Preset
from weltnet.experiments import ALL, by_slug
from weltnet.params import Knob
from weltnet.timeline import Timeline
from weltnet_app import arguments, cli, doctor

E = by_slug("strings")
STEPS = str(2 * E.stride)
ROOT = Path(__file__).resolve().parents[2]

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own for what is stored."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(provenance, "folder", lambda: tmp_path / "data" / "weltnet")
    return tmp_path / "data" / "weltnet"


def number_knob() -> Knob:
    return next(k for k in E.params.knobs().values() if k.kind == "number")


def answer(capsys: Captured, *tokens: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command run in this process."""
    code = cli.run(tokens)
    out, err = capsys.readouterr()
    return code, out, err


def strict(text: str) -> Any:
    """JSON in which NaN and infinity are errors, as in every reader but Python's."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in JSON")

    return json.loads(text, parse_constant=refuse)


def refused(capsys: Captured, *tokens: str) -> str:
    """The one sentence with which a command is refused."""
    code, out, err = answer(capsys, *tokens)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and err.endswith("\n") and "Traceback" not in err
    assert "allowed" in err, err
    return err


# -- list -------------------------------------------------------------------------------------------------------------


def test_list_json(capsys: Captured) -> None:
    """Chain of trust: terminal. Every experiment with its claims, in reading order, with exactly the promised keys."""
    code, out, _ = answer(capsys, "list", "--json")
    rows = strict(out)
    assert code == 0 and [r["slug"] for r in rows] == [e.slug for e in ALL]
    for row, e in zip(rows, ALL, strict=True):
        assert set(row) == {"slug", "title", "group", "claims", "source"}
        assert (row["title"], row["group"]) == (e.title, e.group) and e.sources[0] in row["source"]
        assert [c["name"] for c in row["claims"]] == [c.name for c in e.claims]
        for claim in row["claims"]:
            assert set(claim) == {"name", "sentence", "source", "registered"} and all(claim.values())


def test_list_for_people(capsys: Captured) -> None:
    """Chain of trust: terminal. The table names every experiment, and every claim with its registered answer."""
    code, out, _ = answer(capsys, "list")
    assert code == 0
    for e in ALL:
        assert e.slug in out
        for c in e.claims:
            assert any(c.name in line and c.registered in line for line in out.splitlines())


# -- run --------------------------------------------------------------------------------------------------------------


def test_run_is_the_timeline(capsys: Captured) -> None:
    """Chain of trust: timeline -> terminal. The printed digest and verdicts are those of the same run in Python."""
    code, out, err = answer(capsys, "run", E.slug, "--seed", "5", "--steps", STEPS, "--json")
    told = strict(out)
    line = Timeline(E, E.params(), 5)
    line.seek(int(STEPS))
    assert code == 0 and E.slug in err
    assert (told["digest"], told["steps"], told["seed"]) == (line.digest(), line.step, 5)
    assert told["params"] == E.params().model_dump(mode="json")
    assert [v["claim"] for v in told["verdicts"]] == [c.name for c in E.claims]
    assert [v["verdict"] for v in told["verdicts"]] == [v.word for v in line.verdicts()]


def test_run_for_people(capsys: Captured) -> None:
    """Chain of trust: terminal. The table says each verdict, and the last line which run it was."""
    code, out, _ = answer(capsys, "run", E.slug, "--steps", STEPS)
    assert code == 0 and all(c.name in out for c in E.claims)
    assert out.splitlines()[-1].startswith(f"{E.title}, seed 0, {STEPS} steps, digest ")


def test_doors_outrank_each_other(capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: the ground -> terminal. --set outranks the file, the file the preset; the last --set counts."""
    k = number_knob()
    first, near, middle, far = (k.low + share * (k.high - k.low) for share in (0.2, 0.4, 0.6, 0.8))
    saboteur = E.saboteurs[0].name
    preset = Preset("Mine", "Nothing.", {k.name: first, "broken": saboteur})
    monkeypatch.setattr(arguments, "experiment", lambda slug: dataclasses.replace(E, presets=(preset,)))
    file = tmp_path / "knobs.toml"
    file.write_text(f"{k.name} = {near!r}\n", encoding="utf-8")

    def value(*more: str) -> float:
        code, out, _ = answer(capsys, "run", E.slug, "--steps", "0", "--json", "--preset", "Mine", *more)
        params = strict(out)["params"]
        assert code == 0 and params["broken"] == [saboteur]
        return float(params[k.name])

    assert value() == first
    assert value("--params", str(file)) == near
    assert value("--params", str(file), "--set", f"{k.name}={middle!r}") == middle
    assert value("--set", f"{k.name}={middle!r}", "--set", f"{k.name} = {far!r}") == far


def test_preset_may_be_typed_plainly(capsys: Captured) -> None:
    """Chain of trust: terminal. A preset's name works without capitals and with hyphens for blanks."""
    preset = E.presets[0]
    plain = preset.name.lower().replace(" ", "-")
    code, out, _ = answer(capsys, "run", E.slug, "--steps", "0", "--preset", plain, "--json")
    assert code == 0 and strict(out)["params"] == E.params.parse(preset.values).model_dump(mode="json")


# -- verify -----------------------------------------------------------------------------------------------------------

KEYS = {
    *("slug", "claim", "verdict", "registered", "as_registered", "measured", "error", "predicted", "null"),
    *("seed", "seconds", "kept"),
}
SUMMARY = {
    *("slug", "claim", "saboteur", "seeds", "words", "as_expected", "median", "min", "max", "between_seeds"),
    *("within_run", "calibrated"),
}


def brief(monkeypatch: pytest.MonkeyPatch, words: Any) -> None:
    """Let `run.outcome` answer at once with a word for every claim: words(claim, broken) -> word."""
    first = Timeline(E, E.params(), 0).verdicts()[0]

    def outcome(experiment: Any, params: Any, seed: int = 0, steps: Any = None, report: Any = None) -> run.Outcome:
        if report:
            report(1.0, "done")
        made = tuple(
            dataclasses.replace(first, claim=c.name, word=words(c, params.broken), measured=0.5, band=(0.0, math.inf))
            for c in experiment.claims
        )
        return run.Outcome(made, 10, "0" * 16, 0.01)

    monkeypatch.setattr(run, "outcome", outcome)


def test_verify_one(capsys: Captured) -> None:
    """Chain of trust: verdict -> terminal. A real experiment is verified, with numbers that are the run's own."""
    code, out, err = answer(capsys, "verify", E.slug, "--json")
    rows = strict(out)["verdicts"]
    verdicts = {v.claim: v for v in run.outcome(E).verdicts}
    assert [r["claim"] for r in rows] == [c.name for c in E.claims] and E.slug in err
    for row in rows:
        v = verdicts[row["claim"]]
        assert set(row) == KEYS
        assert (row["verdict"], row["measured"], row["error"]) == (v.word, v.measured, v.error)
        assert row["as_registered"] == (v.word == E.claim(v.claim).registered) and row["seconds"] >= 0
    assert code == (0 if all(r["as_registered"] for r in rows) else 1)


def test_verify_covers_what_was_asked(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> terminal. Seeds from the first up, every claim, every saboteur with its claims."""
    other = {"holds": "fails", "fails": "holds"}
    brief(monkeypatch, lambda c, broken: other[c.registered] if broken else c.registered)
    code, out, _ = answer(capsys, "verify", "--seeds", "3", "--from", "5", "--sabotage", "--json", "--jobs", "1")
    rows = strict(out)["verdicts"]
    asked = [
        (e.slug, seed, name, claim)
        for e in ALL
        for seed in range(5, 8)
        for name, claims in [(None, [c.name for c in e.claims]), *((s.name, s.turns) for s in e.saboteurs)]
        for claim in sorted(claims, key=[c.name for c in e.claims].index)
    ]
    assert [(r["slug"], r["seed"], r["saboteur"], r["claim"]) for r in rows] == asked
    assert code == 0
    for row in rows:
        assert set(row) == KEYS | {"saboteur", "turned"}
        assert row["turned"] is (True if row["saboteur"] else None)
        assert row["as_registered"] is (row["saboteur"] is None)


@pytest.mark.parametrize("word", ["undecided", "outside-regime", "same"])
def test_verify_fails_when_a_saboteur_does_not_turn(
    word: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chain of trust: saboteur -> terminal. Only a decided and different verdict counts as turned."""
    brief(monkeypatch, lambda c, broken: word if broken and word != "same" else c.registered)
    code, out, _ = answer(capsys, "verify", E.slug, "--sabotage", "--json", "--jobs", "1")
    assert code == 1
    assert {r["turned"] for r in strict(out)["verdicts"]} == {None, False}
    assert answer(capsys, "verify", E.slug, "--json")[0] == 0


def test_verify_fails_when_one_differs(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> terminal. One verdict out of many decides the exit code, and the table marks it."""
    odd = E.claims[-1]
    brief(monkeypatch, lambda c, broken: "undecided" if c == odd else c.registered)
    code, out, _ = answer(capsys, "verify", "--json", "--jobs", "1")
    assert code == 1
    rows = strict(out)["verdicts"]
    assert [(r["slug"], r["claim"]) for r in rows if not r["as_registered"]] == [(E.slug, odd.name)]
    code, out, _ = answer(capsys, "verify", E.slug)
    assert code == 1 and out.count("DIFFERS") == 1
    assert f"{len(E.claims) - 1} of {len(E.claims)} verdicts are as registered." in out
    code, out, _ = answer(capsys, "verify", E.slug, "--seeds", "9", "--jobs", "1")
    assert code == 1 and out.count("DIFFERS at seeds 0, 1, 2, 3, 4, 5 and 3 more") == 1 and "9 undecided" in out


def test_broken_run_is_a_sentence(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> terminal. A breakdown is one sentence, counts against, and leaves no NaN."""

    def outcome(*given: Any, **named: Any) -> run.Outcome:
        raise ArithmeticError("density.values stopped being finite, so the run was stopped.")

    monkeypatch.setattr(run, "outcome", outcome)
    code, out, err = answer(capsys, "verify", E.slug, "--json", "--sabotage", "--jobs", "1")
    assert code == 1 and "Traceback" not in err and "stopped being finite" in err
    rows = strict(out)["verdicts"]
    assert {r["verdict"] for r in rows} == {None} and not any(r["as_registered"] or r["turned"] for r in rows)
    assert answer(capsys, "verify", E.slug)[0] == 1
    code, out, err = answer(capsys, "run", E.slug, "--json")
    assert (code, out) == (1, "") and err.endswith("stopped being finite, so the run was stopped.\n")


def test_infinity_never_in_json(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: terminal. A one-sided band or an unmeasured number is null, whatever the experiment returns."""
    brief(monkeypatch, lambda c, broken: c.registered)
    whole = run.outcome

    def sick(*given: Any, **named: Any) -> run.Outcome:
        done = whole(*given, **named)
        nan = tuple(dataclasses.replace(v, measured=math.nan, error=math.inf, null=math.nan) for v in done.verdicts)
        return dataclasses.replace(done, verdicts=nan)

    monkeypatch.setattr(run, "outcome", sick)
    told = strict(answer(capsys, "run", E.slug, "--json")[1])
    assert told["verdicts"][0]["band"] == [0.0, None] and told["verdicts"][0]["measured"] is None
    assert strict(answer(capsys, "verify", E.slug, "--json")[1])["verdicts"][0]["error"] is None
    assert answer(capsys, "verify", E.slug)[0] == 0


def test_verify_counts_over_seeds(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> terminal. Words are counted and numbers summed up over seeds, in both outputs."""
    brief(monkeypatch, lambda c, broken: c.registered)
    whole = run.outcome

    def spread(experiment: Any, params: Any, seed: int = 0, **named: Any) -> run.Outcome:
        done = whole(experiment, params, seed, **named)
        made = [dataclasses.replace(v, measured=float(seed**2), error=0.5 + seed) for v in done.verdicts]
        return dataclasses.replace(done, verdicts=tuple(made))

    monkeypatch.setattr(run, "outcome", spread)
    code, out, _ = answer(capsys, "verify", E.slug, "--seeds", "3", "--json", "--jobs", "1")
    claims = strict(out)["claims"]
    assert code == 0 and [c["claim"] for c in claims] == [c.name for c in E.claims]
    for c in claims:
        assert set(c) == SUMMARY
        assert (c["seeds"], c["as_expected"], c["median"], c["min"], c["max"], c["within_run"]) == (3, 3, 1, 0, 4, 1.5)
        assert c["words"] == {E.claim(c["claim"]).registered: 3} and c["calibrated"] is None
        assert c["between_seeds"] == pytest.approx(math.sqrt(13 / 3))
    code, out, _ = answer(capsys, "verify", E.slug, "--seeds", "3", "--jobs", "1")
    assert code == 0 and "sd of seeds" in out and f"3 {E.claims[0].registered}" in out and "2.08" in out


def test_verify_keeps_what_it_has(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> stored row. Stored runs are not made twice unless asked to, and that is said."""
    brief(monkeypatch, lambda c, broken: c.registered)
    made: list[int] = []
    whole = run.outcome

    def counting(experiment: Any, params: Any, seed: int = 0, **named: Any) -> run.Outcome:
        made.append(seed)
        if seed == 3:
            raise KeyboardInterrupt
        return whole(experiment, params, seed, **named)

    monkeypatch.setattr(run, "outcome", counting)
    settings = len(E.settings)
    assert answer(capsys, "verify", E.slug, "--seeds", "5", "--jobs", "1")[0] == 130
    kept = verifications.load(E.slug)
    assert kept is not None and sorted({r.seed for r in kept.rows}) == [0, 1, 2]
    del made[:]
    code, out, _ = answer(capsys, "verify", E.slug, "--seeds", "3", "--jobs", "1")
    assert (code, made) == (0, []) and "3 of 3 runs were stored before" in out
    code, out, _ = answer(capsys, "verify", E.slug, "--seeds", "3", "--jobs", "1", "--fresh")
    assert (code, made) == (0, [s for s in (0, 1, 2) for _ in range(settings)]) and "stored before" not in out
    code, out, _ = answer(capsys, "verify", E.slug, "--from", "1", "--json")
    assert [r["kept"] for r in strict(out)["verdicts"]] == [True] * len(E.claims)


def test_unwritable_folder_is_said(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: verdict -> terminal. A full disk costs the storing, not the verdicts."""
    brief(monkeypatch, lambda c, broken: c.registered)

    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(provenance, "write", full)
    code, out, err = answer(capsys, "verify", E.slug)
    assert code == 0 and "as registered" in out and "Not stored: " in err and "No space left" in err
    code, out, err = answer(capsys, "calibrate", "contraction")
    assert code == 0 and "1 of 1 known answers" in out and "Not stored: " in err


# -- calibrate --------------------------------------------------------------------------------------------------------


def test_calibrate(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: calibration -> terminal. All that are asked for, with what was known; a miss exits with 1."""
    names = ("contraction", "wave-free")
    code, out, _ = answer(capsys, "calibrate", *names, "--json")
    rows = strict(out)
    assert code == 0 and [(r["name"], r["reproduced"]) for r in rows] == [(n, True) for n in names]
    assert {"estimator", "known", "expected", "tolerance", "measured", "error", "seconds"} <= set(rows[0])
    kept = calibrations.current()
    assert kept is not None and [r.name for r in kept.results] == list(names)
    assert "2 of 2 known answers are reproduced." in answer(capsys, "calibrate", *names)[1]
    monkeypatch.setattr(ensembles, "contraction", lambda *given: 0.5)
    code, out, _ = answer(capsys, "calibrate", *names)
    assert code == 1 and "MISSED" in out and "1 of 2 known answers are reproduced." in out
    assert "no-such" in refused(capsys, "calibrate", "no-such")


def test_verify_says_how_its_estimators_fare(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: calibration -> verdict. Not calibrated, calibrated and missed are three sentences."""
    brief(monkeypatch, lambda c, broken: c.registered)
    chosen = next(e for e in ALL if e.calibrations)
    slug = chosen.slug
    assert "not calibrated in this version yet" in answer(capsys, "verify", slug)[1]
    known = [calibrations.by_name(name) for name in chosen.calibrations]
    good = [calibrations.Result(name=c.name, measured=c.expected, error=0.0, seconds=0.0) for c in known]
    calibrations.add(good)
    assert f"reproduce {len(good)} known answers" in answer(capsys, "verify", slug)[1]
    calibrations.add([good[-1].model_copy(update={"measured": 1e3})])
    assert {c["calibrated"] for c in strict(answer(capsys, "verify", slug, "--json")[1])["claims"]} == {False}
    assert "decide nothing" in answer(capsys, "verify", slug)[1]


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("run", "no-such"), ("verify", "no-such"), ("verify", E.slug, "no-such")])
def test_unknown_slug(command: tuple[str, ...], capsys: Captured) -> None:
    """Chain of trust: the ground -> terminal. A wrong slug is answered with the right ones."""
    sentence = refused(capsys, *command)
    assert "no-such" in sentence and all(e.slug in sentence for e in ALL)


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (("--set", "no_such=1"), "no_such is not a parameter here; allowed: broken, "),
        (("--set", "just-words"), "name=value"),
        (("--set", "=1"), "is not a parameter"),
        (("--set", "broken=no-such"), E.saboteurs[0].name),
        (("--set", f"{number_knob().name}=nan"), number_knob().allowed),
        (("--set", f"{number_knob().name}=1e400"), number_knob().allowed),
        (("--set", f"{number_knob().name}="), number_knob().allowed),
        (("--preset", "no such"), E.presets[0].name),
        (("--seed", "-1"), "[0, 4294967295]"),
        (("--seed", "1.5"), "[0, 4294967295]"),
        (("--seed", "4294967296"), "[0, 4294967295]"),
        (("--seed", "9" * 5000), "[0, 4294967295]"),
        (("--seed", "²"), "[0, 4294967295]"),
        (("--steps", "many"), "[0, 10000000]"),
        (("--no-such",), "--preset, --set, --params, --seed, --steps, --out, --every, --json"),
        (("--seed",), "--seed needs a value"),
        (("second",), "'second' is too much"),
        (("--json=perhaps",), "--json"),
        (("--seed", "1", "--seed", "2"), "--seed"),
    ],
)
def test_bad_run_is_refused(tokens: tuple[str, ...], named: str, capsys: Captured) -> None:
    """Chain of trust: the ground -> terminal. Wrong key, value or option: one sentence that says what is allowed."""
    assert named in refused(capsys, "run", E.slug, *tokens)


FILES: dict[str, bytes] = {
    "not TOML": b"rate = = 3",
    "not text": b"\xff\xfe\x00",
    "too large": b"# " + b"x" * 70_000,
    "nested too deeply": b"a = " + b"[" * 30_000,
    "a knob that is none": b"no_such = 1",
    "a table": b"[" + number_knob().name.encode() + b"]\nx = 1",
    "a date": number_knob().name.encode() + b" = 2020-01-01",
    "not a number": number_knob().name.encode() + b" = nan",
    "endless": number_knob().name.encode() + b" = 0x" + b"f" * 20_000,
    "no list of names": b"broken = 3",
    "nested names": b"broken = [[1]]",
}


@pytest.mark.parametrize("case", FILES)
def test_bad_file_is_refused(case: str, capsys: Captured, tmp_path: Path) -> None:
    """Chain of trust: the ground -> terminal. Whatever a file holds, the answer is a sentence."""
    file = tmp_path / "knobs.toml"
    file.write_bytes(FILES[case])
    refused(capsys, "run", E.slug, "--params", str(file))


def test_missing_file_is_refused(capsys: Captured, tmp_path: Path) -> None:
    """Chain of trust: the ground -> terminal. A file that is none, a folder and a device are named and refused."""
    for path in (tmp_path / "none.toml", tmp_path, Path(os.devnull)):
        assert str(path) in refused(capsys, "run", E.slug, "--params", str(path))
    refused(capsys, "run", E.slug, "--params", "a\0b")
    refused(capsys, "run", E.slug, "--params", "x" * 10_000)


@pytest.mark.parametrize(
    "tokens",
    [
        ("no-such",),
        ("list", "more"),
        ("list", "--no-such"),
        ("doctor", "me"),
        ("verify", "--seeds", "0"),
        ("verify", "--seeds", "1001"),
        ("verify", "--seeds", "all"),
        ("verify", "--from", "-1"),
        ("verify", "--seeds", "2", "--from", "4294967295"),
        ("verify", "--jobs", "0"),
        ("calibrate", "--no-such"),
        ("run",),
        ("serve", "here"),
        ("--no-such",),
        ("--port", "65536"),
        ("serve", "--port", "-1"),
        ("serve", "--host", ""),
        ("serve", "--allow-origin", "*"),
        ("serve", "--allow-origin", "https://*.example"),
        ("serve", "--allow-origin", "javascript://x"),
        ("serve", "--allow-origin", "a b"),
        ("serve", "--allow-origin", "example.org/path"),
    ],
)
def test_bad_command_is_refused(tokens: tuple[str, ...], capsys: Captured) -> None:
    """Chain of trust: the ground -> terminal. A wrong command, option or value: exit 2 and what is allowed."""
    refused(capsys, *tokens)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([k.name for k in E.params.knobs().values()]), st.text(max_size=30), st.booleans())
def test_any_text_is_read_or_refused(capsys: Captured, name: str, text: str, by_option: bool) -> None:
    """Chain of trust: the ground -> terminal. No text makes the command line fall over."""
    tokens = ("--set", f"{name}={text}") if by_option else (f"--set={name}={text}",)
    code, out, err = answer(capsys, "run", E.slug, "--steps", "0", *tokens, "--json")
    assert code in (0, 2) and "Traceback" not in err
    assert (code == 0) == bool(out)


# -- serve ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the server was started with, without starting it."""
    from weltnet_app import serve

    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(serve, "serve", lambda *given: calls.append(given))
    return calls


def test_plain_weltnet_is_serve(served: list[tuple[Any, ...]], capsys: Captured) -> None:
    """Chain of trust: terminal. Without a command the laboratory opens, with the same options."""
    assert cli.run([]) == cli.run(["serve"]) == 0
    assert served[0] == served[1]
    host, port, browser, origins = served[0]
    assert host in ("localhost", "127.0.0.1") and 1024 < port < 65536 and browser is True and origins == ()
    options = ["--host", "0.0.0.0", "--port", "0", "--no-browser", "--allow-origin", "a.example"]
    options += ["--allow-origin", "https://b.example:8443"]
    assert cli.run(options) == cli.run(["serve", *options]) == 0
    assert served[2] == served[3] == ("0.0.0.0", 0, False, ("a.example", "https://b.example:8443"))


def test_server_that_cannot_start_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: terminal. An address that cannot be listened on is refused like any other wrong value."""
    code, out, err = answer(capsys, "serve", "--host", "no.such.host.invalid", "--no-browser")
    assert (code, out) == (2, "") and err.count("\n") == 1 and "no.such.host.invalid" in err


def test_help_names_every_command(capsys: Captured) -> None:
    """Chain of trust: terminal. Help and version answer without loading anything else."""
    code, out, _ = answer(capsys, "--help")
    assert code == 0 and all(
        word in out for word in ("serve", "list", "run", "verify", "calibrate", "doctor", "--port")
    )
    for command in ("serve", "list", "run", "verify", "calibrate", "doctor"):
        code, out, _ = answer(capsys, command, "--help")
        assert code == 0 and "Usage: weltnet " + command in out
    assert answer(capsys, "--version")[1].strip() == __version__


# -- doctor -----------------------------------------------------------------------------------------------------------


def test_doctor(capsys: Captured) -> None:
    """Chain of trust: kernels -> terminal. One line per matter; a sound installation exits with 0."""
    code, out, _ = answer(capsys, "doctor")
    lines = out.splitlines()
    assert all(line[:4] in ("ok  ", "fix ", "note") for line in lines)
    assert code == (1 if any(line.startswith("fix") for line in lines) else 0)
    matters = ("versions", "cores", "kernel cache", "worker processes", "kernels", "stored results", "calibrations")
    for matter in (*matters, "chromium"):
        assert sum(f"  {matter}: " in line for line in lines) == 1, matter
    assert f"weltnet {__version__}" in lines[0]


def test_doctor_finds_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    """Chain of trust: kernels -> terminal. What is wrong is said with what to do, and the exit code tells a script."""
    from weltnet import kernels

    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    monkeypatch.setattr(kernels, "cache_folder", lambda: blocked / "kernels")
    monkeypatch.setattr(doctor, "SELF_CHECK_SECONDS", 0.01)
    code, out, _ = answer(capsys, "doctor")
    (line,) = [line for line in out.splitlines() if line.startswith("fix")]
    assert code == 1 and "kernel cache" in line and "XDG_CACHE_HOME" in line


def test_doctor_finds_what_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: stored rows -> terminal. A foreign file is named in one sentence; a missed answer is a fault."""
    monkeypatch.setattr(doctor, "SELF_CHECK_SECONDS", 0.01)
    path = verifications.path(E.slug)
    path.parent.mkdir(parents=True)
    path.write_text('{"slug": 3}', encoding="utf-8")
    code, out, _ = answer(capsys, "doctor")
    (line,) = [line for line in out.splitlines() if "stored results: " in line]
    assert code == 0 and line.startswith("note") and path.name in line and "not what weltnet keeps" in line
    calibrations.add([calibrations.Result(name=calibrations.ALL[0].name, measured=1e3, error=0.1, seconds=0.0)])
    code, out, _ = answer(capsys, "doctor")
    (line,) = [line for line in out.splitlines() if line.startswith("fix")]
    assert code == 1 and "calibrations: " in line and calibrations.ALL[0].name in line


def test_doctor_survives_what_it_finds(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: kernels -> terminal. A check that breaks down is a finding; the others still answer."""
    from weltnet.kernels import philox

    monkeypatch.setattr(philox, "normals", lambda *given: 1 / 0)
    code, out, _ = answer(capsys, "doctor")
    assert code == 1 and [line[:12] for line in out.splitlines() if line[:3] == "fix"] == ["fix   kernel"]
    monkeypatch.undo()
    monkeypatch.setattr(doctor, "ZEROS", (1, 2, 3, 4))
    monkeypatch.setattr(doctor, "SELF_CHECK_SECONDS", 0.01)
    code, out, _ = answer(capsys, "doctor")
    assert code == 1 and "random numbers are wrong" in out


def test_doctor_does_not_insist_on_a_browser(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: terminal. Only the tests need a Chromium, so its absence is a note."""
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "SELF_CHECK_SECONDS", 0.01)
    code, out, _ = answer(capsys, "doctor")
    assert code == 0 and any(line.startswith("note  chromium: ") for line in out.splitlines())


# -- the entry, in a process of its own -------------------------------------------------------------------------------


def entry(*tokens: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT / "app")])
    return subprocess.run(
        [sys.executable, "-m", "weltnet_app", *tokens],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )


def test_module_is_the_command() -> None:
    """Chain of trust: terminal. `python -m weltnet_app` answers and exits as `weltnet` does."""
    done = entry("list", "--json")
    assert done.returncode == 0 and [r["slug"] for r in strict(done.stdout)] == [e.slug for e in experiments.ALL]
    done = entry("run", "no-such")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.count("\n") == 1


@pytest.mark.sampled
@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_digest_does_not_depend_on_the_process(experiment: Experiment[Any, Any]) -> None:
    """Chain of trust: timeline -> terminal. Another process, with other numbers of threads, prints the same digest."""
    steps = 3 * experiment.stride
    line = Timeline(experiment, experiment.params(), 7)
    line.seek(steps)
    threads = {"NUMBA_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    done = entry("run", experiment.slug, "--seed", "7", "--steps", str(steps), "--json", **threads)
    assert strict(done.stdout)["digest"] == line.digest()


def test_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    """Chain of trust: terminal. Ctrl-C ends a long command with the exit code a shell expects, and no traceback."""

    def outcome(*given: Any, **named: Any) -> run.Outcome:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    monkeypatch.setattr(run, "outcome", outcome)
    code, out, err = answer(capsys, "verify", E.slug, "--json")
    assert (code, out) == (130, "") and "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="no pipes of this kind")
def test_reader_may_leave() -> None:
    """Chain of trust: terminal. `weltnet list --json | head -1` ends without a complaint."""
    path = os.pathsep.join([str(ROOT / "core"), str(ROOT / "app")])
    command = f"{sys.executable} -m weltnet_app list --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": path}
    )
    assert done.stderr == "" and done.stdout.strip() == "0"
