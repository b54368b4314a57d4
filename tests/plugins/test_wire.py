"""The wire between a node and its worker."""

import asyncio
import socket
import sys

import pytest

from artrator.worker.wire import Channel, WireError


def test_what_has_arrived_is_known_before_it_is_taken():
    async def main():
        ours, theirs = socket.socketpair()
        here, there = Channel(ours, max_body=0), Channel(theirs, max_body=0)
        assert not here.has_news()
        await there.send({"op": "cancel"})
        assert here.has_news()
        assert (await here.receive()).op == "cancel"
        assert not here.has_news()
        await there.close()
        assert here.has_news()  # that nothing will come any more
        with pytest.raises(WireError):
            await here.receive()
        await here.close()

    asyncio.run(main())


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are numbers of their own there")
def test_a_worker_of_a_node_with_many_connections_knows_it_too():
    """Its own connection has the number that the node gave it."""
    import fcntl
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("this account may not open so many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    try:
        ours, theirs = socket.socketpair()
        with ours, theirs, socket.socket(fileno=fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD, 2048)) as high:
            channel = Channel(high, max_body=0)
            assert not channel.has_news()
            theirs.sendall(b"x")
            assert channel.has_news()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
