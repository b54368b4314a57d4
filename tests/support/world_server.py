"""The world of ``registry_world`` behind a real port, in a thread of its own, for programs in this process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, Self, TypeVar

import uvicorn
from registry_world import World

from artrator.rail import Rail
from artrator_registry import Settings

T = TypeVar("T")


class WorldServer:
    """``do`` runs a coroutine in the registry's thread; ``url`` is where everybody else reaches it."""

    def __init__(self, settings: Settings, rails: Mapping[str, Rail] | None = None) -> None:
        self._settings = settings
        self._rails = rails
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failed: BaseException | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)
        self.world: World
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(240), "the registry did not start"
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        # The audit at the end of a world is a part of every test.
        if self._failed is not None:
            raise self._failed

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the registry runs, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            self._failed = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with World(self._settings, self._rails) as self.world:
            with socket.socket() as listening:
                listening.bind(("127.0.0.1", 0))
                listening.listen(64)
                self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
                config = uvicorn.Config(self.world.app, log_config=None, lifespan="off", ws="none")
                server = uvicorn.Server(config)
                serving = asyncio.ensure_future(server.serve(sockets=[listening]))
                while not server.started:
                    await asyncio.sleep(0.01)
                self._ready.set()
                await self._stop.wait()
                server.should_exit = server.force_exit = True
                await serving
