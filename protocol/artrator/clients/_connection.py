"""How requests reach a registry: signed in when that is needed, and every failure told as one of ours."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from artrator._pydantic import BaseModel
from artrator.canonical import b64
from artrator.clients._http import MAX_JSON, Answer, Connected, MisbehavedError, fetch, read
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import registry as m

_M = TypeVar("_M", bound=BaseModel)
#: A session token this close to its end is renewed before it is used.
_RENEW_SECONDS = 30.0
#: A statement of a million lines, and the time to read it out.
_MAX_EXPORT = 256 * 2**20
_EXPORT_SECONDS = 600.0


def sign_in_bytes(nonce: str, registry: str) -> bytes:
    """What a key signs to sign in: bound to one challenge of one registry."""
    return f"artrator-sign-in\n{nonce}\n{registry}".encode()


@dataclass(frozen=True)
class _Question:
    """One request.

    Attributes:
        query: None stands for what is left out.
        signed: Asked as the account, and not as nobody.
        export: The answer may be as long as a year's statement.
    """

    method: str
    path: str
    query: Mapping[str, str | int | None] = field(default_factory=dict)
    body: BaseModel | None = None
    signed: bool = True
    export: bool = False


class RegistryConnection(Connected):
    """One registry, asked as one account (or as nobody, when ``key`` and ``api_key`` are None).

    Signs in by itself, on first need and when the token runs out. Every failure is an ArtratorError:
    ``registry_unreachable`` when nothing answers, ``internal`` when the answer makes no sense, else what the
    registry said.

    Args:
        url: Of the registry.
        key: The account's key.
        api_key: Used instead of signing in.
        handle, display_name: What a first sign-in asks for.
        timeout: Seconds of silence that end a request; the whole of one may take four times as long.
        transport: For tests.
        registry_id: The pinned root key's id, if it is known: then no challenge of another registry is signed, so
            that this one cannot sign in elsewhere with our answer.
    """

    def __init__(
        self,
        url: str,
        key: PrivateKey | None = None,
        *,
        api_key: str | None = None,
        handle: str | None = None,
        display_name: str | None = None,
        timeout: float = 15.0,
        transport: httpx.AsyncBaseTransport | None = None,
        registry_id: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self._api_key = api_key
        self._handle = handle
        self._display_name = display_name
        self._session: m.Session | None = None
        self._renew_at = 0.0
        self._registry_id = registry_id
        self._seconds = 4 * timeout
        try:
            super().__init__(self.url, timeout=timeout, transport=transport)
        except httpx.InvalidURL as error:
            raise ArtratorError(
                Code.REQUEST_INVALID, f"{url!a} is no address.", cure="Write it as https://registry.example."
            ) from error

    async def sign_in(self) -> m.Session:
        """Sign in now and keep the token."""
        if self.key is None:
            raise ArtratorError(Code.SESSION_INVALID, "Nobody is signed in.")
        public_key = self.key.public.encode()
        challenge = await self._post(
            "/v1/challenges", m.ChallengeRequest(public_key=public_key), m.Challenge, signed=False
        )
        if self._registry_id is not None and challenge.registry != self._registry_id:
            raise ArtratorError(
                Code.CHALLENGE_INVALID,
                f"What answers at {self.url} asks for a sign-in at another registry.",
                cure="Do not go on: ask the registry's operator whether its root key has changed.",
            )
        self._session = await self._post(
            "/v1/sessions",
            m.SignIn(
                challenge=challenge.challenge,
                public_key=public_key,
                signature=b64(self.key.sign(sign_in_bytes(challenge.nonce, challenge.registry))),
                handle=self._handle,
                display_name=self._display_name,
            ),
            m.Session,
            signed=False,
        )
        # A clock further from the registry's than a session lasts says nothing of its end; a refusal says it in time.
        left = self._session.expires_at - _RENEW_SECONDS - time.time()
        self._renew_at = time.monotonic() + left if left > 0 else math.inf
        return self._session

    async def _get(
        self, path: str, answer: type[_M], query: Mapping[str, str | int | None] | None = None, *, signed: bool = True
    ) -> _M:
        return self._read(await self._send("GET", path, query=query or {}, signed=signed), answer)

    async def _post(self, path: str, body: BaseModel, answer: type[_M], *, signed: bool = True) -> _M:
        return self._read(await self._send("POST", path, body=body, signed=signed), answer)

    async def _put(self, path: str, body: BaseModel, answer: type[_M]) -> _M:
        return self._read(await self._send("PUT", path, body=body), answer)

    async def _export(self, path: str, query: Mapping[str, str | int | None] | None = None) -> str:
        return (await self._ask(_Question("GET", path, query or {}, export=True))).content.decode()

    async def _bytes(self, path: str) -> bytes:
        """What everybody may see."""
        return (await self._ask(_Question("GET", path, signed=False))).content

    @staticmethod
    def _read(value: object, answer: type[_M]) -> _M:
        return read(value, answer, "The registry")

    async def _send(self, method: str, path: str, **how: Any) -> Any:
        """What the answer says, if it says anything; ``how`` are further fields of a ``_Question``."""
        answer = await self._ask(_Question(method, path, **how))
        return answer.json() if answer.content else None

    async def _ask(self, question: _Question) -> Answer:
        answer = await self._ask_once(question)
        if answer.status == 401 and question.signed and self.key is not None and self._api_key is None:
            # The token may have been ended early (the registry restarted with new keys): sign in once more.
            self._session = None
            answer = await self._ask_once(question)
        if answer.is_error:
            raise answer.problem()
        return answer

    async def _ask_once(self, question: _Question) -> Answer:
        headers = {"Authorization": f"Bearer {await self._token()}"} if question.signed else {}
        content = None
        if question.body is not None:
            content = question.body.model_dump_json(exclude_none=True).encode()
            headers["Content-Type"] = "application/json"
        try:
            return await fetch(
                self._http,
                question.method,
                question.path,
                server="The registry",
                limit=_MAX_EXPORT if question.export else MAX_JSON,
                seconds=_EXPORT_SECONDS if question.export else self._seconds,
                params={name: value for name, value in question.query.items() if value is not None} or None,
                content=content,
                headers=headers,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._unreachable(error) from error
        except MisbehavedError as error:
            raise ArtratorError(Code.INTERNAL, f"The registry at {self.url} {error}.") from error

    def _unreachable(self, error: Exception) -> ArtratorError:
        """What it is called that there is no answer; a certificate that is not believed is no silence."""
        if "CERTIFICATE_VERIFY_FAILED" in str(error):  # httpx keeps only the words of what ssl raised
            return ArtratorError(
                Code.REGISTRY_UNREACHABLE,
                f"The certificate of the registry at {self.url} is not trusted here.",
                cure="Do not go on unless you know why. An authority of your own is named by SSL_CERT_FILE.",
                url=self.url,
            )
        return ArtratorError(Code.REGISTRY_UNREACHABLE, f"The registry at {self.url} does not answer.", url=self.url)

    async def _token(self) -> str:
        if self._api_key is not None:
            return self._api_key
        if self._session is None or time.monotonic() > self._renew_at:
            await self.sign_in()
        assert self._session is not None  # noqa: S101  # sign_in sets it or raises
        return self._session.token
