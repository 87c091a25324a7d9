"""All members of a cloud: counted like numpy counts, answered by the newest wish, explored in a real browser.

Chain of trust: members are what the experiment's state holds; datashader's counts are held against `numpy.histogram2d`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tornado.web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from weltnet.experiments import ALL, by_slug
from weltnet.observables import Cloud
from weltnet.params import BadParams
from weltnet.timeline import Timeline
from weltnet_app import clouds
from weltnet_app.address import read
from weltnet_app.clouds import Clouds, View
from weltnet_app.runs import MEMBERS_EVERY, Members, Run

browser = pytest.mark.browser


def message(data: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """The header of an answer, and its array."""
    n = int.from_bytes(data[:4], "little")
    head = json.loads(data[4 : 4 + n])
    ((name, a),) = head["items"][0]["arrays"].items()
    return head | {"name": name}, np.frombuffer(data, "<" + a["dtype"], offset=4 + n).reshape(a["shape"])


# -- counting ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def members() -> Members:
    """300 000 members in two heaps of unlike size and width."""
    rng = np.random.default_rng(20)
    near, far = rng.normal((-0.5, 1.0), 0.2, (250_000, 2)), rng.normal((1.0, -1.0), 0.8, (50_000, 2))
    return Members(7, 42, np.concatenate([near, far]).T.astype("f4"), 0.0)


VIEWS = (
    View(-3.0, 3.0, -3.0, 3.0, 300, 200),
    View(-0.6, -0.3, 0.9, 1.2, 120, 160),
    View(-8.0, 8.0, -3.0, 3.0, 640, 240),
    View(5.0, 6.0, 5.0, 6.0, 16, 16),
)


@pytest.mark.parametrize("view", VIEWS)
def test_counts_are_those_of_a_histogram(members: Members, view: View) -> None:
    """Rests on numpy.histogram2d over the same ranges, pixel by pixel."""
    x, y = members.points.astype(float)
    edges = ((view.y0, view.y1), (view.x0, view.x1))
    expected = np.histogram2d(y, x, bins=(view.h, view.w), range=edges)[0]
    found = clouds.counts(members.points, view)
    assert found.shape == (view.h, view.w) and (found == expected).all()


def test_an_answer_says_what_is_in_view(members: Members) -> None:
    """Rests on counting by hand: a zoom counts anew, halves add up, few are sent one by one, none are none."""
    x, y = members.points
    whole = message(clouds.encode(members, View(-3.0, 3.0, -3.0, 3.0, 300, 200)))[0]
    assert (whole["count"], whole["step"], whole["seq"]) == (300_000, 42, 7)
    assert whole["inside"] == np.count_nonzero((abs(x) <= 3) & (abs(y) <= 3))
    parts = [message(clouds.encode(members, View(*r, -3.0, 3.0, 150, 200)))[0]["inside"] for r in ((-3, 0), (0, 3))]
    assert sum(parts) - np.count_nonzero(x == 0) == whole["inside"]
    few, points = message(clouds.encode(members, View(-0.51, -0.5, 1.0, 1.02, 300, 200)))
    assert few["name"] == "points" and 0 < few["inside"] == len(points) <= clouds.SINGLE
    assert set(map(tuple, points)) <= set(map(tuple, members.points.T))
    none, points = message(clouds.encode(members, VIEWS[3]))
    assert (none["inside"], none["most"], len(points)) == (0, 0, 0)


def test_shades_are_even_steps_of_the_logarithm(members: Members) -> None:
    """Rests on the logarithm: no member is no shade, the most are darkest, double is one step; few are never pale."""
    shades = clouds.shades(np.array([[0, 1, 2, 4, 8, 16, 1024]])).astype(int)[0]
    steps = np.diff(shades[1:6])
    assert (shades[0], shades[1], shades[-1]) == (0, clouds.PALEST, clouds.DARKEST) and np.ptp(steps) <= 1
    assert clouds.shades(np.array([[0, 1, 2]]))[0, 1] > 150
    head, shades = message(clouds.encode(members, VIEWS[1]))
    assert shades.max() == clouds.DARKEST and shades[shades > 0].min() == head["palest"]
    thin = View(-3.0, 3.0, -3.0, 3.0, 2000, 2000)
    assert message(clouds.encode(Members(0, 0, members.points[:, ::20], 0.0), thin))[1].shape == (1000, 1000)


GOOD = {"x0": "-3", "x1": "3", "y0": "-3", "y1": "3", "w": "300", "h": "200"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"x0": "nan"}, "x0 = 'nan' is refused"),
        ({"y1": "inf"}, "y1 = 'inf' is refused"),
        ({"y1": "1e300"}, "y1 = '1e300' is refused"),
        ({"x0": "four"}, "x0 = 'four' is refused"),
        ({"x0": "3"}, "x0, x1 = 3, 3 is refused"),
        ({"y0": "4"}, "y0, y1 = 4, 3 is refused"),
        ({"w": "15"}, "w = '15' is refused; allowed: a whole number in [16, 2000]"),
        ({"h": "2001"}, "h = '2001' is refused"),
        ({"h": "²00"}, "h = '²00' is refused"),
        ({"w": ""}, "w = '' is refused"),
    ],
)
def test_a_bad_view_is_refused_in_one_sentence(wrong: dict[str, str], said: str) -> None:
    """Names the argument, the value, what is allowed and what it means."""
    assert View.parse(GOOD) == VIEWS[0]
    with pytest.raises(BadParams) as refused:
        View.parse(GOOD | wrong)
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_every_cloud_that_draws_some_hands_over_all(experiment: Any) -> None:
    """Rests on the contract: a Cloud of more than it draws has all its members, those drawn among them."""
    line = Timeline(experiment, experiment.params(), 0)
    found = experiment.members(line.state)
    all_clouds = {k: o for k, o in line.frame().seen.items() if isinstance(o, Cloud) and o.role != "tracer"}
    many = {k: o for k, o in all_clouds.items() if o.count > len(o.points)}
    assert set(many) == set(found)
    for key, cloud in many.items():
        assert found[key].shape == (cloud.count, 2)
        assert set(map(tuple, cloud.points)) <= set(map(tuple, found[key]))


# -- asking -----------------------------------------------------------------------------------------------------------


class Talk:
    """A run whose worker answers what it is asked for at once, or when it is let."""

    def __init__(self, run: Run, count: int = 5000) -> None:
        self.run, self.asked, self.seq, self.mute = run, 0, 1, False
        self.points = np.random.default_rng(1).normal(size=(2, count)).astype("<f4")
        run._worker = self  # type: ignore[assignment]

    def send(self, name: str, blob: bytes = b"", **values: Any) -> None:
        if name != "members":
            return
        self.asked += 1
        if not self.mute:
            self.run._loop.call_soon(self.answer, values["key"])

    def answer(self, key: str) -> None:
        points = self.points.tobytes() if key == "replicas" else b""
        self.run._hear(self, {"type": "members", "key": key, "seq": self.seq, "step": 2 * self.seq}, points)  # type: ignore[arg-type]

    def close(self) -> None:
        pass


def run_of(loop: asyncio.AbstractEventLoop) -> Run:
    experiment = by_slug("observatory")
    return Run(experiment, read({}, experiment, 1), loop)


def test_members_are_asked_for_once_and_seldom() -> None:
    """Rests on counting what a worker is told: twenty viewers are one asking, and four a second is the most."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        talk = Talk(run_of(loop))
        began = loop.time()
        first = await asyncio.gather(*(talk.run.members("replicas") for _ in range(20)))
        assert talk.asked == 1 and all(m is first[0] for m in first) and first[0].step == 2
        assert await talk.run.members("replicas") is first[0] and talk.asked == 1
        for seq in (2, 3, 4):
            talk.seq = seq
            assert (await talk.run.members("replicas", newer=seq - 1)).seq == seq
        assert talk.asked == 4 and loop.time() - began > 2.9 * MEMBERS_EVERY

    asyncio.run(story())


@pytest.fixture
def served() -> Iterator[Any]:
    """The route with a run of 5000 members behind it; `get(**arguments)` asks it from another loop."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    made = SimpleNamespace(loop=loop)

    def live() -> None:
        asyncio.set_event_loop(loop)
        made.run = run_of(loop)
        made.talk = Talk(made.run)
        runs = SimpleNamespace(get=lambda run_id: made.run if run_id == "one" else None)
        made.server = HTTPServer(tornado.web.Application([(r"/cloud/(\w+)/(\w+)", Clouds, {"runs": runs})]))
        sockets = bind_sockets(0, "127.0.0.1")
        made.server.add_sockets(sockets)
        made.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/cloud"
        loop.call_soon(ready.set)
        loop.run_forever()

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    assert ready.wait(20)
    yield made
    loop.call_soon_threadsafe(made.server.stop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


async def get(served: Any, path: str = "one/replicas", **arguments: Any) -> HTTPResponse:
    query = "&".join(f"{k}={v}" for k, v in (GOOD | arguments).items())
    client = AsyncHTTPClient()
    try:
        return await client.fetch(f"{served.url}/{path}?{query}", request_timeout=30)
    except HTTPClientError as refused:
        assert refused.response is not None
        return refused.response


def test_the_route_counts_and_refuses(served: Any) -> None:
    """Rests on the run's own members; refusals are 400 and 404 with a sentence, and a server that lives on."""

    async def story() -> None:
        head, _ = message((await get(served)).body)
        x, y = served.talk.points
        assert head["inside"] == np.count_nonzero((abs(x) <= 3) & (abs(y) <= 3)) and head["count"] == 5000
        zoomed = await get(served, x0=0)
        assert message(zoomed.body)[0]["inside"] == np.count_nonzero((x >= 0) & (x <= 3) & (abs(y) <= 3))
        for path, arguments, code, said in (
            ("one/replicas", {"w": 3}, 400, "w = '3' is refused"),
            ("one/replicas", {"x1": -9}, 400, "rising numbers"),
            ("one/replicas", {"have": "all"}, 400, "have = 'all' is refused"),
            ("one/nobody", {}, 400, "no members to explore"),
            ("two/replicas", {}, 404, "ended"),
        ):
            answer = await get(served, path, **arguments)
            assert answer.code == code and said in answer.body.decode() and answer.body.decode().count(". ") == 0
        assert (await get(served)).code == 200

    asyncio.run(story())


def test_the_newest_wish_of_a_viewer_wins(served: Any) -> None:
    """Rests on a worker that is slow to answer: of eight requests of one viewer one is counted, another's too."""

    async def story() -> None:
        served.talk.mute = True
        wishes = []
        for k in range(8):
            wishes.append(asyncio.ensure_future(get(served, viewer="me", w=100 + k)))
            await asyncio.sleep(0.05)
        other = asyncio.ensure_future(get(served, viewer="you", w=60))
        await asyncio.sleep(0.3)
        served.loop.call_soon_threadsafe(served.talk.answer, "replicas")
        answers = await asyncio.gather(*wishes)
        assert [a.code for a in answers] == [204] * 7 + [200] and (await other).code == 200
        assert served.talk.asked == 1

    asyncio.run(story())


# -- exploring --------------------------------------------------------------------------------------------------------

RAMP = """([c, palette]) => {
  const copy = new OffscreenCanvas(c.width, c.height), pen = copy.getContext('2d', {willReadFrequently: true})
  pen.drawImage(c, 0, 0)
  const ramp = new Set(palette.slice(40).map(s => parseInt(s.slice(1), 16))), found = new Set()
  const b = pen.getImageData(0, 0, c.width, c.height).data
  let n = 0
  for (let i = 0; i < b.length; i += 4) {
    const v = b[i] << 16 | b[i + 1] << 8 | b[i + 2]
    if (b[i + 3] === 255 && ramp.has(v)) { n++; found.add(v) }
  }
  return [n, found.size]
}"""


def ramp(visit: Any, mode: str) -> tuple[int, int]:
    """How many pixels of the weights' canvas have a colour of the ramp, and how many such colours."""
    from weltnet_app.theme import palettes

    canvas = visit.of("live-weights").element_handle()
    n, colours = visit.page.evaluate(RAMP, [canvas, palettes()[mode]["positive"]])
    return n, colours


@browser
def test_all_networks_are_explored(visit: Any) -> None:
    """A button shows every replica in the ramp over the whole picture area, counted anew at every zoom and while the
    run streams; nothing is sent before and after; Escape gives the page back as it was."""
    asked: list[str] = []
    visit.page.on("request", lambda r: asked.append(r.url) if "/cloud/" in r.url else None)
    visit.open("observatory?replicas=200000&start=valley", frames=4)
    page = visit.page
    page.wait_for_timeout(800)
    small = visit.of("plane-weights").bounding_box()
    assert asked == [] and visit.of("all-weights").inner_text() == "all 200\u2009000"
    assert visit.of("all-space").is_hidden()
    assert ramp(visit, "light")[1] < 30

    visit.of("all-weights").click()
    visit.wait("window.weltnet.cloud?.taken >= 3")
    large = visit.of("plane-weights").bounding_box()
    assert large["width"] > 2 * small["width"] and visit.of("plane-ledger").is_hidden()
    assert visit.of("cloud-count").inner_text() == visit.of("cloud-inside").inner_text() == "200\u2009000"
    n, colours = ramp(visit, "light")
    assert n > 2000 and colours > 30
    spoken = visit.of("plane-weights").locator(".body").get_attribute("aria-label")
    assert "200\u2009000 of 200\u2009000 replicas in view, at most" in spoken

    # it streams
    moving, step = visit.pixels("weights")[0], visit.stat("cloud.step")
    visit.wait(f"window.weltnet.cloud.step > {step + 20}")
    assert visit.pixels("weights")[0] != moving
    visit.pause()
    visit.wait("window.weltnet.cloud.step === window.weltnet.step")
    rest = len(asked)

    # zoom by key, by wheel and by pan; what is said is what is in view
    still = visit.pixels("weights")[0]
    for act in (
        lambda: page.keyboard.press("+"),
        lambda: page.mouse.wheel(0, -400),
        lambda: page.keyboard.press("Shift+ArrowUp"),
    ):
        before, taken = visit.stat("cloud.inside"), visit.stat("cloud.taken")
        box = visit.of("live-weights").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"])
        act()
        visit.wait(f"window.weltnet.cloud.taken > {taken} && window.weltnet.cloud.inside !== {before}")
        page.wait_for_timeout(300)
        shown = visit.pixels("weights")[0]
        assert shown != still
        still = shown
    x0, x1, y0, y1 = visit.stat("cloud.range")
    assert abs((x1 - x0) / (y1 - y0) - box["width"] / box["height"]) < 0.6, "a circle looks like a circle"
    assert len(asked) > rest

    # far down, each one is a dot; and in the dark the ramp is another
    for _ in range(30):
        if visit.stat("cloud.single"):
            break
        taken = visit.stat("cloud.taken")
        page.keyboard.press("+")
        visit.wait(f"window.weltnet.cloud.taken > {taken}")
    assert visit.stat("cloud.single") and visit.stat("cloud.inside") <= 2000
    page.keyboard.press("0")
    visit.wait("window.weltnet.cloud.inside === 200000")
    visit.of("theme").click()
    visit.wait("document.documentElement.dataset.theme === 'dark'")
    page.wait_for_timeout(500)
    n, colours = ramp(visit, "dark")
    assert n > 2000 and colours > 30

    page.keyboard.press("Escape")
    page.wait_for_timeout(500)
    assert visit.of("plane-weights").bounding_box() == small and visit.of("plane-ledger").is_visible()
    assert visit.of("cloudbar").count() == 0 and visit.of("all-weights").is_visible()
    assert visit.page.evaluate("window.weltnet.cloud") is None
    count = len(asked)
    visit.of("toggle").click()
    visit.painted(visit.stat("paints") + 8)
    assert len(asked) == count and visit.complaints == []
