"""Every colour, size and font, once. Style sheets, Bokeh axes, Material widgets and the live layer all read these.

One attribute of the document, `data-theme` = `light` | `dark`, is the switch: the tokens are CSS custom properties that
follow it; Bokeh paints its axes from custom properties named `--bk-…`, Material widgets watch the attribute, and the
live layer reads the computed tokens. Changing it therefore restyles everything in place, and no run hears of it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import colorcet
import numpy as np
import panel
from bokeh.themes import Theme
from numpy.typing import NDArray

from weltnet_app import assets

__all__ = ["DARK", "LIGHT", "TOKENS", "Mode", "bokeh", "css", "katex", "material", "number", "palettes", "sheet"]

Mode = Literal["light", "dark"]

LIGHT: dict[str, str] = {
    "paper": "#f4f2ed", "surface": "#fbfaf7", "raised": "#ffffff", "line": "#dedad1", "line2": "#c9c4b8",
    "ink": "#1d2226", "ink2": "#565d63", "ink3": "#6a6f74", "accent": "#0b6478", "accentbg": "#d5e7ea",
    "holds": "#1e6b4a", "holdsbg": "#e3efe8", "fails": "#a63a24", "failsbg": "#f7e6e1",
    "undecided": "#7a5c08", "undecidedbg": "#f5eddb", "outside-regime": "#5c6470", "outside-regimebg": "#e9eaec",
    "production": "#b54f14", "destruction": "#2b6ca3", "contour": "#8d8778", "unresolved": "#d9d6cf",
    "pin1": "#9048d4", "pin2": "#603409", "pin3": "#7c0255", "pin4": "#3b3190",
}  # fmt: skip
"""Warm paper and ink; every text colour has at least 4.5:1 on paper, surface and its own background. `pin1` … `pin4`
are the inks of pinned runs: apart from each other and from all other inks for every kind of colour vision."""

DARK: dict[str, str] = {
    "paper": "#0d1115", "surface": "#13181d", "raised": "#1a2027", "line": "#262e36", "line2": "#39434d",
    "ink": "#e8e6e1", "ink2": "#aab2b9", "ink3": "#8a949d", "accent": "#6cc3d5", "accentbg": "#15303a",
    "holds": "#74c79c", "holdsbg": "#14291f", "fails": "#f0937c", "failsbg": "#33191a",
    "undecided": "#dfb65c", "undecidedbg": "#2c2412", "outside-regime": "#a3adb8", "outside-regimebg": "#20262d",
    "production": "#f0985a", "destruction": "#74b3e6", "contour": "#606b76", "unresolved": "#2b3138",
    "pin1": "#8b71fa", "pin2": "#858d27", "pin3": "#db55ad", "pin4": "#6af782",
}  # fmt: skip
"""Blue-black paper: enough light for a dark hall, not so much that fields lose their faint ends."""

TOKENS: dict[Mode, dict[str, str]] = {"light": LIGHT, "dark": DARK}

# Family names must not hold a bare digit: Bokeh's font parser stops rendering the axis.
SANS = "'WN Sans','IBM Plex Sans',system-ui,sans-serif"
SERIF = "'WN Serif','Source Serif',Georgia,serif"
MONO = "'WN Mono','IBM Plex Mono',ui-monospace,monospace"

_GREEK = "U+0370-03FF"
_FACES = (
    ("WN Sans", "ibm-plex-sans-latin-wght-normal", "100 700", "normal", ""),
    ("WN Sans", "ibm-plex-sans-greek-wght-normal", "100 700", "normal", _GREEK),
    ("WN Serif", "source-serif-4-latin-opsz-normal", "200 900", "normal", ""),
    ("WN Serif", "source-serif-4-greek-opsz-normal", "200 900", "normal", _GREEK),
    ("WN Serif", "source-serif-4-latin-opsz-italic", "200 900", "italic", ""),
    ("WN Serif", "source-serif-4-greek-opsz-italic", "200 900", "italic", _GREEK),
    ("WN Mono", "ibm-plex-mono-latin-400-normal", "400", "normal", ""),
    ("WNK_Main", "KaTeX_Main-Regular", "400", "normal", ""),
    ("WNK_Math", "KaTeX_Math-Italic", "400", "italic", ""),
    ("WNK_AMS", "KaTeX_AMS-Regular", "400", "normal", ""),
    ("WNK_Caligraphic", "KaTeX_Caligraphic-Regular", "400", "normal", ""),
    ("WNK_Size1", "KaTeX_Size1-Regular", "400", "normal", ""),
    ("WNK_Size2", "KaTeX_Size2-Regular", "400", "normal", ""),
)

_BOKEH = {
    "background-fill-color": "transparent", "background-fill-alpha": "0",
    "border-fill-color": "transparent", "border-fill-alpha": "0", "outline-line-alpha": "0",
    "axis-line-color": "var(--line2)", "axis-line-alpha": "1", "axis-line-width": "1",
    "major-tick-line-color": "var(--line2)", "major-tick-line-alpha": "1", "minor-tick-line-alpha": "0",
    "major-label-text-color": "var(--ink2)", "major-label-text-font": "WN Sans",
    "major-label-text-font-size": "{small}px", "axis-label-text-color": "var(--ink2)",
    "axis-label-text-font": "WN Serif", "axis-label-text-font-style": "italic",
    "axis-label-text-font-size": "{label}px",
}  # fmt: skip
"""Bokeh's visuals ask the computed style for `--bk-<name>` before they ask the model, so these win over any theme."""


def bokeh() -> Theme:
    """The Bokeh theme of a page's document. Its values are defaults; that it names these models is what matters:
    panel-material-ui then keeps its hands off them, at the first paint and at every change of mode."""
    return Theme(
        json={
            "attrs": {
                "Axis": {"axis_label_standoff": 4, "major_label_standoff": 5, "minor_tick_line_color": None},
                "Figure": {"background_fill_color": None, "border_fill_color": None, "outline_line_color": None},
                "Grid": {"grid_line_color": None},
                "Title": {"text_font": "WN Sans"},
            }
        }
    )


def css(scale: float = 1.0) -> str:
    """The style sheet of the document: faces, both sets of tokens, Bokeh's axes. `scale` = 1.5 for a projector."""
    faces = "".join(
        f"@font-face{{font-family:'{family}';font-style:{style};font-weight:{weight};font-display:block;"
        f"src:url(assets/fonts/{name}.woff2) format('woff2')" + (f";unicode-range:{limits}" if limits else "") + "}"
        for family, name, weight, style, limits in _FACES
    )
    fixed = f"--sans:{SANS};--serif:{SERIF};--mono:{MONO};{_sizes(scale)}"
    # A projector may have no more pixels than a desk has.
    small = f"@media (max-width:1700px),(max-height:980px){{:root{{{_sizes(SMALL_HALL)}}}}}" if scale > 1 else ""
    return (
        f"{faces}:root{{color-scheme:light;{_properties(LIGHT)}{fixed}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{_properties(DARK)}}}{small}" + assets.read("page.css")
    )


SMALL_HALL = 1.2
"""The scale of a projector with few pixels."""


def _sizes(scale: float) -> str:
    bokeh = "".join(
        f"--bk-{k}:{v.format(small=round(11 * scale), label=round(13.5 * scale))};" for k, v in _BOKEH.items()
    )
    return f"--k:{scale};{bokeh}font-size:{16 * scale:g}px"


def sheet(name: str) -> str:
    """A style sheet of the assets, for the shadow root of a component."""
    return assets.read(name)


@cache
def katex() -> str:
    """KaTeX's own style sheet, as Panel bundles it, with our local fonts: Panel ships the rules but not the fonts."""
    found = sorted((Path(panel.__file__).parent / "dist" / "bundled" / "katex").rglob("katex.min.css"))
    rules = re.sub(r"@font-face\{[^}]*\}", "", found[-1].read_text(encoding="utf-8")) if found else ""
    return rules.replace("KaTeX_", "WNK_")


def material() -> dict[str, Any]:
    """The Material theme of the widgets, for both modes."""
    return {mode: _material(mode, tokens) for mode, tokens in TOKENS.items()}


def palettes() -> dict[str, dict[str, list[str]]]:
    """Colour maps of the live layer: mode → `signed` | `positive` → 255 colours, low to high; `hues` → 256 of them.

    Signed fields use CET-CBD1 on paper and CET-D6 on black, colour-blind safe and neutral at zero; positive ones a
    single-hue ramp of even lightness in OKLCH that begins at exactly the panel's colour. Complex ones mix the panel's
    colour, at ψ = 0, with the hue of their phase; hues turn once, alike in lightness, from that of `positive` on.
    """
    pick = np.linspace(0, 255, 255).round().astype(int)
    signed = {"light": colorcet.CET_CBD1, "dark": colorcet.CET_D6}
    return {
        mode: {
            "signed": [str(signed[mode][i]) for i in pick],
            "positive": _ramp(TOKENS[mode]["surface"], dark=mode == "dark"),
            "hues": _wheel(dark=mode == "dark"),
        }
        for mode in ("light", "dark")
    }


def number(x: float, error: float = 0.0) -> str:
    """A number for people: digits that its error allows (else four), a true minus, thin spaces between thousands."""
    if error > 0 and max(abs(x), error) < 1e-3:
        text = f"{x:.1e}"
    elif error > 0:
        digits = max(0, min(6 if abs(x) < 0.01 else 4, 1 - int(np.floor(np.log10(error)))))
        text = f"{x:.{digits}f}" if abs(x) < 1e5 else f"{x:.3g}"
    elif x == int(x) and abs(x) < 1e6:
        text = f"{int(x):,}".replace(",", "\u2009") if abs(x) >= 10_000 else str(int(x))
    else:
        text = f"{x:.4g}"
    if "e" in text:
        mantissa, power = text.split("e")
        raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{mantissa.removesuffix('.0')}·10{raised}"
    return text.replace("-", "−")


def _properties(tokens: dict[str, str]) -> str:
    return "".join(f"--{k}:{v};" for k, v in tokens.items())


def _material(mode: Mode, t: dict[str, str]) -> dict[str, Any]:
    return {
        "palette": {
            "mode": mode,
            "primary": {"main": t["accent"]},
            "background": {"default": t["paper"], "paper": t["surface"]},
            "text": {"primary": t["ink"], "secondary": t["ink2"]},
            "divider": t["line"],
        },
        "typography": {"fontFamily": SANS, "fontSize": 14},
        "shape": {"borderRadius": 5},
    }


@cache
def _ramp(surface: str, *, dark: bool) -> list[str]:
    t = np.linspace(0, 1, 255)
    light = 0.21 + 0.68 * t**0.85 if dark else 0.985 - 0.62 * t**0.9
    chroma = 0.135 * np.sin(np.pi * np.clip(0.12 + 0.62 * t, 0, 1))
    rgb = _srgb(_oklch(light, chroma, np.full_like(t, np.deg2rad(262 if not dark else 255))))
    start = np.array([int(surface[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    near = np.clip(1 - 5 * t, 0, 1)[:, None]
    return _hex(np.clip(rgb * (1 - near) + start * near, 0, 1))


@cache
def _wheel(*, dark: bool) -> list[str]:
    """256 hues of one lightness, each as strong as sRGB allows up to a common ceiling; phase 0 has the ramp's hue."""
    hue = np.deg2rad(258) + np.linspace(0, 2 * np.pi, 256, endpoint=False)
    light = np.full_like(hue, 0.76 if dark else 0.53)
    low, high = np.zeros_like(hue), np.full_like(hue, 0.17)
    for _ in range(12):
        chroma = (low + high) / 2
        linear = _oklch(light, chroma, hue)
        fits = ((linear >= 0) & (linear <= 1)).all(axis=-1)
        low, high = np.where(fits, chroma, low), np.where(fits, high, chroma)
    return _hex(np.clip(_srgb(_oklch(light, low, hue)), 0, 1))


def _hex(rgb: NDArray[Any]) -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*(int(255 * c + 0.5) for c in row)) for row in rgb]


def _oklch(L: NDArray[Any], C: NDArray[Any], h: NDArray[Any]) -> NDArray[Any]:
    """Linear sRGB of an OKLCH colour (Björn Ottosson, 2020)."""
    a, b = C * np.cos(h), C * np.sin(h)
    l, m, s = (
        (L + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (L - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (L - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    return np.stack(
        [
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
        ],
        axis=-1,
    )


def _srgb(linear: NDArray[Any]) -> NDArray[Any]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.clip(linear, 0, None) ** (1 / 2.4) - 0.055)
