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
#: Means are padded with zeros to a multiple of this.
MEAN_LANES: Final = min(LANES, 16)


@intrinsic
def squared_distance(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, a_stride, b, b_start, b_stride, rows, length
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

    Returns:
        int32; the caller scales its values so that the sum fits.
    """
    signature = types.int32(a, types.intp, types.intp, b, types.intp, types.intp, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, a_start, a_stride, right, b_start, b_stride, rows, length = arguments
        a = context.make_array(signature.args[0])(context, builder, left).data
        b = context.make_array(signature.args[3])(context, builder, right).data
        lanes, sums, index = ir.VectorType(_INT16, LANES), ir.VectorType(_INT32, LANES // 2), length.type
        zero, width = ir.Constant(index, 0), ir.Constant(index, LANES)
        # The last load of a row has at least one element of it; which ones is the same for all rows.
        last = builder.and_(builder.sub(length, ir.Constant(index, 1)), ir.Constant(index, -LANES))
        rest = _all(builder, builder.trunc(builder.sub(length, last), _INT16), LANES)
        steps = ir.Constant(lanes, [ir.Constant(_INT16, lane) for lane in range(LANES)])
        keep = builder.sext(builder.icmp_signed("<", steps, rest), lanes)
        total = cgutils.alloca_once(builder, sums)
        builder.store(ir.Constant(sums, [0] * (LANES // 2)), total)

        def add(a_place: Any, b_place: Any, keep: Any = None) -> None:
            difference = builder.sub(_load(builder, a, a_place, lanes), _load(builder, b, b_place, lanes))
            if keep is not None:
                difference = builder.and_(difference, keep)
            builder.store(builder.add(builder.load(total), _square_pairs(builder, difference, LANES)), total)

        with cgutils.for_range(builder, rows, intp=index) as row:
            a_row = builder.add(a_start, builder.mul(row.index, a_stride))
            b_row = builder.add(b_start, builder.mul(row.index, b_stride))
            with cgutils.for_range_slice(builder, zero, last, width, intp=index) as (place, _):
                add(builder.add(a_row, place), builder.add(b_row, place))
            add(builder.add(a_row, last), builder.add(b_row, last), keep)
        return _sum_lanes(builder, builder.load(total), LANES // 2)

    return signature, generate


@intrinsic
def squared_distance_where(  # type: ignore[no-untyped-def]
    typingctx, a, a_start, a_stride, b, b_start, b_stride, rows, length, chosen
):
    """As ``squared_distance``, of the elements of a row where ``chosen`` is -1 only; it is 0 from ``length`` on."""
    signature = types.int32(a, types.intp, types.intp, b, types.intp, types.intp, types.intp, types.intp, chosen)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, a_start, a_stride, right, b_start, b_stride, rows, length, which = arguments
        a = context.make_array(signature.args[0])(context, builder, left).data
        b = context.make_array(signature.args[3])(context, builder, right).data
        masks = context.make_array(signature.args[8])(context, builder, which).data
        lanes, sums, index = ir.VectorType(_INT16, LANES), ir.VectorType(_INT32, LANES // 2), length.type
        total = cgutils.alloca_once(builder, sums)
        builder.store(ir.Constant(sums, [0] * (LANES // 2)), total)
        zero, width = ir.Constant(index, 0), ir.Constant(index, LANES)
        with (
            cgutils.for_range(builder, rows, intp=index) as row,
            cgutils.for_range_slice(builder, zero, length, width, intp=index) as (place, _),
        ):
            a_place = builder.add(builder.add(a_start, builder.mul(row.index, a_stride)), place)
            b_place = builder.add(builder.add(b_start, builder.mul(row.index, b_stride)), place)
            difference = builder.sub(_load(builder, a, a_place, lanes), _load(builder, b, b_place, lanes))
            difference = builder.and_(difference, _load(builder, masks, place, lanes))
            builder.store(builder.add(builder.load(total), _square_pairs(builder, difference, LANES)), total)
        return _sum_lanes(builder, builder.load(total), LANES // 2)

    return signature, generate


@intrinsic
def means_apart(typingctx, a, a_start, b, b_start, chunks):  # type: ignore[no-untyped-def]
    """Sum of the squares of what ``MEAN_LANES * chunks`` pairs of uint8 numbers, all rounded, differ by at least."""
    signature = types.int32(a, types.intp, b, types.intp, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, a_start, right, b_start, chunks = arguments
        a = context.make_array(signature.args[0])(context, builder, left).data
        b = context.make_array(signature.args[2])(context, builder, right).data
        lanes, sums, index = ir.VectorType(_INT16, MEAN_LANES), ir.VectorType(_INT32, MEAN_LANES // 2), chunks.type
        few = ir.VectorType(ir.IntType(8), MEAN_LANES)
        one = ir.Constant(lanes, [1] * MEAN_LANES)
        kind = ir.FunctionType(lanes, [lanes, lanes])
        largest = cgutils.get_or_insert_function(builder.module, kind, f"llvm.smax.v{MEAN_LANES}i16")
        less = cgutils.get_or_insert_function(builder.module, kind, f"llvm.usub.sat.v{MEAN_LANES}i16")

        def squares(place: Any) -> Any:
            first = builder.zext(_load(builder, a, builder.add(a_start, place), few, 1), lanes)
            second = builder.zext(_load(builder, b, builder.add(b_start, place), few, 1), lanes)
            size = builder.call(largest, [builder.sub(first, second), builder.sub(second, first)])
            return _square_pairs(builder, builder.call(less, [size, one]), MEAN_LANES)

        # The first run is outside the loop, because most problems have no other.
        total = cgutils.alloca_once(builder, sums)
        builder.store(squares(ir.Constant(index, 0)), total)
        width, end = ir.Constant(index, MEAN_LANES), builder.mul(chunks, ir.Constant(index, MEAN_LANES))
        with cgutils.for_range_slice(builder, width, end, width, intp=index) as (place, _):
            builder.store(builder.add(builder.load(total), squares(place)), total)
        return _sum_lanes(builder, builder.load(total), MEAN_LANES // 2)

    return signature, generate


def _load(builder: Any, data: Any, place: Any, kind: Any, align: int = 2) -> Any:
    return builder.load(builder.bitcast(builder.gep(data, [place]), kind.as_pointer()), align=align)


def _all(builder: Any, value: Any, count: int) -> Any:
    """A vector of one value."""
    kind = ir.VectorType(value.type, count)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_INT32, 0))
    places = ir.Constant(ir.VectorType(_INT32, count), [0] * count)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), places)


def _sum_lanes(builder: Any, values: Any, count: int) -> Any:
    kind = ir.FunctionType(_INT32, [ir.VectorType(_INT32, count)])
    reduce = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.add.v{count}i32")
    return builder.call(reduce, [values])


def _square_pairs(builder: Any, values: Any, count: int) -> Any:
    """Squares of ``count`` int16 numbers, added in pairs."""
    half = count // 2
    lanes, sums = ir.VectorType(_INT16, count), ir.VectorType(_INT32, half)
    if _INSTRUCTION is not None:
        name = next(name for lanes_, name, _ in _MULTIPLY_ADD if lanes_ == count)
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(sums, [lanes, lanes]), name)
        return builder.call(function, [values, values])
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
