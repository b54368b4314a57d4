"""Real programs that the rails are tried against, each in an environment of its own outside the checkout.

They are made once, when a checkout is set up for its tests, and kept: LNbits has a hundred dependencies that fit
nothing of ours, and localstripe is GPL, so that it may stand beside us as a process and never inside. Making one needs
the package index, so no test does it: where one is not there, the tests that want it are skipped.
``python tests/support/counterparts.py`` makes them all.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Counterpart:
    """A distribution with what else it needs, and the Pythons that it runs on, best first."""

    name: str
    needs: Sequence[str]
    pythons: Sequence[str]


#: 1.6.2 reads addresses with a bitstring that version 5 took away, and does not say so.
LNBITS = Counterpart("lnbits", ("lnbits==1.6.2", "bitstring<5"), ("3.12", "3.11"))
LOCALSTRIPE = Counterpart("localstripe", ("localstripe==1.15.10",), ("3.11", "3.12", "3.13"))
_START_SECONDS = 90.0


class MissingError(Exception):
    """It cannot be had here; the message says why."""


def environment(what: Counterpart, *, make: bool = False) -> Path:
    """The interpreter of an environment that has it, made now if it may be; raises MissingError."""
    home = Path(os.environ.get("ARTRATOR_COUNTERPARTS", Path.home() / ".cache" / "artrator-counterparts"))
    # The name holds the versions: other ones get an environment of their own.
    folder = home / "-".join(need.replace("==", "-").replace("<", "-below-") for need in what.needs)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (folder / "complete").exists():
        return python
    if not make:
        raise MissingError(f"{what.name} is not here; make it with: python tests/support/counterparts.py")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        raise MissingError("there is no uv")
    home.mkdir(parents=True, exist_ok=True)
    said = ""
    for version in what.pythons:
        shutil.rmtree(folder, ignore_errors=True)
        made = _run(uv, "venv", "--quiet", "--no-python-downloads", "--python", _python(version), str(folder))
        said = made or _run(uv, "pip", "install", "--quiet", "--python", str(python), *what.needs)
        if not said:
            (folder / "complete").touch()
            return python
    raise MissingError(f"{what.name} cannot be installed: {said.strip().splitlines()[-1]}")


def _python(version: str) -> str:
    """An interpreter by its version; those of pyenv are not on the path."""
    found = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
    return str(found[-1]) if found else version


def _run(*command: str) -> str:
    """What went wrong; empty if nothing did."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return "" if done.returncode == 0 else done.stderr or "no reason was given"


@contextlib.contextmanager
def running(command: Sequence[str], cwd: Path, settings: dict[str, str], ready: str) -> Iterator[str]:
    """Start a program with ``{port}`` in its command, wait until ``ready`` answers; answers its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    # A clean environment: no proxies, no keys of whoever runs the tests.
    clean = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **settings}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [part.replace("{port}", str(port)) for part in command],
            cwd=cwd,
            env=clean,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + _START_SECONDS
            with httpx.Client(trust_env=False) as http:
                while True:
                    with contextlib.suppress(httpx.HTTPError):
                        if http.get(url + ready, timeout=2).status_code < 500:
                            break
                    if process.poll() is not None or time.monotonic() > until:
                        log.seek(0)
                        raise MissingError(f"it does not start: {log.read()[-2000:].decode(errors='replace')}")
                    time.sleep(0.2)
            yield url
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program, and whatever serves for it: LNbits starts a second process that would outlive the first."""
    if os.name == "nt":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):  # it did not start
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


@contextlib.contextmanager
def lnbits(data: Path) -> Iterator[str]:
    """A real LNbits with its FakeWallet, which pays invoices of its own wallets."""
    python = environment(LNBITS)
    # Found, not imported: importing it writes a key into the folder that one stands in.
    where = "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('lnbits').origin).parents[1])"
    site = _run_out(python, where)
    settings = {
        "HOME": str(data),
        "LNBITS_DATA_FOLDER": str(data / "data"),
        "LNBITS_EXTENSIONS_PATH": str(data),
        "LNBITS_BACKEND_WALLET_CLASS": "FakeWallet",
        "LNBITS_ADMIN_UI": "true",
        # It is to ask nobody outside for extensions and prices.
        "LNBITS_EXTENSIONS_MANIFESTS": "[]",
        "LNBITS_PRICE_AGGREGATOR_ENABLED": "false",
        "LNBITS_CALLBACK_ALLOW_PRIVATE_IPS": "true",
        "LNBITS_CALLBACK_URL_RULES": json.dumps([r"http://127\.0\.0\.1:\d+"]),
    }
    command = [str(python), "-m", "lnbits.server", "--host", "127.0.0.1", "--port", "{port}"]
    # It finds its templates from the folder that it is started in.
    with running(command, Path(site), settings, "/api/v1/health") as url:
        yield url


class Purse:
    """The administrator of an LNbits, who makes wallets and fills them."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        password = {"password": "a long password", "password_repeat": "a long password"}
        token = self._send("PUT", "/api/v1/auth/first_install", "", {"username": "operator", **password})
        self._token = token["access_token"]

    def wallet(self, name: str, satoshi: int = 0) -> dict[str, str]:
        """A wallet: ``id``, ``inkey`` (may look and make invoices) and ``adminkey`` (may spend)."""
        made = self._send("POST", "/api/v1/account", "", {"name": name})
        if satoshi:
            self._send("PUT", "/users/api/v1/balance", "", {"id": made["id"], "amount": satoshi}, token=self._token)
        return made

    def pay(self, adminkey: str, invoice: str) -> None:
        """Pay an invoice of another wallet of this LNbits."""
        self._send("POST", "/api/v1/payments", adminkey, {"out": True, "bolt11": invoice})

    def invoice(self, inkey: str, satoshi: int, **more: object) -> dict[str, str]:
        """An invoice that some other program makes."""
        return self._send("POST", "/api/v1/payments", inkey, {"out": False, "amount": satoshi, "memo": "other", **more})

    def _send(self, method: str, path: str, key: str, body: dict[str, object], token: str = "") -> dict[str, str]:
        headers = {"X-Api-Key": key} if key else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        answer = self._http.request(method, path, headers=headers, json=body)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found


@contextlib.contextmanager
def localstripe(data: Path) -> Iterator[str]:
    """A localstripe: somebody else's idea of what Stripe answers."""
    python = environment(LOCALSTRIPE)
    command = [str(python.parent / "localstripe"), "--port", "{port}", "--from-scratch"]
    with running(command, data, {"HOME": str(data)}, "/js.stripe.com/v3/") as url:
        yield url


def _run_out(python: Path, code: str) -> str:
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    missing = []
    for each in (LNBITS, LOCALSTRIPE):
        try:
            print(each.name, environment(each, make=True))
        except (MissingError, OSError, subprocess.SubprocessError) as reason:
            missing.append(str(reason))
    sys.exit("\n".join(missing) or None)
