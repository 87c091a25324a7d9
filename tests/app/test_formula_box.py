"""A loss that is typed: said to be wrong while one types, taken with Enter, in the link and in the picture.

Chain of trust: formulas and the loss they make (test_formulas, test_written, test_kappa) -> page.
"""

from __future__ import annotations

from typing import Any

import pytest

from weltnet.experiments import by_slug

pytestmark = pytest.mark.browser
RING = "0.25*(q1^2 + q2^2 - 3)^2"


def test_a_loss_is_typed(visit: Any) -> None:
    """The box is there with its loss; a wrong formula is named and changes nothing; Enter takes a right one; Escape
    goes back; presets bring their own; the link carries it."""
    default = by_slug("kappa").params().model_dump()["potential"]
    visit.open("kappa?seed=7&replicas=4000")
    row = visit.of("knob-potential")
    box, said = row.locator("textarea"), row.locator(".said")
    assert not row.is_visible()
    before = visit.pixels("weights")
    visit.of("knob-loss").locator("select").select_option("formula")
    visit.wait("window.weltnet.params().loss === 'formula'")
    visit.painted(visit.stat("paints") + 3)
    assert row.is_visible() and box.input_value() == default and visit.pixels("weights") != before
    assert "by hand" in visit.of("derived").inner_text()

    box.fill("q1^2 + foo(q2")
    visit.page.wait_for_function("e => e.textContent.includes('foo at character 8')", arg=said.element_handle())
    assert box.get_attribute("aria-invalid") == "true"
    assert said.get_attribute("id") in box.get_attribute("aria-describedby")
    box.press("Enter")
    visit.page.wait_for_timeout(600)
    assert visit.stat("params()")["potential"] == default and box.input_value() == "q1^2 + foo(q2"
    box.press("Escape")
    assert box.input_value() == default and said.inner_text() == "" and box.get_attribute("aria-invalid") == "false"

    box.fill("0.25*(q₁² + q₂² − 3)²")
    visit.page.wait_for_function("e => e.textContent.includes('Enter takes it')", arg=said.element_handle())
    assert visit.stat("params()")["potential"] == default
    box.press("Enter")
    visit.wait(f"window.weltnet.params().potential === '{RING}'")
    visit.page.wait_for_function("([e, text]) => e.value === text", arg=[box.element_handle(), RING])
    visit.wait("new URLSearchParams(location.search).get('potential') === '" + RING + "'")
    visit.of("presets").locator("select").select_option("Three valleys")
    visit.wait("window.weltnet.params().potential.startsWith('3 - 3*exp')")
    visit.page.wait_for_function("e => e.value.startsWith('3 - 3*exp')", arg=box.element_handle())
    assert visit.complaints == [] and visit.outside == []
