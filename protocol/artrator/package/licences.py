"""Licence expressions: SPDX, or ``LicenseRef-…`` with a text in the package."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from artrator.package.tables import Table

_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


def check_licence(table: Table, expression: str, license_file: str | None) -> None:
    """Note what is wrong with the fields ``license`` and ``license_file``."""
    # Imported here because a worker's environment need not hold it; a worker reads only what was checked before.
    from license_expression import ExpressionError

    try:
        parsed = _spdx().parse(expression, strict=True)
    except (ExpressionError, ValueError, AttributeError, TypeError):
        table.problem(
            "license",
            f"{expression!r} is not a licence expression.",
            "Write an SPDX expression such as Apache-2.0 or MIT AND CC-BY-4.0, or LicenseRef-YourName.",
        )
        return
    keys = [] if parsed is None else [str(key) for key in _spdx().license_keys(parsed)]
    unknown = [key for key in keys if key not in _spdx().known_symbols and _REFERENCE.fullmatch(key) is None]
    for key in unknown:
        table.problem(
            "license",
            f"{key} is not an SPDX licence.",
            f"Use an id of spdx.org/licenses, or LicenseRef-{re.sub('[^A-Za-z0-9.-]', '-', key)} with license_file.",
        )
    if not unknown and parsed is not None and parsed.render() != expression:
        table.problem("license", f"{expression!r} is written otherwise in SPDX.", f'Write "{parsed.render()}".')
    if license_file is None and any(key.startswith("LicenseRef-") for key in keys):
        table.problem(
            "license",
            f"{expression!r} names a licence whose text nobody knows.",
            'Add license_file = "LICENSE.txt" and put the text there.',
        )


@lru_cache(maxsize=1)
def _spdx() -> Any:  # the library has no types
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
