"""The node's standing with its registry: registered, heard of, with fresh ticket keys and the registry's time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from artrator.clients.registry import RegistryClient
from artrator.documents import NodeDescriptor
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages.registry import Heartbeat, HeartbeatAnswer, NodeRegistration
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.identity import Identity
from artrator_node.logs import log
from artrator_node.metrics import Metrics
from artrator_node.registry.keyring import Keyring
from artrator_node.registry.revocations import Revocations
from artrator_node.waiting import set_within

_logger = logging.getLogger(__name__)

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 30.0
#: Never more often than this, whatever the registry asks for.
_SHORTEST_BEAT: Final = 0.5
#: A descriptor is signed anew when a third of its life is left.
_RENEW_SECONDS: Final = 10 * 86_400


class Link:
    """Registers the node and sends its heartbeats."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        creator: PrivateKey,
        registry: RegistryClient,
        keyring: Keyring,
        revocations: Revocations,
        clock: Clock,
        metrics: Metrics,
        send_again: Callable[[float], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._creator = creator
        self._registry = registry
        self._keyring = keyring
        self._revocations = revocations
        self._clock = clock
        self._metrics = metrics
        self._send_again = send_again
        self._lost_since: float | None = None
        self._registered_until = 0.0
        self.reached_at: float | None = None
        self.problem: ArtratorError | None = None

    async def run(self, say: Callable[[], Heartbeat], changed: asyncio.Event) -> None:
        """Keep the node known, for ever. ``changed`` makes the next heartbeat come at once."""
        wait = _FIRST_WAIT
        while True:
            changed.clear()
            try:
                answer = await self.beat(say())
            except ArtratorError as error:
                self._failed(error)
                pause, wait = wait, min(wait * 2, _LONGEST_WAIT)
            except Exception:  # a bug here must not take the node off the registry for good
                _logger.exception("heartbeat_failed")
                pause, wait = wait, min(wait * 2, _LONGEST_WAIT)
            else:
                pause, wait = max(answer.next_in, _SHORTEST_BEAT), _FIRST_WAIT
            if await set_within(changed, pause):
                await asyncio.sleep(_SHORTEST_BEAT)  # changes come in swarms

    async def beat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """One heartbeat: the time, a registration if it is due, the packages' states, the keys if they changed."""
        await self._synchronise()
        if self._clock.now() > self._registered_until:
            await self._register()
        try:
            answer = await self._registry.heartbeat(self._identity.node, heartbeat)
        except ArtratorError as error:
            if error.code is Code.NODE_UNKNOWN:  # the registry lost its memory; tell it again next time
                self._registered_until = 0.0
            raise
        if answer.keyset_serial > self._keyring.serial:
            await self._keyring.refresh()
        self._revocations.learn(answer.revoked)
        if answer.lost_since is not None and answer.lost_since != self._lost_since:
            # Said with every heartbeat, done once; a restart does it once more, which is harmless.
            await self._send_again(answer.lost_since)
        self._lost_since = answer.lost_since
        self.reached_at, self.problem = self._clock.now(), None
        return answer

    async def _synchronise(self) -> None:
        before = self._clock.monotonic()
        info = await self._registry.info()
        self._clock.synchronise(info.time, self._clock.monotonic() - before)
        if self._keyring.serial == 0:
            await self._keyring.refresh()

    async def _register(self) -> None:
        document = self._identity.descriptor(self._settings, self._creator, now=self._clock.now())
        await self._registry.register_node(self._identity.node, NodeRegistration(descriptor=document))
        self._registered_until = NodeDescriptor.peek(document).expires_at - _RENEW_SECONDS
        log(_logger, logging.INFO, "node_registered", node=self._identity.node, urls=list(self._settings.urls))

    def _failed(self, error: ArtratorError) -> None:
        self._metrics.registry_errors.labels(error.code.value).inc()
        if self.problem is None or self.problem.code is not error.code:
            log(_logger, logging.WARNING, "registry_trouble", code=error.code.value, message=error.message)
        self.problem = error
