"""One client of Stripe, and one way for its errors to end: a sentence without a secret."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final, TypeVar

import stripe

from artrator.errors import ArtratorError, Code
from artrator_stripe.settings import StripeSettings

_T = TypeVar("_T")
#: A registry must not wait for its provider as long as the SDK would (80 s).
_SECONDS: Final = 20.0
#: The SDK repeats what failed on the way, with the same idempotency key.
_RETRIES: Final = 2
_NOT_FOUND: Final = 404


class MissingError(ArtratorError):
    """Stripe knows nothing of what was asked for."""

    def __init__(self) -> None:
        super().__init__(Code.RAIL_UNAVAILABLE, "Stripe knows nothing of this.")


def connections() -> stripe.HTTPXClient:
    """What a client speaks through; whoever asked for it closes it."""
    return stripe.HTTPXClient(timeout=_SECONDS)


def connect(settings: StripeSettings, http: stripe.HTTPXClient) -> stripe.StripeClient:
    """A client that belongs to this rail alone; nothing of the SDK's global state is used."""
    return stripe.StripeClient(
        settings.secret_key,
        base_addresses={"api": settings.api} if settings.api else {},
        http_client=http,
        max_network_retries=_RETRIES,
    )


async def call(work: Awaitable[_T]) -> _T:
    """Wait for one call.

    Raises:
        MissingError: Stripe knows nothing of it.
        ArtratorError: ``rail_unavailable``. What Stripe says of a wrong key repeats a part of it, so no sentence of
            Stripe's is passed on where it refuses us.
    """
    try:
        return await work
    except stripe.AuthenticationError as error:
        raise _unavailable("does not know our key") from error
    except stripe.PermissionError as error:
        raise _unavailable("does not let our key do this") from error
    except stripe.RateLimitError as error:
        raise _unavailable("wants us to slow down") from error
    except stripe.IdempotencyError as error:
        raise ArtratorError(Code.CONFLICT, "Stripe was asked for something else with this id before.") from error
    except stripe.APIConnectionError as error:
        raise _unavailable("does not answer") from error
    except stripe.InvalidRequestError as error:
        if error.http_status == _NOT_FOUND or error.code == "resource_missing":
            raise MissingError from error
        reason = str(error.user_message or error.code or "no reason")[:200]
        raise _unavailable(f"refuses: {reason.rstrip('.')}") from error
    except stripe.StripeError as error:
        raise _unavailable(f"failed ({type(error).__name__})") from error


def _unavailable(what: str) -> ArtratorError:
    # ``from error`` keeps the SDK's own words for whoever debugs; they are never shown and never logged.
    return ArtratorError(Code.RAIL_UNAVAILABLE, f"Stripe {what}.")
