"""A registry for node tests: signs any ticket it is asked to, right or wrong, and takes what nodes send.

It is a double because tests of the gate need tickets that the real registry would never sign; paid jobs over the
real one are tested in ``tests/end_to_end``.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from artrator.documents import KeySet, NodeDescriptor, Ticket, TicketKey
from artrator.documents import ticket as tickets
from artrator.keys import PrivateKey


@dataclass
class RegistryDouble:
    """Who signs, and what was heard."""

    port: int = 0
    serial: int = 1
    root: PrivateKey = field(default_factory=PrivateKey.generate)
    ticket_key: PrivateKey = field(default_factory=PrivateKey.generate)
    #: How often nodes are to send heartbeats.
    next_in: float = 0.5
    #: Refunded purchases, which nodes are told of.
    revoked: list[str] = field(default_factory=list)
    #: What is added to the time it tells.
    ahead: float = 0.0
    claims: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    heartbeats: list[dict[str, Any]] = field(default_factory=list)
    descriptors: list[NodeDescriptor] = field(default_factory=list)
    publications: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The code that every claim is answered with; None takes them.
    refuse_claims: str | None = None
    claims_at_once: int = 16

    def __post_init__(self) -> None:
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self._app(), host="127.0.0.1", port=self.port, log_config=None, lifespan="off", ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(10)
        self._server = None

    def ticket(self, *, buyer: PrivateKey, node: str, package: str, offer: str, request: str, **other: Any) -> str:
        """A ticket that is good for ten minutes unless ``other`` says otherwise; ``key`` signs it."""
        key = other.pop("key", self.ticket_key)
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.root.id,
            "aud": node,
            "sub": str(uuid.uuid5(uuid.NAMESPACE_OID, buyer.id)),
            "cnf": buyer.public.encode(),
            "jti": str(uuid.uuid4()),
            "iat": now,
            "listing": "atelier/toy",
            "package": package,
            "offer": offer,
            "request": request,
            "measures": {"step": 1000, "pixel": 10**9},
            "cap": 5_000_000,
            "start_by": now + 300,
            "finish_by": now + 600,
            "capture_by": now + 1200,
        }
        return tickets.issue(Ticket(**(claims | other)), key)

    def keyset(self) -> dict[str, Any]:
        now = int(time.time())
        key = TicketKey(
            kid=self.ticket_key.id,
            public_key=self.ticket_key.public.encode(),
            not_before=now - 3600,
            not_after=now + 86_400,
        )
        return KeySet(registry=self.root.id, serial=self.serial, keys=[key]).sign(self.root)

    def _app(self) -> FastAPI:
        app = FastAPI()
        account = {
            "id": str(uuid.uuid4()),
            "handle": "atelier",
            "display_name": "Atelier",
            "public_key": "",
            "created_at": 0.0,
        }

        @app.get("/v1/registry")
        def info() -> dict[str, Any]:
            return {
                "name": "double",
                "registry": self.root.id,
                "root_key": self.root.public.encode(),
                "version": "0",
                "time": time.time() + self.ahead,
                "credit_note": {"en": "none"},
                "listings": 0,
                "nodes_online": 0,
                "fee_basis_points": 500,
            }

        @app.get("/v1/keys")
        def keys() -> dict[str, Any]:
            return self.keyset()

        @app.post("/v1/challenges")
        def challenge() -> dict[str, Any]:
            return {"challenge": "c", "nonce": "n", "registry": self.root.id, "expires_at": time.time() + 60}

        @app.post("/v1/sessions")
        def session() -> dict[str, Any]:
            return {"token": "t", "expires_at": time.time() + 3600, "account": account}

        @app.get("/v1/account")
        def who() -> dict[str, Any]:
            return account

        @app.put("/v1/listings/{handle}/{name}")
        async def listing(handle: str, name: str, request: Request) -> dict[str, Any]:
            body = self.publications[f"{handle}/{name}"] = await request.json()
            card = {
                "listing": f"{handle}/{name}",
                "title": {"en": name},
                "summary": {"en": name},
                "task": "x",
                "creator": handle,
                "creator_name": handle,
                "version": "1.0",
                "package": "sha256:" + "0" * 64,
                "license": "Apache-2.0",
                "commercial": False,
                "tags": [],
                "samples": [],
                "price": 1,
                "state": "cold",
                "nodes": 0,
                "runs": 0,
                "published_at": 0.0,
            }
            return {
                "card": card,
                "manifest": body["manifest"],
                "offer": body["offer"],
                "creator_key": "",
                "signature": body["signature"],
                "versions": [],
            }

        @app.put("/v1/nodes/{node}")
        async def register(node: str, request: Request) -> dict[str, Any]:
            self.descriptors.append(NodeDescriptor.peek((await request.json())["descriptor"]))
            return {"next_in": self.next_in, "keyset_serial": self.serial}

        @app.post("/v1/nodes/{node}/heartbeat")
        async def beat(node: str, request: Request) -> dict[str, Any]:
            self.heartbeats.append(await request.json())
            return {"next_in": self.next_in, "keyset_serial": self.serial, "revoked": self.revoked}

        @app.post("/v1/receipts")
        async def claims(request: Request) -> Response:
            body = await request.json()
            if len(body["claims"]) > self.claims_at_once:
                return JSONResponse(
                    {"error": {"code": "request_too_large", "message": "no", "cure": "", "details": {}}}, 413
                )
            items: list[dict[str, Any]] = []
            for claim in body["claims"]:
                if self.refuse_claims is not None:
                    items.append({"order": claim["order"], "code": self.refuse_claims, "message": "no"})
                    continue
                self.claims.setdefault(claim["order"], []).append(claim)
                state = "settled" if claim.get("acknowledgement") else "claimed"
                items.append({"order": claim["order"], "state": state})
            return JSONResponse({"items": items})

        return app
