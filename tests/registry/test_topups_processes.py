"""A real registry process that takes cards from our Stripe over HTTP: killed between a webhook and its answer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
import stripe_fake
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe_fake import KEY, SECRET, Stripe

from artrator.clients.registry import RegistryClient
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator.messages import rails as rm
from artrator_registry.cli import registry

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform == "win32", reason="signals")]
MICRO = 1_000_000
ELEVEN = rm.TopUpRequest(rail="stripe", amount=11 * MICRO)


class Server:
    """``artrator registry serve --rail stripe`` on one port, again and again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = 0
        self.log = ""

    def start(self) -> None:
        code = "from artrator_registry.cli import registry; registry()"
        options = ["--port", str(self.port), "--rail", "stripe", "--sweep-seconds", "0.3"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--init", "--data", str(self.data), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        listening = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process, listening), daemon=True)
        self._reader.start()
        assert listening.wait(240), self.log

    def _read(self, process: subprocess.Popen[str], listening: threading.Event) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self.log += line
                if line.startswith("listening on http://"):
                    self.port = int(line.rpartition(":")[2])
                    listening.set()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(240)
        self._reader.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> str:
        done = CliRunner().invoke(registry, [*arguments, "--data", str(self.data)])
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture(scope="module")
def shop(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Stripe]]:
    data = tmp_path_factory.mktemp("cards") / "registry"
    shutil.copytree(fresh, data)
    fake = Stripe()
    with stripe_fake.running(fake) as api:
        file = data / "rails.toml"
        file.write_text(
            f'[stripe]\nsecret_key = "{KEY}"\nwebhook_secrets = "{SECRET}"\ncurrency = "eur"\nrate = "0.01"\n'
            f'api = "{api}"\n'
        )
        file.chmod(0o600)
        server = Server(data)
        server.start()
        fake.delivery.url = f"{server.url}/v1/rails/stripe/webhook"
        yield server, fake
        server.kill()


async def _insist(client: RegistryClient, topup: str) -> rm.TopUp:
    """As every client does: the same request again until there is an answer."""
    while True:
        try:
            return await client.top_up(topup, ELEVEN)
        except ArtratorError as problem:
            if problem.code not in (Code.REGISTRY_UNREACHABLE, Code.RAIL_UNAVAILABLE, Code.RATE_LIMITED):
                raise
            await anyio.sleep(0.05)


@pytest.mark.slow
async def test_kill_9_between_webhook_and_answer_loses_and_doubles_nothing(shop: tuple[Server, Stripe]) -> None:
    server, fake = shop
    client = RegistryClient(server.url, PrivateKey.generate(), handle="mina", timeout=240)
    await client.sign_in()
    topups: list[str] = []
    for number in range(12):
        topup = str(uuid.uuid4())
        topups.append(topup)
        asked = await _insist(client, topup)
        assert asked.page is not None
        session = asked.page.rpartition("/")[2]
        # The webhooks are on their way while the registry dies: before, during or after it has kept them.
        sending = threading.Thread(target=fake.pay, args=(session,))
        sending.start()
        await anyio.sleep(number * 0.004)
        await anyio.to_thread.run_sync(server.kill)
        await anyio.to_thread.run_sync(sending.join)
        assert "no difference" in server.run("audit")
        await anyio.to_thread.run_sync(server.start)
        for event in fake.events[:2]:  # Stripe tries again what got no answer, and sometimes what did
            await anyio.to_thread.run_sync(fake.send, event)
    until = time.monotonic() + 240
    while time.monotonic() < until:
        states = [(await client.topup(topup)).state for topup in topups]
        if all(state is rm.TopUpState.PAID for state in states):
            break
        await anyio.sleep(0.2)
    assert states == [rm.TopUpState.PAID] * len(topups)
    assert (await client.balance()).available == len(topups) * 11 * MICRO
    assert len(fake.all("checkout.session")) == len(topups)
    await client.aclose()
    assert "no difference" in server.run("audit")


async def test_no_bytes_make_the_webhook_stumble_and_no_secret_stands_in_the_log(shop: tuple[Server, Stripe]) -> None:
    server, _ = shop
    things = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["cs_1", "pi_../x", "in_é"]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    )
    event = st.fixed_dictionaries(
        {
            "id": things,
            "type": st.sampled_from(["checkout.session.completed", "charge.dispute.created", "invoice.paid"]) | things,
            "data": st.fixed_dictionaries({"object": st.fixed_dictionaries({
                "id": things,
                "object": st.sampled_from(["checkout.session", "dispute", "invoice", "charge"]) | things,
                "payment_intent": things,
                "metadata": things,
                "parent": things,
            })}) | things,
        }
    )  # fmt: skip
    sent: list[tuple[bytes, dict[str, bytes]]] = []

    @settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=80) | (event | things).map(lambda value: json.dumps(value).encode()), st.integers(0, 3))
    def draw(body: bytes, kind: int) -> None:
        headers: dict[str, bytes] = {}
        if kind:  # most are signed, so that what is behind the signature is met
            at = int(time.time())
            with_signature = stripe_fake.stripe.WebhookSignature.generate_signature_header
            try:
                headers["Stripe-Signature"] = with_signature(body.decode(), SECRET, at).encode()
            except UnicodeDecodeError:
                headers["Stripe-Signature"] = f"t={at},v1=00".encode()
        sent.append((body, headers))

    draw()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=240) as http:
        for body, headers in sent:
            answer = await http.post("/v1/rails/stripe/webhook", content=body, headers=headers)
            assert answer.status_code in (204, 400, 429), (body, headers, answer.text)
        assert (await http.get("/v1/health")).status_code == 200
    for secret in (KEY, SECRET, KEY[-6:]):
        assert secret not in server.log
    assert "Traceback" not in server.log


def test_credits_are_bought_from_the_command_line(shop: tuple[Server, Stripe], tmp_path: Path) -> None:
    server, fake = shop
    environment = {**os.environ, "ARTRATOR_HOME": str(tmp_path), "ARTRATOR_REGISTRY": server.url}

    def artrator(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "artrator", *words]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def said(*words: str) -> str:
        output, _ = artrator(*words).communicate(timeout=240)
        return output

    assert "joan" in said("account", "use", server.url, "--handle", "joan")
    rails = said("topup")
    assert "Card (Stripe): 5 to 500 credits, one for 1.00 EUR" in rails
    assert "no cash value" in rails
    buying = artrator("topup", "stripe", "11", "--no-browser")
    assert buying.stdout is not None
    assert buying.stdout.readline() == "11 credits for 11.00 EUR.\n"
    fake.pay(buying.stdout.readline().strip().rpartition("/")[2])
    assert buying.communicate(timeout=240)[0] == "Paid: 11 credits added.\n"
    assert buying.returncode == 0
    assert "11 credits for 11.00 EUR" in said("topups")
    assert "between" in said("topup", "stripe", "1") or "5 to 500" in said("topup", "stripe", "1")
    assert "How many credits" in said("topup", "stripe")


def test_a_rail_that_cannot_be_had_is_said_before_anything_is_served(tmp_path: Path) -> None:
    for rail, says in (("paypal", "No extension called paypal"), ("stripe", "secret_key is missing")):
        done = CliRunner().invoke(registry, ["serve", "--init", "--data", str(tmp_path), "--port", "0", "--rail", rail])
        assert done.exit_code == 1
        assert says in done.output
        assert "listening" not in done.output
