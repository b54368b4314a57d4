"""Who is calling, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from artrator.errors import ArtratorError, Code
from artrator.messages.registry import Scope


@dataclass(frozen=True)
class Caller:
    """The account behind a request.

    Attributes:
        api_key: The API key's id, or None for a signed-in key, which may do everything.
        scopes: What the API key may do.
    """

    account: str
    handle: str
    public_key: str
    api_key: str | None = None
    scopes: frozenset[str] = frozenset()

    def require(self, scope: Scope) -> None:
        """Raise ArtratorError ``scope_missing`` unless the caller may do this."""
        if self.api_key is not None and scope.value not in self.scopes:
            raise ArtratorError(Code.SCOPE_MISSING, f"This API key lacks the scope {scope.value}.", scope=scope.value)

    def require_key(self) -> None:
        """Raise ArtratorError ``scope_missing`` for API keys: only the account's own key may do this."""
        if self.api_key is not None:
            raise ArtratorError(
                Code.SCOPE_MISSING, "No API key may do this.", cure="Sign in with the account's own key."
            )
