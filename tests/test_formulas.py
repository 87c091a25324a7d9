"""Formulas that people type: what is read, what it is worth, and what is refused with which words.

Chain of trust: the ground. The loss a person types is the loss that replicas learn in.
"""

from __future__ import annotations

import ast
import inspect
import math
import time
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weltnet import formulas
from weltnet.formulas import BadFormula, parse
from weltnet.params import BadParams, Params, formula

Q1, Q2 = np.random.default_rng(11).uniform(-3, 3, (2, 50))
SLOWEST = 0.05
"""Seconds of processor time in which anything is read or refused."""


@pytest.mark.parametrize(
    ("typed", "text", "value"),
    [
        ("q1^2+q2**2", "q1^2 + q2^2", Q1**2 + Q2**2),
        ("q₁² − 3·q₂⁴÷2", "q1^2 - 3*q2^4/2", Q1**2 - 3 * Q2**4 / 2),
        ("-q1^2", "-q1^2", -(Q1**2)),
        ("(-q1)^2", "(-q1)^2", Q1**2),
        ("2^3^2*q1", "2^3^2*q1", 512 * Q1),
        ("(2^3)^2", "(2^3)^2", np.full(50, 64.0)),
        ("1-(2-q1)", "1 - (2 - q1)", Q1 - 1),
        ("1-2-q1", "1 - 2 - q1", -1 - Q1),
        ("q1/(q2^2+1)/2", "q1/(q2^2 + 1)/2", Q1 / (Q2**2 + 1) / 2),
        ("e^(-q1²)", "e^(-q1^2)", np.exp(-(Q1**2))),
        ("2⁻¹*q1", "2^-1*q1", Q1 / 2),
        ("--q1", "q1", Q1),
        ("+q1", "q1", Q1),
        ("min(q1,q2,.5)", "min(min(q1, q2), 0.5)", np.minimum(np.minimum(Q1, Q2), 0.5)),
        ("atan2(q2, q1) + hypot(q1,q2)", "atan2(q2, q1) + hypot(q1, q2)", np.arctan2(Q2, Q1) + np.hypot(Q1, Q2)),
        ("sin(pi*q1) + tanh(2)", "sin(pi*q1) + tanh(2)", np.sin(np.pi * Q1) + math.tanh(2)),
        ("007 + 1e3 + .5", "7 + 1e3 + 0.5", np.full(50, 1007.5)),
        (" ( q1 ) ", "q1", Q1),
    ],
)
def test_formula_is_read_as_people_write_it(typed: str, text: str, value: Any) -> None:
    """Chain of trust: the ground. Precedence, signs and powers as in print; one text for equal formulas."""
    found = parse(typed)
    assert found.text == text and parse(text) == found
    assert np.allclose(found(Q1, Q2), value, rtol=1e-14, atol=1e-14)
    assert found(Q1, Q2).dtype == np.float64 and found(Q1[:, None], Q2[None, :]).shape == (50, 50)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "empty"), ("  ", "empty"), (3.0, "no text"), (None, "no text"), (b"q1", "no text"),
        ("q1 + foo", "foo at character 6 is not known"), ("q3", "q3 at character 1"), ("Q1", "Q1 at character 1"),
        ("2q1", "before q1 at character 2 an operator is missing"), ("q1 q2", "before q2 at character 4"),
        ("(q1)(q2)", "before ( at character 5"), ("q1(2)", "before ( at character 3"), ("1_000", "character 2"),
        ("sin q1", "sin at character 1 needs"), ("sin²(q1)", "sin at character 1 needs"), ("abs", "needs its argument"),
        ("q1 +", "must follow +"), ("q1 ^", "must follow ^"), ("* q1", "* at character 1"), ("q1 // 2", "character 5"),
        ("(q1", "( at character 1 is never closed"), ("q1)", ") at character 3 closes nothing"), ("()", "character 2"),
        ("q1, q2", "comma at character 3"), ("(q1, q2)", "comma"), ("hypot(q1)", "takes 2"), ("sin(q1, q2)", "takes 1"),
        ("min(q1)", "takes 2"), ("sin()", "character 5"), ("min(q1,)", "something is missing"),
        ("q1.real", ". (U+002E) at character 3"), ("q1[0]", "[ (U+005B)"), ("q1 = 2", "= (U+003D)"), ("'q1'", "U+0027"),
        ("а + q1", "U+0430"), ("q1\x00", "(U+0000) at character 3"), ("q1\n", "U+000A"), ("ｑ1", "U+FF51"),
        ("√2", "U+221A"),
        ("lambda: q1", "lambda at character 1"), ("__import__('os')", "__import__ at character 1 is not known"),
        ("1e999", "too large"), ("9^9^9", "exponent at character 3 is not in [-12, 12]"), ("q1^12.5", "exponent"),
        ("q1^q2", "exponent at character 4 varies"), ("(-2)^q1", "varies"), ("2^(3000*q1)", "no value"),
        ("1/q1", "no value at q1 = 0"), ("log(q1)", "no value at q1 = -3"), ("sqrt(q2)", "q2 = -3"),
        ("q1^0.5", "no value"),
        ("1e10", "it is 1e+10 at"), ("exp(50*q1)", "at q1 = "), ("1/0", "no value"), ("0^-1", "no value"),
        ("q1" + "+q1" * 100, "characters, of at most 300"), ("(" * 61 + "q1" + ")" * 61, "60 deep"),
        ("-" * 298 + "q1", "60 deep"),
        ("+".join(["(" + "+".join("1" * 23) + ")"] * 6), "200 parts"), ("²" * 200, "cannot stand there"),
        ("+".join(["123456²"] * 37), "written out"),
    ],
)  # fmt: skip
def test_refusal_says_what_and_where(typed: Any, words: str) -> None:
    """Chain of trust: the ground. One line, with the character counted from 1, at once, and without a warning."""
    formulas._parse.cache_clear()
    began = time.process_time()
    with warnings.catch_warnings(), pytest.raises(BadFormula) as refused:
        warnings.simplefilter("error")
        parse(typed)
    assert time.process_time() - began < SLOWEST
    sentence = str(refused.value)
    assert words in sentence and sentence.isprintable() and len(sentence) < 150


numbers = st.floats(0, 1e6, allow_subnormal=False).map(lambda x: ("number", x))
leaves = numbers | st.sampled_from([("variable", 0), ("variable", 1), ("pi",), ("e",)])
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*/"), inner, inner),
        st.tuples(st.just("^"), inner, st.integers(0, 3).map(lambda n: ("number", float(n)))),
        st.tuples(st.sampled_from(["sin", "abs", "neg", "tanh"]), inner),
        st.tuples(st.sampled_from(["min", "hypot"]), inner, inner),
    ),
    max_leaves=12,
)


def bare(tree: Any) -> Any:
    """A tree as the reader builds it: constants hold an empty place, two signs are none."""
    if tree[0] in ("number", "variable"):
        return tree
    if tree[0] in ("pi", "e"):
        return tree[0], ()
    parts = tuple(bare(part) for part in tree[1:])
    return parts[0][1] if tree[0] == "neg" and parts[0][0] == "neg" else (tree[0], *parts)


@given(trees)
def test_what_is_shown_is_read_back(tree: Any) -> None:
    """Chain of trust: the ground. A tree, shown with as few parentheses as it needs, is read back as the same tree."""
    whole = bare(tree)
    text = formulas._shown(whole, ("q1", "q2"))
    if len(text) > formulas.LONGEST:
        return
    words, places = formulas._words(text, ("q1", "q2"))
    assert formulas._Reader(words, places, ("q1", "q2")).tree() == whole


@given(st.floats(0, 1e300))
def test_numbers_are_shown_to_the_last_bit(value: float) -> None:
    """Chain of trust: the ground. Formulas are one only if their numbers are; no text is longer than Python's."""
    text = formulas._digits(value)
    assert float(text) == value and len(text) <= len(repr(value))


def test_nothing_is_ever_executed() -> None:
    """Chain of trust: the ground. The module calls nothing that could run what a person typed."""
    tree = ast.parse(inspect.getsource(formulas))
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not called & {"eval", "exec", "compile", "__import__", "open", "globals", "locals", "vars"}
    got = {ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "getattr"}
    assert got == {"getattr(node, 'col_offset', 0)", "getattr(np, NUMPY.get(head, head))"}
    heads = {*formulas.FUNCTIONS, *formulas.NUMPY}
    assert all(callable(getattr(np, formulas.NUMPY.get(head, head))) for head in heads)


class Lossy(Params):
    """A loss that is typed."""

    height: str = formula("q1**2", -3, 3, symbol="V", meaning="how high the loss is", restarts=True)


def test_a_knob_can_be_a_formula() -> None:
    """Chain of trust: the ground. Text of any spelling becomes canonical text; equal formulas are equal Params."""
    knob = Lossy.knobs()["height"]
    assert (knob.kind, knob.default, knob.variables, knob.restarts) == ("formula", "q1^2", ("q1", "q2"), True)
    assert Lossy.parse({"height": "q₁²"}) == Lossy() and Lossy.parse({"height": "q1**2"}).as_text() == {}
    turned = Lossy.parse({"height": "q1²+1"})
    assert turned.as_text() == {"height": "q1^2 + 1"} and Lossy.parse(turned.as_text()) == turned
    assert Lossy().restarts(turned) and Lossy.model_json_schema()["properties"]["height"]["type"] == "string"
    assert knob.fault("q1 +").startswith("Refused: ") and knob.fault("q1") == ""
    with pytest.raises(BadParams) as refused:
        Lossy.parse({"height": "q1 + foo"}, turned)
    assert all(w in str(refused.value) for w in ("height = 'q1 + foo'", "foo at character 6", "allowed: ", "how high"))
