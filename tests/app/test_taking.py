"""Taking away from a page in a real browser: files whose bytes are compared with what the page shows.

Chain of trust: `test_recording` for arrays and scripts; here the very state on the screen is what arrives.
"""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import struct
import subprocess
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
import zipfile
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weltnet import recording
from weltnet.experiments import by_slug
from weltnet.recording import Manifest
from weltnet.timeline import Log, Timeline
from weltnet_app.address import Address
from weltnet_app.cli import run as command
from weltnet_app.runs import Run, Runs, Untaken
from weltnet_app.taking import MADE, Take, filename, manifest

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"

FIGURE = """async ([kind, key]) => {
  const bytes = new Uint8Array(await (await window.weltnet.figure(kind, key)).arrayBuffer())
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return btoa(text)
}"""
COLOURS = """async data => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob())
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext('2d')
  pen.drawImage(image, 0, 0)
  const seen = new Set(new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer))
  return [image.width, image.height, seen.size]
}"""


def figure(visit: Any, kind: str, key: str | None = None) -> bytes:
    """A figure as the page makes it, of one plane or of all."""
    return base64.b64decode(visit.page.evaluate(FIGURE, [kind, key]))


def chunks(png: bytes) -> dict[str, bytes]:
    """The chunks of a PNG by name, each with a right checksum."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    found: dict[str, bytes] = {}
    at = 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(name + data), name
        found[name.decode()] = found.get(name.decode(), b"") + data
        at += 12 + length
    return found


def manifest_of_png(png: bytes) -> Any:
    keyword, _, rest = chunks(png)["iTXt"].partition(b"\0")
    assert keyword == b"weltnet" and rest[:4] == b"\0\0\0\0"
    return json.loads(rest[4:].decode())


def fetched(visit: Any, what: str) -> bytes:
    """A file of the page's run, by its address."""
    with urllib.request.urlopen(visit.lab.url + visit.page.evaluate(f"window.weltnet.file({what!r})")) as answer:
        data: bytes = answer.read()
    return data


def words(svg: ET.Element) -> list[str]:
    return ["".join(e.itertext()) for e in svg.iter(f"{SVG}text")]


def plain(made: Any) -> dict[str, Any]:
    """A manifest without when it was made."""
    return {k: v for k, v in made.items() if k != "wall_time"}


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures(visit: Any, theme: str) -> None:
    """PNG and SVG hold the picture, its words and the manifest of the very state shown; SVG stands alone."""
    slug, plane = "observatory", "weights"
    visit.open(f"{slug}?replicas=4000&theme={theme}", frames=40)
    visit.pause()
    said = json.loads(fetched(visit, "manifest.json"))
    assert (said["digest"], said["step"]) == (visit.stat("digest"), visit.stat("step"))
    assert said["differing"] == {"replicas": "4000"}
    box = visit.of(f"plane-{plane}").bounding_box()
    for key in (plane, None):
        png = figure(visit, "png", key)
        width, height, colours = visit.page.evaluate(COLOURS, base64.b64encode(png).decode())
        head = chunks(png)
        assert struct.unpack(">II", head["IHDR"][:8]) == (width, height)
        assert struct.unpack(">IIB", head["pHYs"]) == (7559, 7559, 1), "192 dpi"
        assert colours > 200 and width > 2 * box["width"] and height > 2 * box["height"]
        assert plain(manifest_of_png(png)) == plain(said)

        text = figure(visit, "svg", key).decode()
        svg = ET.fromstring(text)
        assert "var(" not in text and "WN " not in text and "WNK" not in text
        assert [2 * float(svg.get(side, "0")) for side in ("width", "height")] == [width, height]
        assert plain(json.loads("".join(svg.find(f"{SVG}metadata").itertext()))) == plain(said)
        shown = words(svg)
        p = by_slug(slug).planes[plane]
        for axis in (p.x.title, p.y.title, "−2", p.title):
            assert axis in shown, axis
        assert any(said["digest"] in line for line in shown) and any("seed" in line for line in shown)
        assert any(line.startswith("Put in by hand") for line in shown)
        # 400 replicas are one path of 400 circles, the field under them is one image, and contours are lines.
        longest = max((e.get("d", "") for e in svg.iter(f"{SVG}path")), key=lambda d: d.count("A "))
        assert longest.count("M ") >= 400
        images = [e.get(HREF, "") for e in svg.iter(f"{SVG}image")]
        assert images and all(i.startswith("data:image/png;base64,") for i in images)
        assert len(images) == (2 if key else 3), "ψ and its wheel; on the page the curvature too"
    assert visit.page.evaluate("devicePixelRatio") == 1
    assert visit.complaints == [] and visit.outside == []


@pytest.mark.browser
def test_figures_of_a_run_that_goes_on(visit: Any) -> None:
    """While time passes a figure's manifest is of the frame that was drawn, with the knobs it was drawn under."""
    visit.open("strings?noise=0.01", frames=10)
    made = manifest_of_png(figure(visit, "png"))
    svg = ET.fromstring(figure(visit, "svg", "profile"))
    assert made["differing"] == {"noise": "0.01"} and made["step"] < visit.stat("step")
    line = Timeline.replay(by_slug("strings"), Log(made["seed"], made["initial"]), made["step"])
    assert line.digest() == made["digest"]
    assert f"at={made['step']}" in made["link"] and made["digest"] in made["link"]
    assert "X¹/A" in words(svg) and "neurons" in words(svg)
    assert len(list(svg.iter(f"{SVG}image"))) == 0, "curves are vectors"


@pytest.mark.browser
def test_menu_keys_data_and_script(visit: Any, tmp_path: Path) -> None:
    """D opens the menu; CSV and zarr are the arrays on the page; the script reaches the page's digest."""
    visit.open("strings", frames=20)
    visit.page.evaluate("document.querySelector('body').focus()")
    turned = "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }"
    visit.of("knob-noise").locator("input[type=range]").evaluate(turned, "300")
    visit.wait("window.weltnet.params().noise > 0")
    visit.painted(visit.stat("paints") + 20)
    visit.pause()
    digest, step = visit.stat("digest"), visit.stat("step")
    files = {}
    for what in ("data.csv.zip", "data.zarr.zip", "png", "svg"):
        visit.page.keyboard.press("d")
        with visit.page.expect_download() as download:
            visit.of(f"take-{what}").click()
        name = download.value.suggested_filename
        seed = visit.of("seed").inner_text()
        assert name == f"weltnet-strings-seed{seed}-step{step}-{digest[:8]}.{what.removeprefix('data.')}"
        files[what] = tmp_path / name
        download.value.save_as(files[what])
        visit.of("taking").wait_for(state="hidden")

    said = recording.manifest(files["data.zarr.zip"])
    assert (said.digest, said.step, len(said.changes)) == (digest, step, 1)
    (frame,) = recording.load(files["data.zarr.zip"], by_slug("strings"))
    shown = visit.page.evaluate(
        """() => { const i = window.weltnet.items().find(i => i.key === 'profile' && i.side === 'seen')
             return [[...i.x], [...i.y]] }"""
    )
    profile = frame.seen["profile"]
    assert np.array_equal(np.float32(profile.x), np.float32(shown[0]))  # type: ignore[attr-defined]
    assert np.array_equal(np.float32(profile.y.ravel()), np.float32(shown[1]))  # type: ignore[attr-defined]
    with zipfile.ZipFile(files["data.csv.zip"]) as archive:
        rows = list(csv.reader(io.StringIO(archive.read("profile.csv").decode("utf-8-sig"))))
        assert Manifest.model_validate_json(archive.read("manifest.json")).digest == digest
    assert rows[0] == ["step", "curve", "s/L", "X¹/A"]
    assert [float(r[3]) for r in rows[1:]] == profile.y.ravel().tolist()  # type: ignore[attr-defined]
    assert np.array_equal(np.float32([float(r[3]) for r in rows[1:]]), np.float32(shown[1]))

    visit.of("download").click()
    visit.page.keyboard.press("ArrowUp")
    visit.page.keyboard.press("Enter")
    dialog = visit.of("script")
    dialog.wait_for()
    text = dialog.locator("pre").inner_text()
    visit.page.keyboard.press("r")
    visit.page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    (tmp_path / "again.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, tmp_path / "again.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and digest in done.stdout, done.stderr
    assert (visit.stat("step"), visit.stat("digest")) == (step, digest), "keys in the dialog are not the page's"

    visit.of("plane-target").hover()
    visit.of("save-target").click()
    assert visit.page.locator("[data-testid^=take-]").count() == 2
    with visit.page.expect_download() as download:
        visit.of("take-svg").click()
    assert download.value.suggested_filename.endswith("-target.svg")
    # What cannot be made is said where it was asked for.
    visit.page.route("**/take/**", lambda route: route.fulfill(status=503, body="There is nothing to take away."))
    visit.page.keyboard.press("D")
    visit.of("take-data.zarr.zip").click()
    visit.of("taking-say").get_by_text("There is nothing to take away.").wait_for()
    assert visit.of("taking-say").get_attribute("role") == "alert"
    assert [c for c in visit.complaints if "503" not in c] == [] and visit.outside == []


@pytest.mark.browser
def test_strangers_take_nothing(visit: Any) -> None:
    """Unknown runs, unknown files and other origins are refused with one sentence; nothing is cached."""
    visit.open("strings")
    path = visit.page.evaluate("window.weltnet.file('manifest.json')")

    def answer(path: str, **headers: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(urllib.request.Request(visit.lab.url + path, headers=headers)) as got:
                assert got.headers["Cache-Control"] == "no-store"
                assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                return got.status, got.headers["Content-Disposition"]
        except urllib.error.HTTPError as refused:
            assert refused.headers["Cache-Control"] == "no-store"
            return refused.code, refused.read().decode()

    assert answer(path)[0] == 200
    assert answer(path, **{"Sec-Fetch-Site": "same-origin", "Origin": visit.lab.url})[0] == 200
    for stranger in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        status, sentence = answer(path, **stranger)
        assert status == 403 and sentence.count(".") == 1
    status, sentence = answer(path.replace("manifest.json", "state.pickle"))
    assert status == 404 and all(what in sentence for what in MADE)
    status, sentence = answer("/take/no-such-run/manifest.json")
    assert status == 404 and "has ended" in sentence


# -- the run's end of it ----------------------------------------------------------------------------------------------

EXPERIMENT = by_slug("strings")


def on_loop(body: Callable[[Run], Awaitable[None]], **knobs: Any) -> None:
    async def whole() -> None:
        runs = Runs(asyncio.get_running_loop(), most=1)
        first = EXPERIMENT.params.parse(knobs)
        run = runs.open(EXPERIMENT, Address(Log(5, first.model_dump(mode="json")), 40, "", True))
        try:
            await asyncio.wait_for(body(run), 90)
        finally:
            runs.stop()

    asyncio.run(whole())


def test_a_run_hands_over_its_exact_state() -> None:
    """However many ask at once, each gets the frame and the log of one moment, and every kind of file of it."""

    async def body(run: Run) -> None:
        first, second = await asyncio.gather(run.take(), run.take())
        assert first is second and first.frame.step == 40 and first.log == run.log
        run.set(noise=0.01)
        later = await run.take()
        assert later.log.changes == ((40, {"noise": 0.01}),) and later.frame.params.noise == 0.01  # type: ignore[attr-defined]
        assert [v.claim for v in later.verdicts] == [c.name for c in EXPERIMENT.claims]
        said = manifest(run, later)
        assert said.link.startswith(f"{EXPERIMENT.slug}?seed=5&") and said.digest in said.link
        for what, (_, make) in MADE.items():
            assert len(make(run, later, said)) > 200
            assert filename(said, what).startswith(f"weltnet-{EXPERIMENT.slug}-seed5-step40-{said.digest[:8]}")

    on_loop(body)


def test_a_dead_or_faulty_run_says_so() -> None:
    """Nobody waits for a process that is gone; a run that was stopped by a fault says which."""

    async def body(run: Run) -> None:
        await run.take()
        waiting = asyncio.ensure_future(run.take())
        await asyncio.sleep(0)
        assert run._worker is not None
        run._hear(run._worker, {"type": "died"}, b"")
        with pytest.raises(Untaken, match="process died"):
            await waiting
        run.error = "It blew up."
        with pytest.raises(Untaken, match="It blew up"):
            await run.take()

    on_loop(body)


def test_own_pages_only() -> None:
    """The door is exact: scheme, host and port; no other site, and nobody's sandbox."""
    door = object.__new__(Take)
    door.origins = frozenset({"http://localhost:5006"})

    class Asked:
        headers: dict[str, str]

    door.request = Asked()  # type: ignore[assignment]
    for headers, allowed in (
        ({}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:5006"}, True),
        ({"Origin": "http://localhost:5007"}, False),
        ({"Origin": "http://localhost:5006.evil.org"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ):
        door.request.headers = headers  # type: ignore[assignment]
        assert door.own() is allowed, headers


# -- the command line -------------------------------------------------------------------------------------------------


def test_runs_are_recorded_headless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """weltnet run --out writes frames every so many steps and the verdicts; a bad name is refused before anything."""
    path = tmp_path / "made" / "run.zarr"
    assert (
        command(["run", "strings", "--steps", "60", "--every", "20", "--seed", "4", "--out", str(path), "--json"]) == 0
    )
    printed = json.loads(capsys.readouterr().out)
    said = recording.manifest(path)
    assert (said.digest, said.step, said.seed) == (printed["digest"], 60, 4)
    assert [v["claim"] for v in said.verdicts] == [v["claim"] for v in printed["verdicts"]]
    assert [f.step for f in recording.load(path, by_slug("strings"))] == [0, 20, 40, 60]
    for tokens, reason in (
        (["--out", str(path)], "there already"),
        (["--out", "run.pickle"], r".zarr, .zarr.zip, .csv.zip"),
        (["--every", "3"], "--out"),
        (["--out", str(tmp_path / "x.zarr"), "--every", "0"], "--every"),
    ):
        assert command(["run", "strings", *tokens]) == 2
        assert reason in capsys.readouterr().err
