"""What routes depend on: the registry itself, and who is calling."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from artrator.errors import ArtratorError, Code
from artrator_registry.accounts.models import Caller

if TYPE_CHECKING:
    from artrator_registry.core import Registry

_bearer = HTTPBearer(auto_error=False, description="A session token or an API key.")


async def the_registry(request: Request) -> Registry:
    """The registry that this application serves.

    Asynchronous although it waits for nothing: FastAPI sends what is not to a thread, which costs more than the rest.
    """
    registry: Registry = request.app.state.registry
    return registry


async def the_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Who is calling; raises ArtratorError ``session_invalid`` when nobody is."""
    if credentials is None:
        raise ArtratorError(Code.SESSION_INVALID, "Nobody is signed in.")
    return await (await the_registry(request)).accounts.caller(credentials.credentials)


async def address(request: Request) -> str:
    """Where a request came from, for rate limits. Of IPv6 the first half: whoever has one address has all of those."""
    if request.client is None:
        return "unknown"
    try:
        found = ip_address(request.client.host)
    except ValueError:  # a name, such as a test's
        return request.client.host
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return str(getattr(found, "ipv4_mapped", None) or found)


SignedIn = Annotated[Caller, Depends(the_caller)]
Address = Annotated[str, Depends(address)]
