"""Key -> full reference: every claim cites one of these, and citing anything else is an error.

A citation is a key, then where to look: `2008.01540 §8`. Sections and equation numbers of a source whose `checked` is
false come from secondary readings and have not been compared with its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["SOURCES", "Source", "cite", "source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A paper, or whatever else a claim was taken from."""

    key: str
    authors: str
    title: str
    published: str
    checked: bool = False
    """Whether section and equation numbers have been compared with the text itself."""

    def __str__(self) -> str:
        authors = f"{self.authors}, " if self.authors else ""
        return f"{authors}{self.title}, {self.published}"

    @property
    def url(self) -> str:
        """Where it can be read, or nothing."""
        return f"https://arxiv.org/abs/{self.key}" if self.key[:4].isdigit() else ""


def _paper(key: str, authors: str, title: str, journal: str = "") -> Source:
    where = f"arXiv:{key} (20{key[:2]})"
    return Source(key, authors, title, f"{journal}; {where}" if journal else where)


_ALL = (
    _paper(
        "2111.00903",
        "V. Vanchurin",
        "Towards a theory of quantum gravity from neural networks",
        "Entropy 24, 7 (2022)",
    ),
    _paper("2008.01540", "V. Vanchurin", "The world as a neural network", "Entropy 22, 1210 (2020)"),
    _paper(
        "2012.05082",
        "M. I. Katsnelson and V. Vanchurin",
        "Emergent quantumness in neural networks",
        "Foundations of Physics 51, 94 (2021)",
    ),
    _paper(
        "2004.09280",
        "V. Vanchurin",
        "Towards a theory of machine learning",
        "Machine Learning: Science and Technology 2, 035012 (2021)",
    ),
    _paper(
        "2107.03402",
        "M. I. Katsnelson, V. Vanchurin and T. Westerhout",
        "Self-organized criticality in neural networks",
    ),
    _paper(
        "2110.14602",
        "V. Vanchurin, Y. I. Wolf, M. I. Katsnelson and E. V. Koonin",
        "Towards a theory of evolution as multilevel learning",
        "Proceedings of the National Academy of Sciences 119, e2120037119 (2022)",
    ),
    _paper("2411.08138", "V. Vanchurin", "Emergent field theories from neural networks"),
    _paper("2504.05279", "D. Guskov and V. Vanchurin", "Covariant gradient descent"),
    _paper("2504.14728", "V. Vanchurin", "Geometric learning dynamics"),
    Source("interview", "V. Vanchurin", "Public interview on the world as a neural network", "2020"),
    Source(
        "chsh",
        "J. F. Clauser, M. A. Horne, A. Shimony and R. A. Holt",
        "Proposed experiment to test local hidden-variable theories",
        "Physical Review Letters 23, 880 (1969)",
    ),
    Source(
        "clauset",
        "A. Clauset, C. R. Shalizi and M. E. J. Newman",
        "Power-law distributions in empirical data",
        "SIAM Review 51, 661 (2009)",
    ),
    Source(
        "kesten",
        "H. Kesten",
        "Random difference equations and renewal theory for products of random matrices",
        "Acta Mathematica 131, 207 (1973)",
    ),
    Source("derived", "", "Derived in this project", "in the docstring of the module that computes it", checked=True),
)

SOURCES: Mapping[str, Source] = MappingProxyType({s.key: s for s in _ALL})


def source(text: str) -> Source:
    """The source that a citation such as `2008.01540 §8` begins with; an unknown key is refused with a sentence."""
    key = text.split()[0].rstrip(",;:") if text.strip() else ""
    if key not in SOURCES:
        raise LookupError(f"{text!r} cites an unknown source; allowed first words: {', '.join(SOURCES)}")
    return SOURCES[key]


def cite(text: str) -> str:
    """A citation with its full reference, and with a mark where its numbers were not compared with the text."""
    found = source(text)
    place = text.strip()[len(found.key) :].lstrip(" ,;:")
    if not place:
        return str(found)
    return f"{found}: {place}" + ("" if found.checked else " (number not checked against the text)")
