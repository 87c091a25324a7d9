"""Links of the chain: estimators → verdicts of `strings`, and the saboteurs that turn them."""

from __future__ import annotations

import copy
import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from weltnet.estimators import target, waves
from weltnet.experiment import Verdict
from weltnet.experiments.strings import EXPERIMENT, StringParams, StringState
from weltnet.observables import Field, Paths, Scalar, Series
from weltnet.params import BadParams
from weltnet.timeline import digest, restore, snapshot


def begin(seed: int = 0, **values: Any) -> tuple[StringState, StringParams]:
    params = StringParams.parse(values)
    return EXPERIMENT.begin(params, seed, lambda fraction, text: None), params


def run(state: StringState, params: StringParams, ticks: int) -> StringState:
    for _ in range(ticks // EXPERIMENT.stride):
        EXPERIMENT.step(state, params)
    return state


def judged(state: StringState, params: StringParams) -> dict[str, Verdict]:
    return {v.claim: v for v in EXPERIMENT.verdict(state, params)}


def settled(seed: int = 0, **values: Any) -> tuple[StringState, StringParams]:
    state, params = begin(seed, **values)
    return run(state, params, EXPERIMENT.verify_steps), params


@pytest.mark.parametrize("seed", range(5))
def test_every_claim_gets_its_registered_answer(seed: int) -> None:
    """Estimator → verdict: seeds 0–4 at the defaults, with the figures of the prototype."""
    verdicts = judged(*settled(seed))
    assert {v.claim: v.word for v in verdicts.values()} == {c.name: c.registered for c in EXPERIMENT.claims}
    assert verdicts["wave"].measured < 1e-12
    assert abs(verdicts["friction"].measured - 1.0) < 0.01
    assert verdicts["friction"].null is not None and verdicts["friction"].null > 3.0
    assert verdicts["virasoro"].measured < 1e-12
    assert verdicts["mean-time"].measured > 0.3
    assert verdicts["shell"].measured > 0.999
    assert verdicts["sphere"].measured < 0.06
    assert verdicts["minimal"].measured < 0.2


@pytest.mark.parametrize("ticks", [3000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_answers_last(ticks: int) -> None:
    """Estimator → verdict: after many ticks round-off has not eaten a claim."""
    state, params = begin()
    verdicts = judged(run(state, params, ticks), params)
    assert {v.claim: v.word for v in verdicts.values()} == {c.name: c.registered for c in EXPERIMENT.claims}


@pytest.mark.parametrize("saboteur", EXPERIMENT.saboteurs, ids=lambda s: s.name)
@pytest.mark.parametrize("values", [{}, {"modes": 1}, {"sites": 64, "modes": 24}, {"hop": 0.9}], ids=str)
def test_a_saboteur_turns_what_it_names(saboteur: Any, values: dict[str, Any]) -> None:
    """Verdict → saboteur: each named claim is decided and differs from the unsabotaged one, seed 0."""
    whole, broken = judged(*settled(**values)), judged(*settled(broken=[saboteur.name], **values))
    assert saboteur.turns
    for claim in saboteur.turns:
        assert broken[claim].word in ("holds", "fails")
        assert broken[claim].word != whole[claim].word


@pytest.mark.parametrize("saboteur", EXPERIMENT.saboteurs, ids=lambda s: s.name)
def test_a_saboteur_turns_a_running_string_and_lets_it_heal(saboteur: Any) -> None:
    """Verdict → saboteur: switched on live it turns within 256 ticks; off, all answers return after 256 clean ones."""
    state, params = settled()
    before = judged(state, params)
    broken = StringParams.parse({"broken": [saboteur.name]})
    assert not params.restarts(broken)
    after = judged(run(state, broken, 256), broken)
    for claim in saboteur.turns:
        assert after[claim].word in ("holds", "fails")
        assert after[claim].word != before[claim].word
    assert {v.word for v in judged(run(state, params, 2), params).values()} == {"undecided"}
    healed = judged(run(state, params, 256), params)
    assert {c: v.word for c, v in healed.items()} == {c: v.word for c, v in before.items()}


def test_dense_mixing_darkens_the_light_cone() -> None:
    """Figure: with everyone reading everyone the share on the cone is below .1 and near its null."""
    shell = judged(*settled(broken=["dense-mixing"]))["shell"]
    assert shell.measured < 0.1
    assert shell.null is not None and abs(shell.measured - shell.null) < 0.02


@pytest.mark.parametrize("hop", [0.3, 0.7])
def test_lazy_arms_have_the_slope_p(hop: float) -> None:
    """Figure: mean |ω||k| over k² for harmonics 3–8, seeds 0–5 at L = 128: p, standard error below .01."""
    slopes = []
    for seed in range(6):
        state, params = begin(seed, broken=["lazy-hop"], hop=hop, sites=128)
        run(state, params, 256)
        light = waves.spectrum(state.history, state.step % 256, 256)
        k, omega = np.abs(light.waves)[:, None], np.abs(light.frequencies)[None]
        power = light.power * ((k >= 3) & (k <= 8))
        slopes.append((power * omega * k).sum() / (power * k**2).sum())
    assert np.mean(slopes) == pytest.approx(hop, abs=0.05)


def test_tanh_is_outside_the_regime_of_a_free_wave_but_keeps_its_cone() -> None:
    """Estimator → verdict: a bent string keeps |ω| = |k|; its wave equation is judged only while A²L ≤ 1/4."""
    large, small = judged(*settled(activation="tanh")), judged(*settled(activation="tanh", amplitude=0.03))
    assert large["wave"].word == "outside-regime" and large["wave"].measured > 1e-4
    assert small["wave"].word == "holds" and 1e-4 < small["wave"].measured < 0.02
    assert large["virasoro"].word == small["virasoro"].word == "outside-regime"
    assert large["shell"].word == small["shell"].word == "holds"
    assert large["friction"].word == small["friction"].word == "holds"


def test_noise_is_outside_every_regime_but_the_literal_readings() -> None:
    """Estimator → verdict: driven waves are no free ones; the number is still shown."""
    verdicts = judged(*settled(noise=0.01))
    assert {c for c, v in verdicts.items() if v.word == "outside-regime"} == {"wave", "friction", "virasoro", "shell"}
    assert verdicts["mean-time"].word == verdicts["minimal"].word == "fails"
    assert verdicts["wave"].measured > 1e-3


def test_strength_is_kept_and_mass_is_not_curvature() -> None:
    """Kernel → verdict: rings that share their strength keep it to round-off over 2000 ticks; a mass explains all that
    coupled rings do, and nothing of what normalised ones do."""
    state, params = begin()
    run(state, params, 2000)
    assert np.abs((state.bent.curved**2).sum(axis=2) - 1.0).max() < 1e-11
    pulled, bent = target.connection(state.bent.of_massive), target.connection(state.bent.of_curved)
    assert pulled.massive[0] == pytest.approx(1.0, abs=0.01) and bent.massive[0] < 0.1
    assert bent.explained[0] > 0.999


def test_a_string_worn_to_rest_decides_nothing() -> None:
    """Estimator → verdict: a string without any motion is undecided, not a wave."""
    state, params = settled()
    state.history[:] = 0.25
    verdicts = judged(state, params)
    assert verdicts["wave"].word == verdicts["shell"].word == "undecided"


def test_verdicts_wait_for_their_window() -> None:
    """Estimator → verdict: undecided until 256 ticks have passed."""
    state, params = begin()
    assert {v.word for v in judged(run(state, params, 254), params).values()} == {"undecided"}
    assert "undecided" not in {v.word for v in judged(run(state, params, 2), params).values()}


def test_theory_is_drawn_where_a_linear_string_is_seen() -> None:
    """Theory → picture: d'Alembert's ghost lies under the ink bit for bit, and keys and types agree."""
    state, params = begin()
    run(state, params, 300)
    seen, ghost = EXPERIMENT.observe(state, params), EXPERIMENT.theory(state, params)
    assert set(ghost) <= set(seen)
    assert all(type(ghost[k]) is type(seen[k]) for k in ghost)
    curve, predicted = seen["string"], ghost["string"]
    assert isinstance(curve, Paths) and isinstance(predicted, Paths)
    assert np.array_equal(curve.points, predicted.points)
    assert np.array_equal(curve.points[0], curve.points[-1])


def test_the_ghost_of_a_bent_string_fades_with_it() -> None:
    """Theory → picture: after 600 ticks of tanh from A = .5 ink and ghost agree to .5 % of the curve's size."""
    state, params = begin(activation="tanh")
    run(state, params, 600)
    ink, ghost = EXPERIMENT.observe(state, params)["string"], EXPERIMENT.theory(state, params)["string"]
    assert isinstance(ink, Paths) and isinstance(ghost, Paths)
    assert np.abs(ink.points - ghost.points).max() < 0.005 * np.abs(ink.points).max() < 0.005


def test_the_ghost_is_the_prediction_from_the_initial_data() -> None:
    """Theory → picture: neither noise nor a saboteur moves the ghost."""
    clean, params = begin()
    run(clean, params, 100)
    broken, shaken = begin(broken=["dense-mixing"], noise=0.02)
    run(broken, shaken, 100)
    a, b = EXPERIMENT.theory(clean, params)["profile"], EXPERIMENT.theory(broken, shaken)["profile"]
    c = EXPERIMENT.observe(broken, shaken)["profile"]
    assert isinstance(a, Series) and isinstance(b, Series) and isinstance(c, Series)
    assert np.array_equal(a.y, b.y)
    assert np.abs(b.y - c.y).max() > 0.5


def test_the_friction_curve_follows_its_law() -> None:
    """Theory → picture: the companion's height against the law on the same ticks, 4000 of them, within 1 %."""
    state, params = begin()
    run(state, params, 4000)
    seen, law = EXPERIMENT.observe(state, params)["friction"], EXPERIMENT.theory(state, params)["friction"]
    assert isinstance(seen, Series) and isinstance(law, Series)
    assert 10.0 ** seen.x[-1] - 1 <= 4000 < 10.0 ** (seen.x[-1] + 0.1)
    common = np.isin(seen.x, law.x)
    assert common.sum() > 8
    assert np.abs(seen.y[0, common] - law.y[0, : common.sum()]).max() < math.log10(1.01)
    assert seen.y[0, -1] < -1.2


def test_the_history_runs_from_old_to_new() -> None:
    """Estimator → picture: the last column of the field is the profile now, the one before it one tick older."""
    state, params = begin()
    run(state, params, 300)
    seen = EXPERIMENT.observe(state, params)
    field, profile = seen["history"], seen["profile"]
    assert isinstance(field, Field) and isinstance(profile, Series)
    assert np.array_equal(field.values[:, -1], profile.y[0])
    older = run(begin()[0], params, 298)
    assert np.array_equal(field.values[:, -3] * params.amplitude, older.history[298 % 256, 0])


EXTREMES = [
    {},
    {"sites": 64, "modes": 24, "amplitude": 1.5, "activation": "tanh", "noise": 0.05, "broken": "dense-mixing"},
    {"sites": 512, "modes": 1, "amplitude": 0.003, "hop": 0.1, "broken": "lazy-hop"},
    {"sites": 300, "noise": 0.05, "hop": 0.9, "broken": "dense-mixing,lazy-hop"},
    {"sites": 64, "modes": 1, "activation": "tanh", "amplitude": 1.5, "hop": 0.5, "broken": "lazy-hop"},
]


@pytest.mark.parametrize("values", EXTREMES, ids=range(len(EXTREMES)))
def test_nothing_ever_is_not_a_number(values: dict[str, Any]) -> None:
    """Picture: at ticks 0, 2, 16 and 300 every array and number is finite and every plane is declared."""
    state, params = begin(5, **values)
    for ticks in (0, 2, 14, 284):
        run(state, params, ticks)
        for shapes in (EXPERIMENT.observe(state, params), EXPERIMENT.theory(state, params)):
            for shape in shapes.values():
                assert getattr(shape, "plane", "target") in EXPERIMENT.planes
                for f in fields(shape):  # type: ignore[arg-type]
                    value = getattr(shape, f.name)
                    assert not isinstance(value, np.ndarray | float) or np.isfinite(value).all(), f.name
        for v in EXPERIMENT.verdict(state, params):
            assert all(math.isfinite(n) for n in (v.measured, v.error, v.predicted, v.null or 0.0))


def test_readouts_stand_beside_their_planes() -> None:
    """Picture: residual, shell, constraints and amplitude are shown as numbers; the amplitude has its prediction."""
    state, params = begin(activation="tanh", amplitude=0.15)
    run(state, params, 512)
    seen, ghost = EXPERIMENT.observe(state, params), EXPERIMENT.theory(state, params)
    numbers = {k: o.plane for k, o in seen.items() if isinstance(o, Scalar)}
    assert numbers == {
        "amplitude": "target",
        "wave": "history",
        "shell": "spectrum",
        "virasoro": "profile",
        "mean time": "profile",
        "by connection": "connection",
        "coupled by connection": "connection",
    }
    ink, law = seen["amplitude"], ghost["amplitude"]
    assert isinstance(ink, Scalar) and isinstance(law, Scalar)
    assert ink.value == pytest.approx(law.value, rel=0.005)
    assert law.value < 0.5


def test_runs_are_bitwise_functions_of_seed_params_and_changes() -> None:
    """Determinism: copies, snapshots and splits agree bit by bit; seeds and a saboteur on then off do not."""
    values: dict[str, Any] = {"noise": 0.01, "broken": ["lazy-hop"], "sites": 64}
    state, params = begin(9, **values)
    run(state, params, 40)
    twin, saved = copy.deepcopy(state), snapshot(state)
    end = digest(snapshot(run(state, params, 60)))
    assert digest(snapshot(run(twin, params, 60))) == end
    restore(state, saved)
    assert digest(snapshot(run(state, params, 60))) == end
    assert digest(snapshot(run(begin(9, **values)[0], params, 100))) == end
    assert digest(snapshot(run(begin(10, **values)[0], params, 100))) != end

    whole, other = StringParams(sites=64), StringParams(sites=64, broken=("dense-mixing",))
    state, twin = (EXPERIMENT.begin(whole, 1, lambda fraction, text: None) for _ in range(2))
    run(state, whole, 100)
    run(run(run(twin, whole, 40), other, 20), whole, 40)
    assert digest(snapshot(state)) != digest(snapshot(twin))
    assert not np.array_equal(state.movers, twin.movers)


def test_shared_preparation_is_not_memory() -> None:
    """Determinism: the dense weights are not part of a snapshot; everything else that evolves is."""
    saved = snapshot(begin()[0])
    assert not any("mixing" in name for name in saved)
    assert {"movers", "clock", "companion", "history", "fade", "step", "anchored", "troubled"} <= set(saved)


def test_every_preset_is_accepted_and_every_knob_explains_itself() -> None:
    """Declaration: presets parse, knobs carry symbol, meaning, equation and group, refusals are one sentence."""
    assert len(EXPERIMENT.presets) >= 3
    for preset in EXPERIMENT.presets:
        StringParams.parse(preset.values)
        assert preset.look_for.endswith(".")
    for k in StringParams.knobs().values():
        assert k.symbol and k.meaning and k.equation and k.group
    live = {name for name, k in StringParams.knobs().items() if not k.restarts}
    assert live == {"noise", "hop"}
    with pytest.raises(BadParams, match=r"sites = 32 is refused; allowed: a whole number in \[64, 512\] neurons"):
        StringParams.parse({"sites": 32})
