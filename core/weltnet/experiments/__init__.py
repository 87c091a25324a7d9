"""The table of contents, in reading order. Adding an experiment is one file and one line here."""

from __future__ import annotations

from typing import Any

from weltnet.experiment import Experiment
from weltnet.experiments import (
    adjust,
    bell,
    circulation,
    classical,
    cone,
    cosmological,
    criticality,
    diffusion,
    duality,
    efficiency,
    einstein,
    first_law,
    geodesics,
    hidden,
    kappa,
    locality,
    lorentz,
    madelung,
    metric,
    observatory,
    phase,
    regimes,
    schrodinger,
    second_law,
    selection,
    signature,
    strings,
)

__all__ = ["ALL", "by_slug"]

ALL: tuple[Experiment[Any, Any], ...] = (
    observatory.EXPERIMENT,
    first_law.EXPERIMENT,
    second_law.EXPERIMENT,
    efficiency.EXPERIMENT,
    regimes.EXPERIMENT,
    criticality.EXPERIMENT,
    diffusion.EXPERIMENT,
    kappa.EXPERIMENT,
    phase.EXPERIMENT,
    schrodinger.EXPERIMENT,
    adjust.EXPERIMENT,
    madelung.EXPERIMENT,
    circulation.EXPERIMENT,
    classical.EXPERIMENT,
    hidden.EXPERIMENT,
    bell.EXPERIMENT,
    cone.EXPERIMENT,
    signature.EXPERIMENT,
    metric.EXPERIMENT,
    cosmological.EXPERIMENT,
    geodesics.EXPERIMENT,
    einstein.EXPERIMENT,
    lorentz.EXPERIMENT,
    strings.EXPERIMENT,
    duality.EXPERIMENT,
    locality.EXPERIMENT,
    selection.EXPERIMENT,
)


def by_slug(slug: str) -> Experiment[Any, Any]:
    """The experiment of this slug; an unknown one is refused with a sentence naming all."""
    for experiment in ALL:
        if experiment.slug == slug:
            return experiment
    raise KeyError(f"{slug!r} is not an experiment; allowed: {', '.join(e.slug for e in ALL)}")
