"""Where a node's folder is and where it answers, for the commands that speak with it."""

from __future__ import annotations

import ssl
from pathlib import Path

import click
import httpx

from artrator.errors import ArtratorError, Code
from artrator.messages.node import Health
from artrator.node_controls import NodeControls
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


def local_url(paths: Paths, settings: Settings) -> str:
    """Where the node answers on its own machine: since its last start, or where its settings say."""
    return NodeControls(paths.root).url or settings.local_url


def client_of(paths: Paths) -> httpx.AsyncClient | None:
    """A client that believes the node's own certificate and no other; None before the node was made."""
    if not paths.tls_certificate.exists():
        return None
    context = ssl.create_default_context(cadata=paths.tls_certificate.read_text(encoding="ascii"))
    context.check_hostname = False
    return httpx.AsyncClient(verify=context, timeout=5, trust_env=False)


async def health_of(paths: Paths, url: str) -> Health | None:
    """The node's own word; None if it is not serving.

    Raises:
        ArtratorError: As of ``read_health``.
    """
    client = client_of(paths)
    if client is None:
        return None
    async with client:
        return await read_health(client, url)


async def read_health(client: httpx.AsyncClient, url: str) -> Health | None:
    """The health page by a client that is open; None if nothing of this node's listens there.

    Raises:
        ArtratorError: ``node_unreachable`` if it listens and gives no answer that can be read: nobody knows how it is.
    """
    try:
        answer = await client.get(f"{url}/v1/health")
        return Health.model_validate_json(answer.content)
    except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL):
        return None  # another program's certificate is refused before a word is said
    except (httpx.HTTPError, ValueError) as error:
        silent = isinstance(error, httpx.TimeoutException)
        raise ArtratorError(
            Code.NODE_UNREACHABLE,
            f"The node at {url} {'does not answer' if silent else 'gives no answer that can be read'}.",
            cure="It may be very busy: ask again in a moment. If it stays so, look at its log.",
        ) from error
