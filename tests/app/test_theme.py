"""The tokens keep their promises: legible in both modes, the same set in both, and nothing comes from outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

from weltnet_app import assets, theme

PINS = ("pin1", "pin2", "pin3", "pin4")
INKS = ("ink", "accent", "production", "destruction", "fails")
TEXT = (*INKS, "ink2", "ink3", "holds", "undecided", "outside-regime", *PINS)
GROUNDS = ("paper", "surface", "raised")


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


# Machado, Oliveira and Fernandes 2009, table 1, severity 1: linear sRGB as protanopes, deuteranopes, tritanopes see it.
SEEN_BY = np.array(
    [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
)


def oklab(linear: np.ndarray) -> np.ndarray:
    """Ottosson 2020: coordinates in which equal distances look about equal; .02 is just noticeable."""
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(np.clip(linear, 0, 1) @ np.array(to_cones).T) @ np.array(to_lab).T


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_inks_of_pinned_runs_are_told_apart(mode: theme.Mode) -> None:
    """Rests on OKLab and on Machado's simulation: no pin looks like another pin or like an ink that means something
    else, three times the just noticeable difference for the three colour deficiencies and seven for everyone else."""
    tokens = theme.TOKENS[mode]
    rgb = np.array([[int(tokens[k][i : i + 2], 16) / 255 for i in (1, 3, 5)] for k in (*PINS, *INKS)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    for eyes, least in ((np.eye(3), 0.14), *((m, 0.06) for m in SEEN_BY)):
        place = oklab(linear @ eyes.T)
        apart = np.linalg.norm(place[:4, None] - place[None], axis=-1) + np.eye(4, len(place))
        assert apart.min() >= least, (mode, apart.round(3))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_is_legible_on_every_ground(mode: theme.Mode) -> None:
    """Rests on the WCAG formula: 4.5:1 for text on paper, surface and raised, and for chips on their own ground."""
    tokens = theme.TOKENS[mode]
    for name in TEXT:
        for ground in GROUNDS:
            assert contrast(tokens[name], tokens[ground]) >= 4.5, (mode, name, ground)
    for word in ("holds", "fails", "undecided", "outside-regime"):
        assert contrast(tokens[word], tokens[word + "bg"]) >= 4.5, (mode, word)


def test_both_modes_name_the_same_tokens() -> None:
    """Rests on the style sheet: a token missing in one mode would silently keep the colour of the other."""
    assert theme.LIGHT.keys() == theme.DARK.keys()
    sheet = theme.css()
    for mode, tokens in theme.TOKENS.items():
        for name, value in tokens.items():
            assert f"--{name}:{value};" in sheet, (mode, name)


def test_style_sheets_use_only_declared_tokens() -> None:
    """Rests on the tokens: a misspelt custom property paints nothing and says nothing."""
    declared = {*theme.LIGHT, "k", "sans", "serif", "mono"}
    local = {"at", "n", "c", "done", "v", "vbg"}
    for path in (*assets.ASSETS.glob("*.css"),):
        used = set(re.findall(r"var\(--([\w-]+)\)", path.read_text(encoding="utf-8")))
        assert used <= declared | local, (path.name, used - declared - local)


def test_positive_maps_begin_at_the_surface_and_climb_evenly() -> None:
    """Rests on the WCAG luminance: zero is exactly the panel's colour and no step goes back."""
    for mode, maps in theme.palettes().items():
        assert {k: len(v) for k, v in maps.items()} == {"signed": 255, "positive": 255, "hues": 256}
        ramp = np.array([luminance(c) for c in maps["positive"]])
        assert maps["positive"][0] == theme.TOKENS[mode]["surface"]  # type: ignore[index]
        steps = np.diff(ramp) * (1 if mode == "dark" else -1)
        assert steps.min() > -2e-3 and abs(ramp[-1] - ramp[0]) > 0.4, mode


def test_signed_maps_are_neutral_at_zero() -> None:
    """Rests on the colour maps: zero curvature must look like nothing."""
    for mode, maps in theme.palettes().items():
        middle = maps["signed"][127]
        rgb = [int(middle[i : i + 2], 16) for i in (1, 3, 5)]
        assert max(rgb) - min(rgb) < 16, (mode, middle)


def test_fonts_exist_and_no_family_has_a_bare_digit() -> None:
    """Rests on the assets folder; a family with a bare digit stops Bokeh from rendering its axis."""
    for name in re.findall(r"url\(([^)]+)\)", theme.css()):
        assert (assets.ASSETS / name.removeprefix("assets/")).is_file(), name
    for family in re.findall(r"font-family:'([^']+)'", theme.css()):
        assert not re.search(r"(^|\s)\d", family), family


def test_nothing_comes_from_outside() -> None:
    """Rests on the assets' text: no host is named but the XML namespace."""
    for path in assets.ASSETS.glob("*.*"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"(https?:)?//[\w-]+\.\w{2,}", re.sub(r"^\s*//.*$", "", text, flags=re.M)), path.name
    assert "@font-face" not in theme.katex() and "KaTeX_" not in theme.katex() and ".katex" in theme.katex()


@pytest.mark.parametrize(
    ("x", "error", "text"),
    [
        (0.97, 0.031, "0.970"),
        (1.0, 2.4e-8, "1.0000"),
        (-1.5, 0.0, "−1.5"),
        (20000, 0.0, "20\u2009000"),
        (2e-13, 1e-12, "2·10⁻¹³"),
        (0.0, 0.0, "0"),
        (1.0, 2.0, "1.0"),
    ],
)
def test_numbers_show_what_their_error_allows(x: float, error: float, text: str) -> None:
    """Rests on nothing: the rule itself."""
    assert theme.number(x, error) == text


def test_phases_turn_once_at_one_lightness() -> None:
    """Rests on the sRGB standard: phases differ in hue, not in lightness, and both ends of the wheel meet."""
    for maps in theme.palettes().values():
        wheel = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in maps["hues"]])
        light = np.array([luminance(c) for c in maps["hues"]])
        steps = np.abs(np.diff(np.vstack([wheel, wheel[:1]]), axis=0)).max(axis=1)
        assert len(wheel) == 256 and steps.max() < 0.1
        assert light.max() - light.min() < 0.12
