"""Servers that answer as they please, over real sockets: for tests of whoever has to talk to them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from artrator.keys import PrivateKey

#: Gets what was asked (the request's head) and a writer to misbehave on.
Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    """A whole, honest HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def says(data: bytes) -> Handler:
    """A handler that writes ``data`` and hangs up."""

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return handler


def endless(head: str, piece: bytes, *, pause: float = 0.0) -> Handler:
    """A handler that never stops."""

    async def handler(asked: str, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode())
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


@asynccontextmanager
async def hostile(handler: Handler, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server on a loopback port; yields its address."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"(?im)^content-length: (\d+)", asked)
                if length is not None:  # hanging up on unread bytes would take the answer with it
                    await reader.readexactly(int(length[1]))
                await handler(asked, writer)
        finally:
            tasks.discard(task)
            with contextlib.suppress(OSError):
                writer.transport.abort() if writer.transport.get_write_buffer_size() > 2**20 else writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def certificate(key: PrivateKey) -> tuple[str, ssl.SSLContext]:
    """A self-signed certificate in PEM, and a server's context that shows it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public.native)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public.native), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public.native), critical=False)
        .sign(key.native, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cert.pem").write_bytes(pem)
        (Path(folder) / "key.pem").write_bytes(key.to_pem())
        context.load_cert_chain(Path(folder) / "cert.pem", Path(folder) / "key.pem")
    return pem.decode(), context
