"""Every door of the laboratory against everything that could come through it.

Chain of trust: `Params.parse` (test_params) -> doors. Whatever comes, a door takes it or refuses it in one line, loses
nothing, and answers in finite time. `-m slow` opens every door a hundred times as often.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weltnet import formulas
from weltnet.experiments import ALL, by_slug
from weltnet.params import BadParams
from weltnet_app import address, arguments, cli
from weltnet_app.chromium import Server
from weltnet_app.clouds import View, _have
from weltnet_app.feed import Feed
from weltnet_app.page import Desk
from weltnet_app.runs import Run

SECONDS = 1.0
"""Of processor time that any one case may take."""
LONGEST = 1000
"""Characters of a refusal: it is read, not scrolled through."""
ENOUGH = 2000
"""Cases in the default lane."""

OPENED: Counter[str] = Counter()
each = pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)


def lanes(few: int, many: int) -> Any:
    """The same test with few cases by default and many in the slow lane."""
    return pytest.mark.parametrize("cases", [few, pytest.param(many, marks=pytest.mark.slow)])


def every(cases: int, body: Callable[..., None], **given_: st.SearchStrategy[Any]) -> None:
    """Try a body on so many cases; each is counted, and none may take long."""

    @settings(max_examples=cases, suppress_health_check=list(HealthCheck))
    @given(**given_)
    def case(**values: Any) -> None:
        OPENED[body.__name__] += 1
        began = time.process_time()
        body(**values)
        assert time.process_time() - began < SECONDS

    case()


def one_line(sentence: str, *named: str) -> None:
    """A refusal is one line that can be printed, is short enough to be read, and says what it is about."""
    assert sentence.strip() and sentence.isprintable(), repr(sentence)
    assert len(sentence) <= LONGEST, len(sentence)
    assert all(name in sentence for name in named), (sentence, named)


# -- what comes -------------------------------------------------------------------------------------------------------

HOSTILE = (
    "", " ", "0", "-0", "-1", "1e999", "-inf", "nan", "NaN", "Infinity", "9" * 400, "0x10", "1_000", "１２", "²", "½",
    "true", "null", "None", "undefined", "[object Object]", "\x00", "a\nb", "a\r\nSet-Cookie: x=1", "\u2028", "\u202e",
    "\ufeff", "é" * 500, "<script>alert(1)</script>", "'; DROP TABLE runs; --", "{{7*7}}", "${7*7}", "%s%n%x", "self",
    "../../etc/passwd", "..\\..\\x", "__class__", "[" * 900, "{" * 900, "[" * 3500 + "]" * 3500, "[null]",
    '{"a":' * 300 + "1" + "}" * 300, "[[0,{}],[0,{}]]", "[[1e3,{}]]", "[[5,{}],[3,{}]]", '[[1,{"a\\nb":1}]]',
    "[[true,{}]]", "[[99999999999999999999,{}]]", "[1,{},[]]", "[[1,{},[]]]", "[[1,{},[[1]]]]", "q1^", "9^9^9^9",
    "__import__('os').system('x')", "((((q1))))", "q1.__class__", "lambda: 0", "а", "1/q1", "1 if 1 else 2", "-" * 300,
)  # fmt: skip

text = st.sampled_from(HOSTILE) | st.text(max_size=40) | st.text('0123456789.,-+eE[]{}":qκ^*/() \n', max_size=60)
number = st.sampled_from([10**400, -(10**400), 2**63, 2**53 + 1, -1, 0, 1]) | st.integers() | st.floats()
plain = st.recursive(
    st.none() | st.booleans() | number | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
as_json = plain.map(lambda value: json.dumps(value)[:9000] if _short(value) else "[]")


def _short(value: Any) -> bool:
    return len(json.dumps(value)) < 9000


NAMES = ("nonsense", "self", "changes", "__class__", "broken ", "a\nb", "", "seed", "at")


def knobs(experiment: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([*experiment.params.model_fields]) | st.sampled_from(NAMES) | text


@cache
def honest(slug: str) -> dict[str, str]:
    """A link as the laboratory writes it, with a change and a pinned run."""
    experiment = by_slug(slug)
    knob = next(k for k in experiment.params.knobs().values() if k.kind not in ("choice", "formula") and not k.restarts)
    high = [knob.high] * 4 if knob.kind == "region" else knob.high
    initial = experiment.params().model_dump(mode="json")
    log = address.Log(7, initial, ((40, {knob.name: high}),))
    query = address.write(log, experiment, 80, "0123456789abcdef", paused=True, run="x", pins=[log])
    return dict(urllib.parse.parse_qsl(query))


def links(experiment: Any) -> st.SearchStrategy[dict[str, str]]:
    """Queries: of any names and texts, and honest ones with a few of their parts spoilt."""
    names = st.sampled_from([*experiment.params.model_fields, *address.RESERVED]) | knobs(experiment)
    spoilt = st.dictionaries(names, text | as_json, max_size=3)
    return spoilt | spoilt.map(lambda parts: honest(experiment.slug) | parts)


# -- the doors of the core --------------------------------------------------------------------------------------------


def link(experiment: Any, query: Mapping[str, str]) -> None:
    """A query is a run within all ranges, or a sentence."""
    try:
        found = address.read(query, experiment, 7)
    except BadParams as refused:
        one_line(str(refused))
    else:
        experiment.params.parse(found.log.initial)
        assert 0 <= found.at <= address.MOST_STEPS and 0 <= found.log.seed <= address.LARGEST_SEED
        assert len(found.pins) <= 4 and len(found.run) <= 64


@each
@lanes(160, 2500)
def test_links(experiment: Any, cases: int) -> None:
    """The address, spoilt in up to three places at once."""
    every(cases, link, experiment=st.just(experiment), query=links(experiment))


@each
def test_every_hostile_text_in_every_part_of_a_link(experiment: Any) -> None:
    """The address: each part of an honest link replaced by each hostile text, one at a time."""
    for name in (*experiment.params.model_fields, *address.RESERVED, *NAMES):
        for hostile in HOSTILE:
            OPENED["parts of links"] += 1
            link(experiment, honest(experiment.slug) | {name: hostile})


def values(experiment: Any, given_: dict[str, Any]) -> None:
    """Values are an object whose text is read back to it, or a sentence that names a field; the base stays."""
    base = experiment.params()
    before = base.canonical()
    try:
        made = experiment.params.parse(given_, base)
    except BadParams as refused:
        fields = [n for n in given_ if n in experiment.params.model_fields]
        one_line(str(refused))
        assert "allowed: " in str(refused)
        assert any(str(refused).startswith(f"{n} = ") for n in fields) or len(fields) < len(given_)
    else:
        assert experiment.params.parse(made.as_text()) == made
    assert base.canonical() == before


@each
@lanes(120, 2000)
def test_values(experiment: Any, cases: int) -> None:
    """The validator, given anything that JSON or a TOML file can say."""
    every(cases, values, experiment=st.just(experiment), given_=st.dictionaries(knobs(experiment), plain, max_size=3))


@each
def test_ends_of_every_knob(experiment: Any) -> None:
    """Sliders: both ends and the default of every knob are taken, beyond the ends nothing is."""
    desk = desk_of(experiment.slug)
    for knob in experiment.params.knobs().values():
        ends = {"choice": knob.choices, "region": (None, (knob.low,) * 4, (knob.low, knob.low, knob.high, knob.high))}
        for value in (knob.default, *ends.get(knob.kind, () if knob.kind == "formula" else (knob.low, knob.high))):
            OPENED["ends"] += 1
            desk._complaint = ""
            desk.controls._heard({"set": {knob.name: value}})
            assert desk._complaint == "" and getattr(desk.run.params, knob.name) == value, (knob.name, value)
        if knob.kind in ("number", "integer"):
            for value in (knob.low - 1, knob.high * 2 + 1, float("nan"), str(knob.high * 2 + 1)):
                OPENED["ends"] += 1
                before = desk.run.params
                desk.controls._heard({"set": {knob.name: value}})
                one_line(desk._complaint, knob.name, knob.allowed)
                assert desk.run.params == before


@lanes(300, 5000)
def test_formulas(cases: int) -> None:
    """The formula box: a formula that is a number everywhere, or a sentence."""
    words = st.lists(
        st.sampled_from([*"()+-*/^,2e²√", "q1", "q2", "q₁", "**", "0.5", "1e9", "⁻¹", "pi", *formulas.FUNCTIONS])
    )

    def formula(typed: Any) -> None:
        try:
            found = formulas.parse(typed)
        except formulas.BadFormula as refused:
            one_line(str(refused))
        else:
            at = np.random.default_rng(7).uniform(-3, 3, (2, 200))
            assert formulas.parse(found.text).text == found.text and not np.isinf(found(*at)).any()
            edges = found(*np.meshgrid([-3, 0, 3], [-3, 0, 3]))
            assert np.isfinite(edges).all() and np.abs(edges).max() <= 1e9

    for hostile in HOSTILE:
        OPENED["hostile formulas"] += 1
        formula(hostile)
    every(cases, formula, typed=text | words.map(" ".join) | words.map("".join) | plain)


# -- the doors of the app ---------------------------------------------------------------------------------------------


@lanes(250, 5000)
def test_files(cases: int, tmp_path: Path) -> None:
    """`--params`: a file of anything is values, or a sentence; and values are Params, or a sentence."""
    path = tmp_path / "params.toml"
    value = (
        text.map(json.dumps)
        | plain.map(_toml)
        | st.sampled_from(["1979-05-27", "inf", "0xff", "[[1]]", "{a=1}", "'''a\nb'''"])
    )
    keys = knobs(ALL[0]) | st.sampled_from(["'a b'", '"\\u0000"', "a.b", "[table]", "[[x]]", "a = 1\na"])
    lines = st.lists(st.tuples(keys, value).map(lambda kv: f"{kv[0]} = {kv[1]}"), max_size=3).map("\n".join)

    def file(data: bytes) -> None:
        path.write_bytes(data)
        for experiment in ALL:
            try:
                experiment.params.parse(arguments.file(path))
            except (cli.Refused, BadParams) as refused:
                one_line(str(refused).replace(str(path), "path"))

    for hostile in HOSTILE:
        for line in (hostile, f"seed = {hostile}", f"kappa = {hostile}", f"kappa = {json.dumps(hostile)}"):
            OPENED["lines of files"] += 1
            file(line.encode())
    every(cases, file, data=st.binary(max_size=80) | lines.map(lambda t: t.encode(errors="surrogatepass")))


def _toml(value: Any) -> str:
    return json.dumps(value).replace("null", '""').replace("NaN", "nan").replace("Infinity", "inf")


class Still(Run):
    """A run without a worker: it takes what it is told, and nothing happens."""

    def start(self, until: int | None = None) -> None:
        """Nothing is started."""


@cache
def desk_of(slug: str) -> Desk:
    """A page of an experiment without a browser, whose loop never runs."""
    experiment = by_slug(slug)
    wanted = address.read({"seed": "7"}, experiment, 7)
    return Desk(Still(experiment, wanted, asyncio.new_event_loop()), ALL, "light", "")


def heard(desk: Desk, say: Callable[[], None]) -> None:
    """Say something to a page: it is taken whole, or refused in one line with everything as it was."""
    run, desk._complaint = desk.run, ""
    before, shown = run.params, dict(desk.controls.knobs.values)
    say()
    if desk._complaint:
        one_line(desk._complaint)
        assert run.params == before and desk.controls.knobs.values == shown
    assert run.experiment.params.parse(run.params.model_dump(mode="json")) == run.params
    assert desk.controls.knobs.values == run.params.model_dump(mode="json")
    assert 0.0 < run.speed <= 100.0


@each
@lanes(60, 1000)
def test_knobs(experiment: Any, cases: int) -> None:
    """Sliders, typed values, presets and formulas, as a browser could send them."""
    desk = desk_of(experiment.slug)
    names = [k for k, v in experiment.params.knobs().items() if v.kind == "formula"]
    check = st.fixed_dictionaries(
        {"name": st.sampled_from([*names, *NAMES]), "text": plain, "enter": plain | st.just(True)}
    )
    message = st.one_of(
        st.dictionaries(knobs(experiment), plain, max_size=2).map(lambda values: {"set": values}),
        (plain | st.sampled_from([p.name for p in experiment.presets])).map(lambda name: {"preset": name}),
        check.map(lambda typed: {"check": typed}),
        st.dictionaries(st.sampled_from(["set", "preset", "check", "x"]), plain, max_size=2),
    )

    def knob(message: dict[str, Any]) -> None:
        heard(desk, lambda: desk.controls.knobs._handle_msg(message))

    every(cases, knob, message=message)


@each
@lanes(90, 1500)
def test_acts(experiment: Any, cases: int) -> None:
    """Everything else a page may be asked for: time, seeds, pins, breaking, tours; by the bar and the tour's panel."""
    desk = desk_of(experiment.slug)
    words = st.sampled_from([*desk.acts, "nonsense"]) | plain
    stops = (
        st.sampled_from(["next", "previous", "again", "leave"])
        | plain
        | st.integers(-2, 3).map(lambda i: {"answer": i})
    )
    tours = st.sampled_from([t.name for t in experiment.tours] or ["none"]) | text
    message = st.fixed_dictionaries({"act": words, "value": plain | stops | tours.map(lambda name: {"start": name})})

    def act(message: dict[str, Any], panel: bool) -> None:
        heard(desk, lambda: (desk.touring.guide if panel else desk.bar)._handle_msg(message))

    every(cases, act, message=message, panel=st.booleans())


@lanes(150, 3000)
def test_feed(cases: int) -> None:
    """The feed: a message is an ask for a newer frame, or the end of this feed with a sentence."""
    closed: list[str] = []

    class Asked:
        def ask(self, viewer: Any) -> None:
            assert isinstance(viewer.have, int) and abs(viewer.have) <= 2**53

    made = object.__new__(Feed)
    made.run, made.have = Asked(), -1  # type: ignore[assignment]
    made.close = lambda code, reason: closed.append(reason)  # type: ignore[method-assign,misc,assignment]

    def message(said: str | bytes) -> None:
        closed.clear()
        made.on_message(said)
        for reason in closed:
            one_line(reason)
            # What a websocket may say at its end is 123 bytes.
            assert len(reason.encode()) <= 123

    ask = plain.filter(_short).map(lambda v: json.dumps({"have": v}))
    every(cases, message, said=text | st.binary(max_size=300) | ask | as_json)


def view(given_: Mapping[str, str]) -> None:
    """A query is a range and a size in pixels that can be counted, or a sentence."""
    try:
        found, have = View.parse(dict(given_)), _have(dict(given_))
    except BadParams as refused:
        one_line(str(refused))
    else:
        assert found.x0 < found.x1 and found.y0 < found.y1 and found.w * found.h <= 2000**2 and isinstance(have, int)


@lanes(150, 3000)
def test_views_of_clouds(cases: int) -> None:
    """The explorer's route: every part of an honest query replaced by every hostile text, and several at once."""
    good = {"x0": "-3", "x1": "3", "y0": "-3", "y1": "3", "w": "300", "h": "200", "have": "-1"}
    for name in good:
        for hostile in HOSTILE:
            OPENED["parts of views"] += 1
            view(good | {name: hostile})
    parts = st.dictionaries(st.sampled_from([*good]), text, max_size=3)
    every(cases, view, given_=parts.map(lambda spoilt: good | spoilt))


@each
@pytest.mark.parametrize("endless", [10**5000, -(10**5000)], ids=["large", "small"])
def test_numbers_that_python_will_not_print(experiment: Any, endless: int) -> None:
    """Whole numbers of thousands of digits come in files and messages; every door that gets one still has words."""
    desk = desk_of(experiment.slug)
    messages = [{"act": act, "value": endless} for act in desk.acts] + [
        {"act": endless},
        {"act": "tour", "value": {"start": endless}},
    ]
    for message in messages:
        heard(desk, lambda message=message: desk.bar._handle_msg(message))  # type: ignore[misc]
    for name in (*experiment.params.model_fields, "nonsense"):
        for value in (endless, [endless], {"a": endless}):
            heard(desk, lambda name=name, value=value: desk.controls.knobs._handle_msg({"set": {name: value}}))  # type: ignore[misc]
    for key in ("preset", "check", "set"):
        heard(desk, lambda key=key: desk.controls.knobs._handle_msg({key: endless}))  # type: ignore[misc]
    heard(desk, lambda: desk.controls.knobs._handle_msg({"check": {"name": endless, "text": "q1"}}))


ADDRESSES = (
    "nonsense", "..", "../..", "%2e%2e/%2e%2e/etc/passwd", "%00", "%ff", "%", "//", "a" * 3000, "<script>", "~root",
    "assets/../../pyproject.toml", "assets/%2e%2e/pyproject.toml", "assets/", "assets/nonsense.js", "assets/%00",
    "static/nonsense", "?", "?theme=%ff", "?view=%00", "?theme=<script>alert(1)</script>", "tally", "tally?x=%ff",
    "{slug}/", "{slug}/ws", "{slug}/ws?token=x", "{slug}%00", "{slug}.bak", "{slug}?", "{slug}?&&&==", "{slug}?%ff=%ff",
    "{slug}?seed=%ff", "{slug}?a%0ab=1", "{slug}?seed=" + "9" * 5000, "{slug}?nonsense=1", "{slug}?theme=%00&view=%0a",
    "{slug}?changes=" + "%5B" * 3000, "{slug}?pins=%5B%5B1%5D%5D", "{slug}?preset=%F0%9F%92%A9", "{slug}?tour=x",
    "{slug}?bokeh-session-id=x", "{slug}?bokeh-session-id=" + "x" * 4000, "{slug}?__token__=x", "healthz?x=1",
    "{slug}?" + "&".join(f"k{i}=1" for i in range(400)), "frames/x", "frames/" + "x" * 64, "frames/", "home/frames",
    "take/x/data.csv.zip", "take/x/nonsense", "take/x/../../x", "take/" + "x" * 65 + "/y", "cloud/x/y",
    "cloud/x/y?x0=nan", "stills/nonsense", "stills/{slug}", "healthz",
)  # fmt: skip
SEEN = ("?nonsense=<b>1</b>&changes=[[1]]", "?kappa=%00%0a")
"""Queries that are refused on a page, whose sentence is seen there beside a fresh run."""


@pytest.mark.browser
def test_a_served_lab_answers_every_address(browser: Any) -> None:
    """The server: no address breaks it, none is answered by nothing, and a page that refuses a link says why."""
    with Server() as server:
        while not (server.health() or {}).get("ready"):
            assert server.process.poll() is None
            time.sleep(0.2)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for query in SEEN:
            page.goto(f"{server.url}/{ALL[0].slug}{query}")
            page.wait_for_function("window.weltnet?.paints > 1", timeout=60_000)
            said = page.get_by_test_id("message").inner_text()
            one_line(said.removesuffix("×").strip(), "The link was not followed; this is a fresh run")
        page.close()
        for address_ in (a.format(slug=ALL[-1].slug) for a in ADDRESSES):
            status, body = asked(f"{server.url}/{address_}")
            assert status < 500 and (len(body.strip()) > 10 or status == 204), (address_[:80], status, body[:80])
            assert "Traceback" not in body and str(Path.home()) not in body, address_[:80]
        assert (server.health() or {}).get("ready")


def asked(url: str) -> tuple[int, str]:
    """Status and text of an answer."""
    address_, _, query = url.partition("?")
    request = urllib.request.Request(f"{address_}?{query}" if query else address_)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def test_doors_were_opened_often(request: pytest.FixtureRequest) -> None:
    """The test itself: with the whole file in the default lane, more than two thousand cases have been tried."""
    ran = {item.originalname for item in request.session.items if item.path == request.node.path}
    if not {"test_links", "test_values", "test_formulas", "test_files", "test_knobs", "test_acts"} <= ran:
        pytest.skip("only a part of the doors was tried")
    print(f"\n{OPENED.total()} cases: {dict(OPENED)}")
    assert OPENED.total() >= ENOUGH, OPENED
