"""Answers that were not simulated: closed forms and slow honest twins in numpy and scipy; never numba."""
