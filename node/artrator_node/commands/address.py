"""Where a node's folder is and where it answers, for the commands that speak with it."""

from __future__ import annotations

import ssl
from pathlib import Path

import click
import httpx

from artrator.messages.node import Health
from artrator.profile import Profile
from artrator_node.config import Paths, Settings

data_option = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="The node's folder. Default: 'node' in your profile.",
)


def paths_of(data: Path | None) -> Paths:
    """The node's folder: the one that was given, or the profile's."""
    return Paths((data or Profile().folder / "node").expanduser().resolve())


def own_url(host: str, port: int) -> str:
    """The address of a node that listens on ``host``; this machine's own where it listens everywhere."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"https://{shown}:{port}"


def local_url(settings: Settings) -> str:
    """Where a node answers on its own machine."""
    return own_url(settings.host, settings.port)


def client_of(paths: Paths) -> httpx.AsyncClient | None:
    """A client that believes the node's own certificate and no other; None before the node was made."""
    if not paths.tls_certificate.exists():
        return None
    context = ssl.create_default_context(cadata=paths.tls_certificate.read_text(encoding="ascii"))
    context.check_hostname = False
    return httpx.AsyncClient(verify=context, timeout=5, trust_env=False)


async def health_of(paths: Paths, url: str) -> Health | None:
    """The node's own word; None if it does not answer."""
    client = client_of(paths)
    if client is None:
        return None
    async with client:
        return await read_health(client, url)


async def read_health(client: httpx.AsyncClient, url: str) -> Health | None:
    """The health page by a client that is open."""
    try:
        answer = await client.get(f"{url}/v1/health")
        return Health.model_validate_json(answer.content)
    except (httpx.HTTPError, ValueError):
        return None
