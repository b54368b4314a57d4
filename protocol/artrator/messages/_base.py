"""The base of every message."""

from __future__ import annotations

from typing import Annotated

from artrator._pydantic import BaseModel, ConfigDict, Field
from artrator.money import MAX_AMOUNT

#: Micro-credits that a client names.
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
#: Micro-credits that a client would pay at most; only compared, never kept, so any number will do.
Cap = Annotated[int, Field(ge=0)]


class Message(BaseModel):
    """Frozen; unknown fields are ignored, so that an older party can read a newer one's answer."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Request(BaseModel):
    """What a client sends: unknown fields are refused, so that a misspelt field is not silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
