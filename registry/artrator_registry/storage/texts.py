"""Values as texts of columns."""

from __future__ import annotations

from pydantic_core import to_json


def as_json(value: object) -> str:
    """JSON without spaces, by pydantic's writer: what ``json.dumps`` makes anew for each text costs a job more."""
    return to_json(value).decode()
