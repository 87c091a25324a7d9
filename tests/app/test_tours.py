"""Tours on a page, what is told when an assumption breaks, and the presenter's controls.

Chain of trust: that a tour's words are true of its runs is tested in tests/experiments/test_tours.py; here, that a page
goes through these very runs, asks before it shows, and gives back what was there before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from weltnet.experiment import Verdict, Word
from weltnet.experiments import ALL, by_slug
from weltnet.params import BadParams, Params
from weltnet.timeline import Log, Timeline
from weltnet.tours import legs
from weltnet_app import address
from weltnet_app.narration import Narration
from weltnet_app.runs import Place, Runs
from weltnet_app.touring import Touring, menu

browser = pytest.mark.browser
STRINGS = by_slug("strings")
RING = STRINGS.tours[0]


# -- without a browser ------------------------------------------------------------------------------------------------


class Seat:
    """A viewer who asks for every frame."""

    have = -1

    def deliver(self, message: bytes) -> None:
        pass


def on_loop(body: Callable[[Runs], Any]) -> None:
    async def whole() -> None:
        runs = Runs(asyncio.get_running_loop(), most=1)
        try:
            await asyncio.wait_for(body(runs), 120)
        finally:
            runs.stop()

    asyncio.run(whole())


async def rest(run: Any, step: int) -> None:
    """Wait, as a viewer, until a run rests at a step."""
    seat = Seat()
    while not (run.digest and not run.playing and run.step == step):
        run.ask(seat)
        await asyncio.sleep(0.01)


def test_a_page_goes_through_the_tours_own_runs() -> None:
    """Rests on digests: skipping, answering, straying, coming back and going back end in the same states, bit by bit,
    as the tour played headless; leaving takes up the run of before, with its knobs."""

    def expected(index: int) -> str:
        leg = legs(STRINGS, RING)[index]
        return Timeline.replay(STRINGS, leg.log, leg.until).digest()

    async def body(runs: Runs) -> None:
        run = runs.open(STRINGS, address.read({"seed": "5", "noise": "0.01", "at": "40", "paused": "1"}, STRINGS, 0))
        run.set_speed(8)
        await rest(run, 40)
        before = run.digest
        touring = Touring(STRINGS, run, run.set, lambda: None)

        def shown() -> dict[str, Any]:
            touring.follow()
            return touring.guide.shown

        touring.act({"start": RING.name})
        await rest(run, 0)
        assert shown()["ask"] and "reveal" not in shown() and run.params.noise == 0.0
        touring.act({"answer": 0})
        assert shown()["predicted"] == 0 and shown()["answer"] == 1 and shown()["waits"]
        await rest(run, 256)
        assert run.digest == expected(1)
        assert {s["word"] for s in shown()["seen"]} == {"holds"} and all(s["said"] for s in shown()["seen"])

        touring.act("next")
        await rest(run, 256)
        touring.act("next")
        await rest(run, 300)
        touring.act("next")
        touring.act("next")
        assert touring.here == {"tour": RING.name, "stop": 4, "strayed": False} and shown()["ask"]
        run.rewind()
        touring.strayed()
        await rest(run, 0)
        assert shown()["strayed"] and touring.here["strayed"] and "seen" not in shown()
        touring.act("next")
        await rest(run, 400)
        assert run.params.broken == ("lazy-hop",) and run.digest == expected(6) and not shown()["strayed"]
        touring.act("previous")
        await rest(run, 300)
        assert shown()["stop"] == 4 and "reveal" not in shown() and run.digest == expected(5)

        touring.act("leave")
        await rest(run, 40)
        assert run.digest == before and run.params.noise == 0.01 and shown() == {}

    on_loop(body)


def test_a_run_pauses_where_it_is_told_to() -> None:
    """Rests on the worker: it stops in the very step, once; what the run before still had to say is not heard."""

    async def body(runs: Runs) -> None:
        run = runs.open(STRINGS, address.read({"seed": "5"}, STRINGS, 0))
        run.set_speed(8)
        seat = Seat()
        while run.step < 60:
            run.ask(seat)
            await asyncio.sleep(0.01)
        run.go(Place(Log(6, STRINGS.params(modes=2).model_dump(mode="json")), 20, until=46))
        steps = set()
        while run.playing or run.progress is not None or run.step != 46:
            run.ask(seat)
            steps.add(run.step)
            await asyncio.sleep(0.01)
        assert max(steps) <= 46 and run.seed == 6 and run.params.modes == 2
        run.play()
        while run.step <= 60:
            run.ask(seat)
            await asyncio.sleep(0.01)

    on_loop(body)


def test_links_to_stops() -> None:
    """Rests on `weltnet.tours`: a link opens the run of a stop where it begins; a wrong one is named, with what is
    allowed."""
    found = address.read({"tour": RING.name, "stop": "5"}, STRINGS, 99)
    assert (found.log.seed, found.at, found.paused, found.tour) == (0, 400, True, (RING.name, 4))
    assert dict(found.log.changes) == {300: {"broken": ("lazy-hop",)}}
    assert address.read({"tour": RING.name}, STRINGS, 99).tour == (RING.name, 0)
    with pytest.raises(BadParams, match=r"tour = 'no' is not known here; allowed: ring"):
        address.read({"tour": "no"}, STRINGS, 99)
    with pytest.raises(BadParams, match=r"stop = '9' is refused; allowed: a whole number from 0 to 5"):
        address.read({"tour": RING.name, "stop": "9"}, STRINGS, 99)


def test_menu_names_every_tour() -> None:
    """Rests on the experiments: their tours, in reading order, with their minutes."""
    assert [(e["slug"], [t["name"] for t in e["tours"]]) for e in menu(ALL)] == [
        (e.slug, [t.name for t in e.tours]) for e in ALL if e.tours
    ]
    assert all(3 <= t["minutes"] <= 8 for e in menu(ALL) for t in e["tours"])


@dataclass
class Told:
    """A run as a narration hears of it."""

    params: Params
    step: int = 300
    verdicts: tuple[Verdict, ...] = ()
    log: Log = field(default_factory=lambda: Log(1, {}))

    def at(self, step: int, words: dict[str, Word], **rest: Any) -> Told:
        verdicts = tuple(Verdict(c, w, "", 0.0, 0.0, 0.0, (0.0, 1.0), None, "") for c, w in words.items())
        return replace(self, step=step, verdicts=verdicts, **rest)


def test_narration_says_what_was_measured() -> None:
    """Rests on verdicts before and after: nothing turns before a step has passed with the switch, in another run, or
    when the same word stays; what was undecided is not said to have turned."""
    e = STRINGS
    fine, sabotaged = Told(e.params()), Told(e.params(broken="lazy-hop"))
    watch = next(s.watch for s in e.saboteurs if s.name == "lazy-hop")
    n = Narration(e)
    n.follow(fine.at(300, {"wave": "holds", "virasoro": "undecided"}))
    assert n.text == ""
    n.follow(sabotaged.at(300, {"wave": "fails", "virasoro": "fails"}))
    assert n.text == watch
    n.follow(sabotaged.at(340, {"wave": "fails", "virasoro": "undecided"}))
    assert n.text == f"{watch} “The neuron states obey the wave equation” turned from holds to fails after 40 steps."
    n.follow(sabotaged.at(380, {"wave": "fails", "virasoro": "fails"}))
    assert n.text.endswith("“With arc length as time, the string's constraints hold” fails after 80 steps.")
    assert "holds to fails after 40 steps" in n.text
    n.follow(fine.at(400, {"wave": "fails", "virasoro": "fails"}))
    assert n.text == "Repaired: a neuron copies at every tick again."
    n.follow(fine.at(700, {"wave": "holds", "virasoro": "holds"}))
    assert n.text.endswith("constraints hold” turned from fails to holds after 300 steps.")
    n.dismiss()
    assert n.text == ""
    n.follow(sabotaged.at(10, {"wave": "fails"}, log=Log(2, {})))
    assert "turned from" not in n.text
    n.follow(sabotaged.at(40, {"wave": "outside-regime", "virasoro": "outside-regime"}, log=Log(2, {})))
    assert n.text.endswith("nothing can turn: the claims it breaks are outside their regime.")
    n.follow(fine.at(0, {"wave": "undecided"}, log=Log(3, {})))
    assert n.text == ""


def test_narration_of_a_switch_that_restarts() -> None:
    """Rests on the log: the verdict of the run before is the one that turned, and the new run's alone counts."""
    e = by_slug("observatory")
    s = next(s for s in e.saboteurs if s.restarts)
    n = Narration(e)
    n.follow(Told(e.params()).at(500, {s.turns[0]: "holds"}, log=Log(1, {"broken": ()})))
    broken = Told(e.params(broken=s.name))
    n.follow(broken.at(500, {s.turns[0]: "holds"}, log=Log(1, {"broken": ()})))
    assert n.text == s.watch
    n.follow(broken.at(0, {s.turns[0]: "fails"}, log=Log(1, {"broken": (s.name,)})))
    assert n.text.startswith(s.watch) and n.text.endswith("turned from holds to fails at once.")


# -- in a browser -----------------------------------------------------------------------------------------------------


@browser
def test_a_tour_played_by_keys(visit: Any) -> None:
    """From the menu through a question to its reveal by keys; knobs are really turned, what is looked at is marked,
    the address is the stop, and leaving gives back the run with its knobs."""
    visit.open("strings?modes=3&seed=8")
    visit.of("speed").select_option("8")
    visit.of("tours").locator("summary").click()
    visit.of("tour-ring").click()
    visit.of("tour-ask").wait_for()
    visit.wait("window.weltnet.step === 0 && window.weltnet.params().modes === 12")
    assert visit.of("tour-choice-1").is_visible() and visit.of("tour-reveal").count() == 0
    assert visit.of("plane-target").get_attribute("data-tour") == "looked"
    assert visit.of("plane-spectrum").get_attribute("data-tour") == ""
    visit.page.keyboard.press("1")
    visit.of("tour-reveal").wait_for()
    assert visit.of("tour-predicted").inner_text() == (
        "You predicted: It falls apart. It is: It moves and is then itself again."
    )
    visit.wait("window.weltnet.step === 256 && window.weltnet.state === 'paused'")
    visit.page.locator('.seen[data-word="holds"]').first.wait_for()
    visit.page.keyboard.press("PageDown")
    visit.of("tour-words").get_by_text("Light would lie on").wait_for()
    visit.page.wait_for_url("**tour=ring&stop=2**")
    card = visit.page.locator('.cards > [data-tour="looked"]')
    assert card.count() == 1 and card.get_by_test_id("card-shell").is_visible()
    visit.of("knob-noise").locator("input[type=range]").press("ArrowRight")
    visit.of("tour-again").click()
    visit.wait("window.weltnet.step === 256 && window.weltnet.params().noise === 0")
    visit.of("tour-leave").click()
    visit.wait("window.weltnet.params().modes === 3 && window.weltnet.step > 0")
    visit.of("seed").and_(visit.page.get_by_text("8", exact=True)).wait_for()
    visit.of("tour").wait_for(state="hidden")
    assert visit.complaints == [] and visit.outside == []


@browser
def test_tour_links(visit: Any) -> None:
    """A link opens a tour at its stop, in the run that belongs there; an unknown tour is a sentence on a fresh run."""
    visit.open("strings?tour=ring&stop=4&theme=dark", frames=1)
    visit.wait("window.weltnet.step === 300 && window.weltnet.state === 'paused'")
    leg = next(leg for leg in legs(STRINGS, RING) if leg.stop == 3)
    assert visit.stat("digest") == Timeline.replay(STRINGS, leg.log, leg.until).digest()
    visit.of("tour-ask").wait_for()
    visit.of("tour-choice-2").click()
    visit.wait("window.weltnet.params().broken[0] === 'lazy-hop' && window.weltnet.step > 300")
    size = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1440, 900] and visit.of("page").evaluate("e => e.scrollHeight - e.clientHeight") <= 0
    assert visit.axe() == [] and visit.complaints == []
    visit.open("strings?tour=nowhere")
    assert "tour = 'nowhere' is not known here; allowed: ring" in visit.of("message").inner_text()
    assert not visit.of("tour").is_visible()


@browser
@pytest.mark.parametrize(("width", "height", "k"), [(1920, 1080, 1.5), (1440, 900, 1.2)])
def test_in_a_hall(visit: Any, width: int, height: int, k: float) -> None:
    """Projector view: three pictures, three cards, no scrolling, controls of at least 56 px times k that work; breaking
    something is told with the claim that turned, and so is the repair."""
    visit.page.set_viewport_size({"width": width, "height": height})
    visit.open("strings?view=projector")
    assert visit.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--k')") == str(k)
    buttons = visit.of("presenter").locator("button:visible")
    assert buttons.count() == 4 + len(STRINGS.saboteurs)
    for box in buttons.evaluate_all("all => all.map(b => b.getBoundingClientRect().toJSON())"):
        assert min(box["width"], box["height"]) >= 56 * k - 0.1 and box["bottom"] <= height and box["right"] <= width
    fits = "e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]"
    assert visit.of("page").evaluate(fits) == [0, 0]
    assert visit.page.locator("figure.plane:visible").count() == 3
    assert visit.page.locator('[data-testid^="card-"]:visible').count() == 3
    visit.of("big-toggle").click()
    visit.wait("window.weltnet.state === 'paused'")
    step = visit.stat("step")
    visit.of("big-forward").click()
    visit.wait(f"window.weltnet.step === {step + 2}")
    visit.of("big-rewind").click()
    visit.wait("window.weltnet.step === 0")
    for _ in range(2):
        visit.of("big-speed").click()
        visit.page.wait_for_timeout(300)
    assert visit.of("big-speed").inner_text() == "4×"
    visit.of("big-toggle").click()
    visit.wait("window.weltnet.step > 256")
    visit.page.locator('[data-testid="card-wave"][data-word="holds"]').wait_for(timeout=30_000)
    visit.of("big-dense-mixing").click()
    told = visit.of("told")
    told.get_by_text("Every neuron now reads all neurons of its ring").wait_for()
    told.get_by_text("“The neuron states obey the wave equation”").wait_for(timeout=30_000)
    assert "turned from holds to fails after" in told.inner_text()
    assert visit.of("big-dense-mixing").get_attribute("aria-pressed") == "true"
    assert visit.of("page").evaluate(fits) == [0, 0]
    visit.of("big-dense-mixing").click()
    told.get_by_text("Repaired: a neuron reads one neighbour only again.").wait_for()
    told.get_by_text("turned from fails to holds after").wait_for(timeout=60_000)
    told.get_by_role("button").click()
    told.wait_for(state="hidden")
    assert visit.complaints == [] and visit.outside == []


@browser
def test_a_tour_in_a_hall(visit: Any) -> None:
    """The drawer opens with the tour, the knobs under a disclosure; the cards looked at are among the three; the large
    buttons go on and back; still nothing scrolls."""
    visit.page.set_viewport_size({"width": 1920, "height": 1080})
    visit.open("strings?view=projector&tour=ring&stop=3", frames=1)
    visit.of("tour-words").get_by_text("Two constraints", exact=False).or_(visit.of("tour-words")).first.wait_for()
    assert visit.of("knobs").is_visible() is False
    for claim in ("virasoro", "mean-time"):
        assert visit.of(f"card-{claim}").is_visible()
    assert visit.page.locator('[data-testid^="card-"]:visible').count() == 3
    visit.of("big-next").click()
    visit.of("tour-ask").wait_for()
    assert visit.of("tour").locator(".place").inner_text() == "4/5"
    visit.of("big-previous").click()
    visit.page.wait_for_function("() => true")
    visit.of("tour-ask").wait_for(state="detached")
    assert visit.of("tour").locator(".place").inner_text() == "3/5"
    assert visit.of("page").evaluate("e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]") == [0, 0]
    assert visit.complaints == []


def test_narration_of_many_claims_stays_a_sentence() -> None:
    """Rests on verdicts: two are both named and fail, in the plural; of more than three two are named, and counted."""
    e = STRINGS
    saboteur = next(s for s in e.saboteurs if len(s.turns) > 3)
    for turned in (saboteur.turns[:2], saboteur.turns):
        n = Narration(e)
        n.follow(Told(e.params()).at(300, dict.fromkeys(turned, "undecided")))
        broken = Told(e.params(broken=saboteur.name))
        for step in (300, 340):
            n.follow(broken.at(step, dict.fromkeys(turned, "fails")))
        first, second = (f"“{e.claim(c).sentence.rstrip('.')}”" for c in turned[:2])
        more = (
            f"{first} and {second} fail" if len(turned) == 2 else f"{first}, {second} and {len(turned) - 2} more fail"
        )
        assert n.text == f"{saboteur.watch} {more} after 40 steps."
