"""Pictures of the pages: what is taken, what is refused, and that a picture shows the page.

Chain of trust: none; a picture is for eyes. That a paused page is the same page twice rests on digests (test_timeline).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weltnet.experiments import ALL
from weltnet_app import cli, screenshots
from weltnet_app.screenshots import HOME, STATES, TELLING, VIEWS, picture, shots

ROOT = Path(__file__).resolve().parents[2]
Captured = pytest.CaptureFixture[str]


def test_every_page_on_every_screen() -> None:
    """Rests on `ALL`: each page and the front page on four screens, each state somewhere, no file written twice."""
    wanted = shots()
    assert {(s.page, s.view.name) for s in wanted} == {(p, v) for p in (HOME, *(e.slug for e in ALL)) for v in VIEWS}
    assert {s.state.name for s in wanted} == set(STATES)
    assert len({s.file for s in wanted}) == len(wanted)
    for e in ALL:
        paused = [s for s in wanted if s.page == e.slug and s.state.name == "paused"]
        assert all("seed=7" in s.path and "paused=1" in s.path and f"at={s.step}" in s.path for s in paused)
        assert paused[0].step % e.stride == 0
    few = shots([ALL[1].slug], ["dark"], ["paused", "broken"])
    assert [(s.page, s.view.name, s.state.name) for s in few] == [
        (ALL[1].slug, "dark", n) for n in ("paused", "broken")
    ]


def test_picture_of_the_readme_exists() -> None:
    """Rests on the presets of the first experiment: the telling one is there, and README.md shows what is written."""
    shot = picture()
    assert TELLING in {p.name for p in ALL[0].presets} and "preset=A+wave" in shot.path and shot.step == 900
    place = f"assets/screenshots/{shot.page}.png"
    assert place in (ROOT / "README.md").read_text(encoding="utf-8")
    assert 50_000 < (ROOT / place).stat().st_size <= screenshots.LARGEST


@pytest.mark.parametrize(
    ("tokens", "allowed"),
    [
        (("nonsense",), ALL[0].slug), (("--view", "watch"), "projector"), (("--state", "asleep"), "paused"),
        ((ALL[0].slug, "--state", "home"), "table"), (("--no-such",), "--readme"),
    ],
)  # fmt: skip
def test_what_there_is_no_picture_of_is_refused(tokens: tuple[str, ...], allowed: str, capsys: Captured) -> None:
    """Rests on the command line: one sentence that names what is allowed, exit code 2."""
    assert cli.run(["screenshots", *tokens]) == 2
    err = capsys.readouterr().err
    assert allowed in err and err.count("\n") == 1


def test_no_browser_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path) -> None:
    """Rests on the command line: without a Chromium nothing is started or written, exit code 1."""
    monkeypatch.setattr("weltnet_app.chromium.shutil.which", lambda name: None)
    assert cli.run(["screenshots", "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert "chromium" in said.err and said.err.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.browser
def test_a_paused_page_is_the_same_picture_twice(lab: Any, chromium: str, tmp_path: Path) -> None:
    """Rests on digests: seed 7 at one step, paused, twice; pixels agree but for a thousandth, where labels are set."""
    from PIL import Image

    command = [sys.executable, "-m", "weltnet_app", "screenshots", ALL[-1].slug, "--view", "light", "--state", "paused"]
    path = os.pathsep.join([str(Path(chromium).parent), os.environ["PATH"]])
    pictures = []
    for name in ("one", "two"):
        done = subprocess.run(
            [*command, "--url", lab.url, "--out", str(tmp_path / name)],
            capture_output=True, text=True, timeout=300, env=os.environ | {"PATH": path}, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        file = tmp_path / name / f"{ALL[-1].slug}-light-paused.png"
        assert done.stdout.strip() == file.name
        pictures.append(np.asarray(Image.open(file).convert("RGB")).astype(int))
    one, two = pictures
    assert one.shape == (900, 1440, 3) and len(np.unique(one.reshape(-1, 3), axis=0)) > 500
    assert (np.abs(one - two).max(axis=2) > 8).mean() < 1e-3
