"""HTTP routes of accounts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from artrator.errors import Code
from artrator.messages import registry as m
from artrator_registry.core import Registry
from artrator_registry.http.callers import Address, SignedIn, the_registry
from artrator_registry.http.examples import APIKeyBody, ChallengeBody, SignInBody
from artrator_registry.http.problems import AUTH, responses

router = APIRouter(tags=["accounts"])
_Registry = Annotated[Registry, Depends(the_registry)]


@router.post("/v1/challenges", summary="Ask for a challenge to sign", responses=responses(Code.RATE_LIMITED))
async def challenge(body: ChallengeBody, registry: _Registry, address: Address) -> m.Challenge:
    """Sign `artrator-sign-in`, the nonce and the registry's id (a line each) with the key, then open a session."""
    registry.limits.sign_ins.take(address)
    return registry.accounts.challenge(body)


@router.post(
    "/v1/sessions",
    summary="Sign in with a key",
    responses=responses(Code.CHALLENGE_INVALID, Code.CONFLICT, Code.RATE_LIMITED),
)
async def sign_in(body: SignInBody, registry: _Registry, address: Address) -> m.Session:
    """The first sign-in of a key creates its account; `handle` and `display_name` matter only then."""
    return await registry.accounts.sign_in(body, address)


@router.get("/v1/account", summary="Who am I", responses=responses(*AUTH))
async def account(who: SignedIn, registry: _Registry) -> m.Account:
    """The account behind the token."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.accounts.account(who)


@router.get("/v1/account/balance", tags=["money"], summary="What I have", responses=responses(*AUTH))
async def balance(who: SignedIn, registry: _Registry) -> m.Balance:
    """What can be spent, what is held for orders, and what is earned but still pending."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.ledger.balance(who.account)


@router.get("/v1/account/statement", tags=["money"], summary="Where it went", responses=responses(*AUTH))
async def statement(
    who: SignedIn,
    registry: _Registry,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    of: Annotated[m.StatementOf, Query(description="What can be spent, what was earned, or what is owed.")] = "wallet",
) -> m.Statement:
    """Every change of one of the caller's accounts, newest first, with the balance after it and the reason."""
    who.require(m.Scope.ACCOUNT_READ)
    return await registry.ledger.statement(who.account, of, before, limit)


@router.get(
    "/v1/account/statement.csv",
    tags=["money"],
    summary="Where it went, as CSV",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}, **responses(*AUTH)},
)
async def statement_csv(
    who: SignedIn,
    registry: _Registry,
    of: Annotated[m.StatementOf, Query(description="What can be spent, what was earned, or what is owed.")] = "wallet",
) -> StreamingResponse:
    """Every line, oldest first, in credits; each says why and links the order, the listing and the receipt."""
    who.require(m.Scope.ACCOUNT_READ)
    return StreamingResponse(
        registry.ledger.export(who.account, of),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="artrator-{of}.csv"'},
    )


@router.post("/v1/api-keys", summary="Make an API key", status_code=201, responses=responses(*AUTH, Code.RATE_LIMITED))
async def create_api_key(body: APIKeyBody, who: SignedIn, registry: _Registry) -> m.APIKey:
    """The secret stands in this answer and nowhere else."""
    who.require_key()
    return await registry.accounts.create_api_key(who, body)


@router.get("/v1/api-keys", summary="My API keys", responses=responses(*AUTH))
async def api_keys(who: SignedIn, registry: _Registry) -> m.APIKeys:
    """Each with what it has spent, without its secret; of those that were revoked, the latest."""
    who.require_key()
    return await registry.accounts.api_keys(who)


@router.delete(
    "/v1/api-keys/{key}", summary="Revoke an API key", status_code=204, responses=responses(*AUTH, Code.NOT_FOUND)
)
async def revoke_api_key(key: Annotated[str, Path(max_length=64)], who: SignedIn, registry: _Registry) -> Response:
    """It ends at once. Repeating this is harmless."""
    who.require_key()
    await registry.accounts.revoke_api_key(who, key)
    return Response(status_code=204)
