"""LNbits' API, as far as it is needed, with bounds on what it may answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import httpx

from artrator.errors import ArtratorError, Code

_SECONDS: Final = 20.0
#: A payment is below a kilobyte, its memo and extras included.
_MOST_BYTES: Final = 256 * 1024


class Server:
    """One LNbits server, as the holder of one wallet's invoice key."""

    def __init__(self, url: str, invoice_key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=_SECONDS,
            # No cookies, no proxies from the environment, no redirect with our key to somewhere else.
            trust_env=False,
            follow_redirects=False,
            headers={"X-Api-Key": invoice_key, "Accept-Encoding": "identity"},
        )

    async def make_invoice(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """``POST /api/v1/payments``."""
        found = await self._send("POST", "/api/v1/payments", body)
        if found is None:
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits has no payments at this address; check its url.")
        return found

    async def payment(self, payment_hash: str) -> Mapping[str, Any] | None:
        """``GET /api/v1/payments/{hash}``; None if there is none."""
        return await self._send("GET", f"/api/v1/payments/{payment_hash}", None)

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        content = bytearray()
        try:
            # httpx counts from one piece to the next, and a server may send a byte now and then for ever.
            async with asyncio.timeout(_SECONDS), self._http.stream(method, path, json=body) as answer:
                async for chunk in answer.aiter_raw():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits answers with more than anybody could want.")
        except (httpx.HTTPError, TimeoutError) as error:
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits does not answer.") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits does not know our key.")
        if answer.is_error:
            hint = " Does its LNBITS_CALLBACK_URL_RULES allow our address?" if b"Callback URL" in content else ""
            raise ArtratorError(Code.RAIL_UNAVAILABLE, f"LNbits refuses with status {answer.status_code}.{hint}")
        try:
            value = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _nonsense() from error
        if not isinstance(value, dict):
            raise _nonsense()
        return value


def _nonsense() -> ArtratorError:
    return ArtratorError(Code.RAIL_UNAVAILABLE, "LNbits' answer could not be understood.")
