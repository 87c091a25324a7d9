"""Formulas that people type: read, never executed.

A formula is a sum, product or power of numbers, declared variables and a few functions. Python's grammar reads it; what
it read is walked against the whitelist below into a small tree, and the tree is evaluated over numpy arrays. Nothing a
person types is compiled, called or looked up anywhere but in that whitelist.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FUNCTIONS", "LONGEST", "BadFormula", "Formula", "allowed", "parse"]

LONGEST = 300
"""Characters of a formula, as typed and as written out."""
DEEPEST, MOST, STEEPEST, BASE = 60, 200, 12.0, 100.0
"""Nesting, nodes, the largest exponent of a variable, the largest base of a variable exponent."""
LARGEST = 1e9
"""The largest value of a formula in its box."""
POINTS = 61
"""Per axis, where a formula is tried; the middle of the box is one of them."""

FUNCTIONS = {
    "sin": 1, "cos": 1, "tan": 1, "exp": 1, "log": 1, "sqrt": 1, "abs": 1, "tanh": 1, "cosh": 1, "sinh": 1,
    "min": 2, "max": 2, "hypot": 2, "atan2": 2,
}  # fmt: skip
"""Function → how many arguments it takes; min and max take more as well."""
NUMPY = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power", "neg": "negative", "min": "minimum",
    "max": "maximum", "atan2": "arctan2",
}  # fmt: skip
"""What numpy calls an operator or function, where it has another name there."""
CONSTANTS = {"pi": math.pi, "e": math.e}

PLAIN = str.maketrans(
    {"−": "-", "–": "-", "·": "*", "×": "*", "⋅": "*", "∙": "*", "÷": "/", "π": " pi "}
    | dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
)
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
TOKEN = re.compile(
    r"(?P<space>[ \t]+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_₀-₉]*|π)"
    r"|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<sign>\*\*|[-−–+*·×⋅∙/÷^(),])",
    re.ASCII,
)
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^",
}  # fmt: skip
BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "^": 4}
"""How tightly an operator holds its operands, as in Python: −x² is −(x²)."""

Tree = tuple[Any, ...]
"""("number", value), ("variable", index), ("neg", a), (operator, a, b) or (function, a, …)."""


class BadFormula(ValueError):
    """A formula was refused; the message names what and where, and fits behind a colon."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read. Its canonical `text` is read back to the same formula, and is equal for equal ones."""

    text: str
    variables: tuple[str, ...]
    tree: Tree

    def __call__(self, *values: ArrayLike) -> NDArray[Any]:
        """Its value at arrays that broadcast together, one per variable, in float64; not a number where it has none."""
        import numpy as np  # the command line reads knobs before it says on how many threads numpy may run

        given = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in values))
        if len(given) != len(self.variables):
            raise TypeError(f"{len(given)} arrays for {', '.join(self.variables)}; allowed: one each")
        with np.errstate(all="ignore"):
            return np.array(np.broadcast_to(_value(self.tree, given), given[0].shape), dtype=np.float64)


def allowed(variables: Sequence[str]) -> str:
    """What a formula may be made of, in words."""
    return f"numbers, {', '.join(variables)}, + - * / ^ ( ), {', '.join([*CONSTANTS, *FUNCTIONS])}"


def parse(text: object, variables: Sequence[str] = ("q1", "q2"), low: float = -3.0, high: float = 3.0) -> Formula:
    """Read a formula of `variables`, each in [low, high]. ^ and ** are powers; q₁, ², π, · and − are read as well.

    Raises `BadFormula` where it is too long, has anything but `allowed`, or is not finite everywhere in the box.
    """
    if not isinstance(text, str):
        raise BadFormula("it is no text")
    if len(text) > LONGEST:
        raise BadFormula(f"it has {len(text)} characters, of at most {LONGEST}")
    return _parse(text, tuple(variables), float(low), float(high))


@lru_cache(maxsize=256)
def _parse(text: str, variables: tuple[str, ...], low: float, high: float) -> Formula:
    words, places = _words(text, variables)
    tree = _Reader(words, places, variables).tree()
    formula = Formula(_shown(tree, variables), variables, tree)
    if len(formula.text) > LONGEST:
        raise BadFormula(f"written out it has {len(formula.text)} characters, of at most {LONGEST}")
    _try(formula, low, high)
    return formula


def _words(text: str, variables: Sequence[str]) -> tuple[list[str], list[int]]:
    """The words of a formula as Python writes them, and at which character, from 1, each stands."""
    words: list[str] = []
    places: list[int] = []
    open_: list[tuple[int, bool]] = []  # where a parenthesis stands, and whether a function's
    at, ends = 0, False  # whether the last word ends an operand
    while at < len(text):
        found, place = TOKEN.match(text, at), at + 1
        if found is None:
            raise BadFormula(f"{_named(text[at])} at character {place} is not allowed")
        at = found.end()
        kind, word = str(found.lastgroup), found.group().translate(PLAIN).strip()
        if kind == "space":
            continue
        called = bool(words) and words[-1] in FUNCTIONS
        if called and word != "(":
            raise BadFormula(f"{words[-1]} at character {places[-1]} needs its argument in parentheses")
        if kind == "raised":
            # A raised number is one operand with its sign, and holds its base alone.
            given = ["**", "(", found.group().translate(RAISED), ")"]
            words, places = words + given, places + [place] * 4
            ends = True
            continue
        if (kind in ("number", "name") or word == "(") and ends and not called:
            raise BadFormula(f"before {word[:20]} at character {place} an operator is missing, such as *")
        if kind == "number":
            if not math.isfinite(float(word)):
                raise BadFormula(f"the number at character {place} is too large")
            word = repr(float(word))
        elif kind == "name" and word not in (*variables, *CONSTANTS, *FUNCTIONS):
            raise BadFormula(f"{word[:20]} at character {place} is not known")
        elif word == "(":
            open_.append((place, called))
            if len(open_) > DEEPEST:
                raise BadFormula(f"the parentheses at character {place} are nested more than {DEEPEST} deep")
        elif word == ")":
            if not open_:
                raise BadFormula(f") at character {place} closes nothing")
            if not ends:
                raise BadFormula(f"before ) at character {place} something is missing")
            open_.pop()
        elif word == "," and not (open_ and open_[-1][1]):
            raise BadFormula(f"the comma at character {place} does not stand in a function's parentheses")
        ends = kind in ("number", "name") or word == ")"
        words.append("**" if word == "^" else word)
        places.append(place)
    if not words:
        raise BadFormula("it is empty")
    if words[-1] in FUNCTIONS:
        raise BadFormula(f"{words[-1]} at character {places[-1]} needs its argument in parentheses")
    if not ends:
        raise BadFormula(f"it ends where something must follow {words[-1].replace('**', '^')}")
    if open_:
        raise BadFormula(f"( at character {open_[-1][0]} is never closed")
    return words, places


def _named(character: str) -> str:
    shown = f"{character} " if character.isprintable() and not character.isspace() else ""
    return f"{shown}(U+{ord(character):04X})"


class _Reader:
    """What Python's grammar read, against the whitelist."""

    def __init__(self, words: list[str], places: list[int], variables: Sequence[str]) -> None:
        self.variables, self.count = variables, 0
        self.line = " ".join(words)
        self.at: list[int] = []
        for word, place in zip(words, places, strict=True):
            self.at += [place] * (len(word) + 1)

    def tree(self) -> Tree:
        try:
            found = ast.parse(self.line, mode="eval").body
        except SyntaxError as error:
            i = min((error.offset or 1) - 1, len(self.line) - 1)
            word = (self.line[i:].split() or [self.line[-1]])[0].replace("**", "^")
            raise BadFormula(f"{word[:20]} at character {self.at[i]} cannot stand there") from None
        except (ValueError, RecursionError, MemoryError):
            raise BadFormula("it is nested too deeply") from None
        return self.walk(found, 1)

    def refuse(self, node: ast.AST, why: str) -> NoReturn:
        place = self.at[min(getattr(node, "col_offset", 0), len(self.at) - 1)]
        raise BadFormula(why.format(place=f"at character {place}"))

    def walk(self, node: ast.AST, depth: int) -> Tree:
        self.count += 1
        if depth > DEEPEST:
            self.refuse(node, f"{{place}} it is nested more than {DEEPEST} deep")
        if self.count > MOST:
            self.refuse(node, f"it has more than {MOST} parts")
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            return "number", node.value
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return "number", float(node.value)
        if isinstance(node, ast.Name):
            if node.id in CONSTANTS:
                return node.id, ()
            return "variable", self.variables.index(node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd):
            return self.walk(node.operand, depth + 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.walk(node.operand, depth + 1)
            return inner[1] if inner[0] == "neg" else ("neg", inner)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            left, right = self.walk(node.left, depth + 1), self.walk(node.right, depth + 1)
            if isinstance(node.op, ast.Pow):
                self.bound(node, left, right)
            return OPERATORS[type(node.op)], left, right
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            name, takes = node.func.id, FUNCTIONS[node.func.id]
            if len(node.args) != takes and not (name in ("min", "max") and len(node.args) > takes):
                self.refuse(node, f"{name} {{place}} takes {takes} argument{'s' * (takes > 1)}")
            parts = [self.walk(a, depth + 1) for a in node.args]
            return (name, *parts) if takes == 1 else reduce(lambda a, b: (name, a, b), parts)
        self.refuse(node, "what is {place} is not allowed")

    def bound(self, node: ast.BinOp, base: Tree, exponent: Tree) -> None:
        if not _varies(exponent):
            if not abs(_number(exponent)) <= STEEPEST:
                self.refuse(node.right, f"the exponent {{place}} is not in [-{STEEPEST:g}, {STEEPEST:g}]")
        elif _varies(base) or not 0.0 < _number(base) <= BASE:
            self.refuse(
                node.right, f"the exponent {{place}} varies; then its base is a number in (0, {BASE:g}], such as e"
            )


def _varies(tree: Tree) -> bool:
    return tree[0] == "variable" or any(_varies(part) for part in tree[1:] if isinstance(part, tuple) and part)


def _number(tree: Tree) -> float:
    import numpy as np

    with np.errstate(all="ignore"):
        return float(_value(tree, ()))


def _value(tree: Tree, given: Sequence[Any]) -> Any:
    import numpy as np

    head, rest = str(tree[0]), tree[1:]
    if head == "number":
        return np.float64(rest[0])
    if head == "variable":
        return given[rest[0]]
    if head in CONSTANTS:
        return np.float64(CONSTANTS[head])
    parts = [_value(part, given) for part in rest]
    act: Callable[..., Any] = getattr(np, NUMPY.get(head, head))
    return act(*parts)


def _shown(tree: Tree, variables: Sequence[str]) -> str:
    """A tree as people write it, with no more parentheses than it needs."""
    head, *rest = tree
    if head == "number":
        return _digits(rest[0])
    if head == "variable":
        return str(variables[rest[0]])
    if head in CONSTANTS:
        return str(head)
    if head == "neg":
        return "-" + _held(rest[0], BINDS["neg"], variables)
    if head in BINDS:
        holds = BINDS[head]
        # A power holds to the right, and its exponent may bear a sign; all others hold to the left.
        left = _held(rest[0], holds + (head == "^"), variables)
        bare = head == "^" and rest[1][0] == "neg" and rest[1][1][0] == "number"
        right = _held(rest[1], BINDS["neg"] if bare else holds + (head != "^"), variables)
        return left + (f" {head} " if holds == 1 else head) + right
    return f"{head}({', '.join(_shown(part, variables) for part in rest)})"


def _held(tree: Tree, holds: int, variables: Sequence[str]) -> str:
    shown = _shown(tree, variables)
    return f"({shown})" if BINDS.get(tree[0], 9) < holds else shown


def _digits(value: float) -> str:
    """The shortest text that is read back to the same number."""
    plain = repr(value).removesuffix(".0").replace("e+", "e")
    whole = f"{value:.17g}".replace("e+", "e")
    return min((t for t in (plain, whole, _scaled(plain)) if float(t) == value), key=len)


def _scaled(plain: str) -> str:
    bare = plain.rstrip("0") if plain.isdigit() else plain
    return f"{bare}e{len(plain) - len(bare)}" if bare and bare != plain else plain


def _try(formula: Formula, low: float, high: float) -> None:
    """Refuse a formula that is not a number of fair size somewhere in its box."""
    import numpy as np

    axis = np.linspace(low, high, POINTS)
    points = np.meshgrid(*[axis] * len(formula.variables), indexing="ij")
    found = formula(*points)
    worst = np.abs(np.where(np.isfinite(found), found, np.inf))
    if not worst.max() <= LARGEST:
        i = np.unravel_index(int(worst.argmax()), worst.shape)
        where = ", ".join(f"{v} = {p[i]:.3g}" for v, p in zip(formula.variables, points, strict=True))
        said = f"it is {found[i]:.2g}" if math.isfinite(found[i]) else "it has no value"
        raise BadFormula(
            f"{said} at {where}; it must be finite and at most {LARGEST:.0e} in all of [{low:g}, {high:g}]"
        )
