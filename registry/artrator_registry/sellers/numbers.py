"""Numbers that tax offices give out, as far as they can be checked without asking."""

from __future__ import annotations

import re
from typing import Final

from artrator.errors import ArtratorError, Code

#: The weights of the National Tax Service (국세청). The ninth digit's product counts with both of its digits.
_WEIGHTS: Final = (1, 3, 7, 1, 3, 7, 1, 3, 5)
#: As it is printed: 124-81-00998.
_KOREAN: Final = re.compile(r"[0-9]{3}-?[0-9]{2}-?[0-9]{5}", re.ASCII)
_PLAIN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ./+-]*", re.ASCII)


def business_number(country: str, text: str) -> str:
    """A business number as it is stored: in Korea ten digits, elsewhere as it was given.

    Raises:
        ArtratorError: ``request_invalid``: it cannot be one.
    """
    text = text.strip()
    if country == "KR":
        if not _KOREAN.fullmatch(text) or not fits(digits := text.replace("-", "")):
            raise ArtratorError(
                Code.REQUEST_INVALID,
                "This is no Korean business registration number.",
                cure="Write its ten digits as they stand on the certificate, such as 124-81-00998.",
                field="business_number",
            )
        return digits
    return plain(text, "business_number")


def plain(text: str, field: str) -> str:
    """A number of another country: letters, digits and what stands between them."""
    text = text.strip()
    if text and not _PLAIN.fullmatch(text):
        raise ArtratorError(Code.REQUEST_INVALID, "This number has signs that no such number has.", field=field)
    return text


def fits(digits: str) -> bool:
    """Whether the last of ten digits is the check digit of the first nine."""
    figures = [int(digit) for digit in digits]
    total = sum(figure * weight for figure, weight in zip(figures, _WEIGHTS, strict=False))
    total += figures[8] * _WEIGHTS[8] // 10
    return (10 - total % 10) % 10 == figures[9]
