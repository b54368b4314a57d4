"""Small parts by themselves: the clock, the certificate, prices, settings, what the daemon imports."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from prometheus_client.parser import text_string_to_metric_families
from toy_node import ToyNode

from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey
from artrator_node import config
from artrator_node.clock import Clock
from artrator_node.commands.publish import parse_price
from artrator_node.config import Paths, Settings
from artrator_node.identity import self_signed


def test_the_clock_follows_the_registry_and_not_a_wall_clock_that_jumps() -> None:
    wall, steady = [1000.0], [50.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    assert clock.now() == 1000.0
    clock.synchronise(5000.0, round_trip=2.0)
    assert clock.now() == 5001.0
    wall[0] = 90_000.0
    steady[0] += 10
    assert clock.now() == 5011.0
    assert clock.skew == 90_000.0 - 5011.0


def test_the_certificate_has_what_strict_clients_ask_for() -> None:
    pem = self_signed(PrivateKey.generate(), ["https://node.example:8443", "https://192.0.2.7", "https://[::1]:1"])
    certificate = x509.load_pem_x509_certificate(pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node.example", "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "::1", "127.0.0.1"]
    for kind in (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier, x509.KeyUsage, x509.BasicConstraints):
        assert certificate.extensions.get_extension_for_class(kind)
    context = ssl.create_default_context(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.get_ca_certs()


def test_the_certificate_passes_strict_verification_in_a_real_handshake(node: ToyNode) -> None:
    import httpx

    context = ssl.create_default_context(cadata=node.descriptor.tls_certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert httpx.get(f"{node.url}/v1/health", verify=context).status_code == 200
    other = ssl.create_default_context(cadata=self_signed(PrivateKey.generate(), ["https://127.0.0.1"]))
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{node.url}/v1/health", verify=other)


@pytest.mark.parametrize(
    ("text", "unit", "amount", "per"),
    [("step=0.01", "step", 10_000, 1), ("pixel=8/1000000", "pixel", 8_000_000, 1_000_000), ("run=0", "run", 0, 1)],
)
def test_prices_are_read_exactly(text: str, unit: str, amount: int, per: int) -> None:
    name, price = parse_price(text)
    assert (name, price.amount, price.per) == (unit, amount, per)


@pytest.mark.parametrize("text", ["", "step", "=1", "step=", "step=-1", "step=1/0", "step=1/x", "step=1e3"])
def test_what_is_no_price_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ArtratorError) as caught:
        parse_price(text)
    assert caught.value.code is Code.REQUEST_INVALID
    assert "step=0.01" in caught.value.cure


def test_settings_come_back_from_their_file_and_mistakes_are_named(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    settings = Settings(name='Mina\'s "desk" 책상', urls=("https://a:1",), registry="http://r", port=1, threads=2)
    config.save(paths, settings)
    assert config.load(paths) == settings
    for line, what in (("queue_limit = 0", "queue_limit"), ("quee_limit = 5", "quee_limit"), ("x =", "TOML")):
        lines = [text for text in settings.to_toml().splitlines() if not text.startswith(line.partition(" =")[0])]
        paths.settings.write_text("\n".join([*lines, line]))
        with pytest.raises(ArtratorError, match=what):
            config.load(paths)
    with pytest.raises(ArtratorError) as caught:
        config.load(Paths(tmp_path / "nothing"))
    assert "artrator node init" in caught.value.cure


def test_the_daemon_imports_no_plugin_and_no_runtime() -> None:
    program = (
        "import sys, artrator_node.cli, artrator_node.serve, artrator_node.daemon, artrator_node.engine.workers;"
        "from artrator.plugins import discover; discover();"
        "bad = ('onnxruntime', 'artrator_onnx', 'artrator_diffusion', 'tokenizers', 'onnx');"
        "print([name for name in sys.modules if name.partition('.')[0] in bad])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads the process's own map")
def test_the_running_daemon_has_neither_onnxruntime_nor_a_backend_in_its_memory(node: ToyNode) -> None:
    assert node.run({"steps": 1}).state.value == "delivered"
    assert node.service is not None
    mapped = Path(f"/proc/{node.service.pid}/maps").read_text()
    assert "sqlite3" in mapped
    assert "onnxruntime" not in mapped
    assert "node_toy_backend" not in mapped


def test_metrics_can_be_read_and_say_nothing_of_any_job(node: ToyNode) -> None:
    import httpx

    assert node.run({"steps": 1, "prompt": "secretive"}).state.value == "delivered"
    text = httpx.get(f"{node.url}/metrics", verify=False).text
    found = {sample.name: sample for family in text_string_to_metric_families(text) for sample in family.samples}
    assert found["artrator_node_jobs_accepted_total"].value >= 1
    assert {"artrator_node_jobs_queued", "artrator_node_outbox", "artrator_node_worker_memory_bytes"} <= set(found)
    assert "secretive" not in text


def test_status_is_there_for_people_and_for_programs_serving_or_not(node: ToyNode) -> None:
    port = node.url.rpartition(":")[2]
    shown = node.command("status", "--url", f"https://127.0.0.1:{port}")
    assert "serving on cpu" in shown.stdout, shown.stderr
    assert "toy 1.0" in shown.stdout
    read = json.loads(node.command("status", "--json", "--url", "https://127.0.0.1:1").stdout)
    assert read["serving"] is False
    assert isinstance(read["jobs"], dict)
