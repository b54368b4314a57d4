"""The load generator, the same for everybody: wrk with requests that were written before the clock started."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True)
class Answered:
    """What wrk saw. Milliseconds of one request."""

    requests: int
    seconds: float
    p50: float
    p90: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def post(host: str, path: str, body: bytes) -> bytes:
    """A request as it goes over the line."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def write(requests: Iterable[bytes], file: Path) -> None:
    """A file as ``requests.lua`` reads it."""
    with file.open("wb") as out:
        for request in requests:
            out.write(b"%d\n" % len(request) + request)


def drive(url: str, file: Path, at_once: int, seconds: float) -> Answered:
    """Keep ``at_once`` connections busy for so long."""
    command = ["wrk", "-t1", f"-c{at_once}", f"-d{seconds:.0f}s", "--timeout", "30s", "-s", str(_SCRIPT), url]
    done = subprocess.run([*command, "--", str(file)], capture_output=True, text=True, check=True)
    found = [line for line in done.stdout.splitlines() if line.startswith("JSON ")]
    if not found:
        raise RuntimeError(done.stdout + done.stderr)
    return Answered(**json.loads(found[0].removeprefix("JSON ")))
