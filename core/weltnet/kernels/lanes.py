"""WIDTH float32 numbers in one register: what a loop says when the compiler may not guess how it vectorises.

Offsets count numbers, are not checked, and are fastest where WIDTH numbers begin on a cache line. `fma` is fused where
the processor can, so that results hold on one kind of machine.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic, models, register_model

__all__ = ["WIDTH", "add", "broadcast", "fma", "load", "mul", "store", "sub", "tanh"]

WIDTH = 16 if "+avx512f" in (numba.config.CPU_FEATURES or get_host_cpu_features()) else 8

_ir = cgutils.ir
_f = np.float32
_vector = _ir.VectorType(_ir.FloatType(), WIDTH)


class Lanes(types.Type):  # type: ignore[misc]
    """WIDTH float32 numbers."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes{WIDTH}")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager, type_):
        super().__init__(manager, type_, _vector)


def _address(context, builder, array_type, array, offset):
    data = context.make_array(array_type)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [offset]), _vector.as_pointer())


@intrinsic
def load(context, array, offset):
    """The WIDTH numbers of a float32 array from `offset` on."""

    def generate(context, builder, signature, arguments):
        value = builder.load(_address(context, builder, signature.args[0], *arguments))
        value.align = 4
        return value

    return lanes(array, types.intp), generate


@intrinsic
def store(context, array, offset, value):
    """Write WIDTH numbers to a float32 array from `offset` on."""

    def generate(context, builder, signature, arguments):
        array, offset, value = arguments
        written = builder.store(value, _address(context, builder, signature.args[0], array, offset))
        written.align = 4
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def broadcast(context, number):
    """One number in every lane."""

    def generate(context, builder, signature, arguments):
        undefined = _ir.Constant(_vector, _ir.Undefined)
        one = builder.insert_element(undefined, arguments[0], _ir.Constant(_ir.IntType(32), 0))
        return builder.shuffle_vector(one, undefined, _ir.Constant(_ir.VectorType(_ir.IntType(32), WIDTH), [0] * WIDTH))

    return lanes(types.float32), generate


@intrinsic
def fma(context, a, b, c):
    """a b + c."""

    def generate(context, builder, signature, arguments):
        kind = _ir.FunctionType(_vector, [_vector] * 3)
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, f"llvm.fmuladd.v{WIDTH}f32"), arguments
        )

    return lanes(lanes, lanes, lanes), generate


def _binary(name, text):
    def typed(context, a, b):
        def generate(context, builder, signature, arguments):
            return getattr(builder, name)(*arguments)

        return lanes(lanes, lanes), generate

    typed.__doc__ = text
    return intrinsic(typed)


add, sub, mul, _div = (
    _binary(n, t) for n, t in (("fadd", "a + b"), ("fsub", "a − b"), ("fmul", "a b"), ("fdiv", "a/b"))
)


@intrinsic
def _clip(context, a, bound):
    """a where |a| ≤ bound, else ± bound; not-a-number stays."""

    def generate(context, builder, signature, arguments):
        a, bound = arguments
        a = builder.select(builder.fcmp_ordered(">", a, bound), bound, a)
        low = builder.fsub(_ir.Constant(_vector, [0.0] * WIDTH), bound)
        return builder.select(builder.fcmp_ordered("<", a, low), low, a)

    return lanes(lanes, lanes), generate


@njit(nogil=True, cache=True, error_model="numpy")
def _rational(v):
    z = mul(v, v)
    p = fma(broadcast(_f(-2.76076847742355e-16)), z, broadcast(_f(2.00018790482477e-13)))
    p = fma(p, z, broadcast(_f(-8.60467152213735e-11)))
    p = fma(p, z, broadcast(_f(5.12229709037114e-08)))
    p = fma(p, z, broadcast(_f(1.48572235717979e-05)))
    p = fma(p, z, broadcast(_f(6.37261928875436e-04)))
    p = fma(p, z, broadcast(_f(4.89352455891786e-03)))
    q = fma(broadcast(_f(1.19825839466702e-06)), z, broadcast(_f(1.18534705686654e-04)))
    q = fma(q, z, broadcast(_f(2.26843463243900e-03)))
    q = fma(q, z, broadcast(_f(4.89352518554385e-03)))
    return mul(v, p), q


@njit(nogil=True, cache=True, error_model="numpy")
def tanh(a, b, c, d):
    """tanh of four at once, since they can share one slow division; not-a-number in one is so in all four.

    Odd/even rational of degree 13/6 on [−7.9, 7.9], odd to the last bit; error below 6 units in the last place.
    """
    bound = broadcast(_f(7.90531110763549805))
    pa, qa = _rational(_clip(a, bound))
    pb, qb = _rational(_clip(b, bound))
    pc, qc = _rational(_clip(c, bound))
    pd, qd = _rational(_clip(d, bound))
    qab, qcd = mul(qa, qb), mul(qc, qd)
    inverse = _div(broadcast(_f(1.0)), mul(qab, qcd))
    ab, cd = mul(inverse, qcd), mul(inverse, qab)
    return mul(pa, mul(ab, qb)), mul(pb, mul(ab, qa)), mul(pc, mul(cd, qd)), mul(pd, mul(cd, qc))
