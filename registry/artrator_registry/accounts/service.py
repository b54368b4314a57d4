"""Signing in by key, sessions, and API keys."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections import OrderedDict
from typing import Any, Final

from artrator.canonical import unb64
from artrator.clients.registry import sign_in_bytes
from artrator.errors import ArtratorError, Code
from artrator.keys import PublicKey
from artrator.messages import registry as m
from artrator.money import MAX_AMOUNT, format_credits
from artrator_registry.accounts import store
from artrator_registry.accounts.challenges import Challenges
from artrator_registry.accounts.models import Caller
from artrator_registry.ledger import store as ledger
from artrator_registry.limits import Limits
from artrator_registry.settings import Settings
from artrator_registry.storage import Database, Transaction

_SESSION_PREFIX: Final = "ars_"
_API_KEY_PREFIX: Final = "ark_"
#: Sessions that are remembered without asking the database.
_REMEMBERED_SESSIONS: Final = 10_000
#: An account that has more keys than this at a time has lost track of them.
_MOST_API_KEYS: Final = 100
#: Handles that would let somebody speak in the operator's name.
_RESERVED: Final = frozenset({"admin", "administrator", "artrator", "operator", "registry", "support", "system"})


class Accounts:
    """Everything about accounts."""

    def __init__(self, database: Database, settings: Settings, registry: str, limits: Limits) -> None:
        self._db = database
        self._settings = settings
        self._limits = limits
        self._registry = registry
        self._challenges = Challenges()
        self._sessions: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    # --- signing in

    def challenge(self, request: m.ChallengeRequest) -> m.Challenge:
        """A nonce for a key to sign."""
        key = read_key(request.public_key)
        expires_at = self._db.clock() + self._settings.challenge_seconds
        challenge, nonce = self._challenges.issue(key.encode(), expires_at)
        return m.Challenge(challenge=challenge, nonce=nonce, registry=self._registry, expires_at=expires_at)

    async def sign_in(self, request: m.SignIn, address: str) -> m.Session:
        """A session for whoever holds the key; the account is made on the first visit, from this address."""
        key = read_key(request.public_key)
        nonce = self._challenges.take(request.challenge, key.encode(), self._db.clock())
        if nonce is None:
            raise ArtratorError(Code.CHALLENGE_INVALID, "This challenge is used, too old or for another key.")
        try:
            signature = unb64(request.signature)
        except ValueError:
            signature = b""
        if not key.verify(signature, sign_in_bytes(nonce, self._registry)):
            raise ArtratorError(Code.CHALLENGE_INVALID, "The signature does not fit the challenge and the key.")
        token = _SESSION_PREFIX + secrets.token_urlsafe(32)
        return await self._db.write(self._open_session, key, request, token, address)

    def _open_session(self, t: Transaction, key: PublicKey, request: m.SignIn, token: str, address: str) -> m.Session:
        row = store.by_key(t, key.encode())
        if row is None:
            row = _create(t, key, request.handle, request.display_name)
            self._limits.accounts.take(address)
        until = t.now + self._settings.session_seconds
        store.add_session(t, _digest(token), row["id"], until)
        return m.Session(token=token, expires_at=until, account=_account(row))

    async def caller(self, token: str) -> Caller:
        """Who holds a bearer token; raises ArtratorError ``session_invalid`` or ``api_key_invalid``."""
        digest = _digest(token)
        if token.startswith(_API_KEY_PREFIX):
            # Looked up every time: a key that was revoked must end at once.
            return await self._db.read(_api_key_caller, digest)
        known = self._sessions.get(digest)
        if known is None:
            # A session never changes, so it is remembered until it ends.
            known = self._sessions[digest] = await self._db.read(_session_caller, digest)
            while len(self._sessions) > _REMEMBERED_SESSIONS:
                self._sessions.popitem(last=False)
        who, expires_at = known
        if expires_at <= self._db.clock():
            self._sessions.pop(digest, None)
            raise _no_session()
        return who

    def sweep(self, t: Transaction) -> None:
        """Forget what has ended."""
        self._challenges.forget(t.now)
        store.forget_sessions(t)

    # --- the account

    async def account(self, who: Caller) -> m.Account:
        """The caller's account."""
        return await self._db.read(lambda t: _account(store.by_id(t, who.account)))

    # --- API keys

    async def create_api_key(self, who: Caller, request: m.APIKeyRequest) -> m.APIKey:
        """A new API key, with its secret."""
        if request.spending_limit is not None and request.spending_limit > MAX_AMOUNT:
            raise ArtratorError(
                Code.REQUEST_INVALID,
                f"The field spending_limit is wrong: at most {format_credits(MAX_AMOUNT)} credits.",
                field="spending_limit",
            )
        return await self._db.write(_create_api_key, who.account, request, self._limits)

    async def api_keys(self, who: Caller) -> m.APIKeys:
        """Every API key of the caller, without secrets."""
        return await self._db.read(lambda t: m.APIKeys(items=[_api_key(row) for row in store.api_keys(t, who.account)]))

    async def revoke_api_key(self, who: Caller, key: str) -> None:
        """End an API key at once."""
        await self._db.write(_revoke, who.account, key)


def read_key(text: str) -> PublicKey:
    """A public key of a request."""
    try:
        if len(text) > 200:
            raise ValueError("too long for a P-256 key")
        return PublicKey.decode(text)
    except Exception as error:  # the key library raises many kinds for malformed keys
        raise ArtratorError(
            Code.REQUEST_INVALID, "The field public_key is wrong: not a P-256 public key.", field="public_key"
        ) from error


def _api_key_caller(t: Transaction, digest: bytes) -> Caller:
    row = store.api_key_by_digest(t, digest)
    if row is None:
        raise ArtratorError(Code.API_KEY_INVALID, "This API key is unknown, revoked or has ended.")
    return Caller(row["id"], row["handle"], row["public_key"], row["api_key"], frozenset(json.loads(row["scopes"])))


def _session_caller(t: Transaction, digest: bytes) -> tuple[Caller, float]:
    row = store.session(t, digest)
    if row is None:
        raise _no_session()
    return Caller(row["id"], row["handle"], row["public_key"]), row["expires_at"]


def _no_session() -> ArtratorError:
    return ArtratorError(Code.SESSION_INVALID, "The session is unknown or has ended.")


def named(t: Transaction, handle: str) -> Any:
    """The row of the account with this handle; raises ArtratorError ``account_unknown``."""
    row = store.by_handle(t, handle)
    if row is None:
        raise ArtratorError(
            Code.ACCOUNT_UNKNOWN,
            f"Nobody here has the handle {handle}.",
            cure="Check its spelling; an account is made when its owner signs in for the first time.",
        )
    return row


def spend(t: Transaction, api_key: str, amount: int) -> None:
    """Count a hold against an API key's limit; raises ArtratorError ``spending_limit``."""
    row = store.api_key(t, api_key)
    limit = row["spending_limit"]
    if limit is not None and row["spent"] + amount > limit:
        left = limit - row["spent"]
        raise ArtratorError(
            Code.SPENDING_LIMIT,
            f"This API key may spend {format_credits(left)} more credits; this costs up to {format_credits(amount)}.",
            left=left,
            needed=amount,
        )
    store.spend(t, api_key, amount)


def give_back(t: Transaction, api_key: str, amount: int) -> None:
    """Return to an API key what it did not spend after all."""
    if amount:
        store.spend(t, api_key, -amount)


def _create(t: Transaction, key: PublicKey, handle: str | None, display_name: str | None) -> Any:
    # An account's id follows from its key, so that a registry restored from a backup makes the same one again.
    account = str(uuid.uuid5(uuid.NAMESPACE_URL, f"artrator:account:{key.id}"))
    if handle in _RESERVED:
        raise ArtratorError(Code.CONFLICT, f"The handle {handle} is reserved.", cure="Choose another handle.")
    wanted = handle or f"u-{key.id.removeprefix('sha256:')[:12]}"
    if store.by_handle(t, wanted) is not None:
        raise ArtratorError(Code.CONFLICT, f"The handle {wanted} is taken.", cure="Choose another handle.")
    store.add(t, account, wanted, display_name or wanted, key.encode())
    ledger.add_accounts(t, account)
    return store.by_id(t, account)


def _create_api_key(t: Transaction, account: str, request: m.APIKeyRequest, limits: Limits) -> m.APIKey:
    if store.count_api_keys(t, account) >= _MOST_API_KEYS:
        raise ArtratorError(
            Code.REQUEST_INVALID,
            f"An account has at most {_MOST_API_KEYS} API keys at a time.",
            cure="Use one that exists, or revoke one.",
        )
    if request.expires_at is not None and request.expires_at <= t.now:
        raise ArtratorError(
            Code.REQUEST_INVALID, "The field expires_at is wrong: it lies in the past.", field="expires_at"
        )
    limits.api_keys.take(account)
    key, secret = str(uuid.uuid4()), _API_KEY_PREFIX + secrets.token_urlsafe(32)
    scopes = sorted({scope.value for scope in request.scopes})
    store.add_api_key(
        t, key, account, _digest(secret), request.label, scopes, request.spending_limit, request.expires_at
    )
    return _api_key(store.api_key(t, key)).model_copy(update={"secret": secret})


def _revoke(t: Transaction, account: str, key: str) -> None:
    row = store.api_key(t, key)
    if row is None or row["account"] != account:
        raise ArtratorError(
            Code.NOT_FOUND, "You have no such API key.", cure="`artrator account keys list` lists them."
        )
    store.revoke(t, key)


def _account(row: Any) -> m.Account:
    return m.Account(
        id=row["id"],
        handle=row["handle"],
        display_name=row["display_name"],
        public_key=row["public_key"],
        created_at=row["created_at"],
    )


def _api_key(row: Any) -> m.APIKey:
    return m.APIKey(
        id=row["id"],
        label=row["label"],
        scopes=[m.Scope(scope) for scope in json.loads(row["scopes"])],
        spending_limit=row["spending_limit"],
        spent=row["spent"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _digest(token: str) -> bytes:
    # A plain digest is enough: tokens are 256 random bits, so there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
