"""Of an idle connection, the client lets go first: then no request meets a closing one."""

from __future__ import annotations

import asyncio

import pytest

from artrator.clients import _http
from artrator.keep_alive import CLIENT_SECONDS, SERVER_SECONDS


def test_servers_keep_idle_connections_for_far_longer_than_clients() -> None:
    assert SERVER_SECONDS >= 2 * CLIENT_SECONDS


@pytest.mark.parametrize(("kept", "connections"), [(600.0, 1), (0.01, 2)])
def test_a_client_lets_go_of_a_connection_after_as_long_as_is_said(
    kept: float, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "CLIENT_SECONDS", kept)
    seen: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer)
        try:
            while await reader.readline():
                while (await reader.readline()).strip():
                    pass
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, _http.Connected(f"http://127.0.0.1:{port}", trust_env=False) as client:
            for _ in range(2):
                answer = await _http.fetch(client._http, "GET", "/", server="It", seconds=60)
                assert answer.content == b"{}"
                await asyncio.sleep(0.1)
        for writer in seen:
            await writer.wait_closed()

    asyncio.run(run())
    assert len(seen) == connections
