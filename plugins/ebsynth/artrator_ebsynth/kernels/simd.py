"""The sum of squared differences of int16 rows, written for LLVM because it is nearly all that a search does.

On x86 it is one ``pmaddwd`` for 8, 16 or 32 differences, whichever the processor has; elsewhere LLVM chooses.
"""

from __future__ import annotations

import platform
from typing import Any, Final

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_INT16: Final = ir.IntType(16)
_INT32: Final = ir.IntType(32)
#: (lanes, LLVM's name, the processor's feature), widest first.
_MULTIPLY_ADD: Final = (
    (32, "llvm.x86.avx512.pmaddw.d.512", "avx512bw"),
    (16, "llvm.x86.avx2.pmadd.wd", "avx2"),
    (8, "llvm.x86.sse2.pmadd.wd", "sse2"),
)


def _widest() -> tuple[int, str | None]:
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return 8, None
    features = llvm.get_host_cpu_features()
    return next(((lanes, name) for lanes, name, feature in _MULTIPLY_ADD if features.get(feature)), (8, None))


_WIDEST: Final = _widest()
#: Differences taken at once. Arrays given to ``squared_distance`` have so many elements to spare behind their last row.
LANES: Final = _WIDEST[0]
_INSTRUCTION: Final = _WIDEST[1]


@intrinsic
def squared_distance(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, a_stride, b, b_start, b_stride, rows, length, mask
):
    """Sum over ``rows`` rows of ``length`` squared differences between two flat int16 arrays.

    Args:
        typingctx: Numba's.
        a: int16, flat.
        a_start: Where the first row of ``a`` begins.
        a_stride: Elements from one row of ``a`` to the next.
        b: int16, flat.
        b_start: Where the first row of ``b`` begins.
        b_stride: Elements from one row of ``b`` to the next.
        rows: How many rows.
        length: Elements of a row.
        mask: int16, ``2 * LANES`` long: the first half is -1, the second 0.

    Returns:
        int32; the caller scales its values so that the sum fits.
    """
    signature = types.int32(a, types.intp, types.intp, b, types.intp, types.intp, types.intp, types.intp, mask)
    return signature, _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    left, a_start, a_stride, right, b_start, b_stride, rows, length, mask = arguments
    a = context.make_array(signature.args[0])(context, builder, left).data
    b = context.make_array(signature.args[3])(context, builder, right).data
    masks = context.make_array(signature.args[8])(context, builder, mask).data
    lanes, sums = ir.VectorType(_INT16, LANES), ir.VectorType(_INT32, LANES // 2)
    index = length.type
    width = ir.Constant(index, LANES)
    total = cgutils.alloca_once_value(builder, ir.Constant(sums, [0] * (LANES // 2)))
    rest = builder.and_(length, ir.Constant(index, LANES - 1))
    whole = builder.sub(length, rest)
    tail = _load(builder, masks, builder.sub(width, rest), lanes)

    def add(a_place: Any, b_place: Any, keep: Any = None) -> None:
        difference = builder.sub(_load(builder, a, a_place, lanes), _load(builder, b, b_place, lanes))
        if keep is not None:
            difference = builder.and_(difference, keep)
        builder.store(builder.add(builder.load(total), _square_pairs(builder, difference, lanes, sums)), total)

    with cgutils.for_range(builder, rows, intp=index) as row:
        a_row = builder.add(a_start, builder.mul(row.index, a_stride))
        b_row = builder.add(b_start, builder.mul(row.index, b_stride))
        with cgutils.for_range_slice(builder, ir.Constant(index, 0), whole, width, intp=index) as (place, _):
            add(builder.add(a_row, place), builder.add(b_row, place))
        with builder.if_then(builder.icmp_signed("!=", rest, ir.Constant(index, 0))):
            add(builder.add(a_row, whole), builder.add(b_row, whole), tail)
    reduce = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(_INT32, [sums]), f"llvm.vector.reduce.add.v{LANES // 2}i32"
    )
    return builder.call(reduce, [builder.load(total)])


def _load(builder: Any, data: Any, place: Any, kind: Any) -> Any:
    return builder.load(builder.bitcast(builder.gep(data, [place]), kind.as_pointer()), align=2)


def _square_pairs(builder: Any, values: Any, lanes: Any, sums: Any) -> Any:
    """Squares, added in pairs."""
    if _INSTRUCTION is not None:
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(sums, [lanes, lanes]), _INSTRUCTION)
        return builder.call(function, [values, values])
    half = LANES // 2
    pair = []
    for odd in (0, 1):
        chosen = ir.Constant(ir.VectorType(_INT32, half), [ir.Constant(_INT32, 2 * i + odd) for i in range(half)])
        wide = builder.sext(builder.shuffle_vector(values, values, chosen), sums)
        pair.append(builder.mul(wide, wide))
    return builder.add(*pair)


@intrinsic
def at(typingctx, array, index):  # type: ignore[no-untyped-def]
    """``array.flat[index]`` without asking whether the index is negative."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load(builder.gep(data, [arguments[1]]))

    return array.dtype(array, types.intp), generate


@intrinsic
def add_to(typingctx, array, index, value):  # type: ignore[no-untyped-def]
    """``array.flat[index] += value``, never asking whether the index is negative, so that LLVM takes many at once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(data, [arguments[1]])
        builder.store(builder.add(builder.load(place), arguments[2]), place)
        return context.get_dummy_value()

    return types.void(array, types.intp, array.dtype), generate
