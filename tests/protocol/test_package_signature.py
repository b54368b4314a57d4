"""Signatures: what is signed is what is read, by us and by the official tool, and nothing else passes."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import write_package

from artrator import ArtratorError, Code, dsse
from artrator.keys import PrivateKey
from artrator.package import sign, verify, verify_signature
from artrator.package.signature import (
    PAYLOAD_TYPE,
    key_hint,
    make_signature,
    package_digest,
    read_signature,
)

FILES = {"artrator.toml": "a" * 64, "data/b": "b" * 64, "data.x": "c" * 64}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def code_of(work: Callable[[], object]) -> Code:
    with pytest.raises(ArtratorError) as caught:
        work()
    assert caught.value.message
    assert caught.value.cure
    return caught.value.code


def statement_of(bundle: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    return value


def signed_again(bundle: dict[str, Any], statement: object, key: PrivateKey) -> dict[str, Any]:
    """The bundle around another statement, rightly signed: what a hostile creator could make."""
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    made = copy.deepcopy(bundle)
    made["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()
    made["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(key.sign(dsse.pae(PAYLOAD_TYPE, payload))).decode()
    return made


def test_what_was_signed_is_read_back(key: PrivateKey) -> None:
    bundle = make_signature(FILES, key, subject="test")
    signed = verify_signature(read_signature(json.dumps(bundle).encode()), key.public)
    assert dict(signed.files) == FILES
    assert signed.digest == package_digest(FILES)


def test_the_digest_covers_names_and_contents(key: PrivateKey) -> None:
    """The statement's own subject digest leaves names out: with it, swapped weights would go unnoticed."""
    first = {"artrator.toml": "0" * 64, "l.onnx": "1" * 64, "m.onnx": "2" * 64}
    second = {"artrator.toml": "0" * 64, "m.onnx": "1" * 64, "n.onnx": "2" * 64}
    subjects = [
        statement_of(make_signature(files, key, subject="x"))["subject"][0]["digest"] for files in (first, second)
    ]
    assert subjects[0] == subjects[1]
    assert package_digest(first) != package_digest(second)


def test_the_digest_does_not_depend_on_order_or_signer(key: PrivateKey, other_key: PrivateKey) -> None:
    turned = dict(reversed(FILES.items()))
    first = verify_signature(make_signature(FILES, key, subject="a"), key.public)
    second = verify_signature(make_signature(turned, other_key, subject="b"), other_key.public)
    assert first.digest == second.digest


def test_another_key_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    bundle = make_signature(FILES, key, subject="test")
    assert code_of(lambda: verify_signature(bundle, other_key.public)) is Code.PACKAGE_CHANGED
    bundle["verificationMaterial"]["publicKey"]["hint"] = key_hint(other_key.public)
    assert code_of(lambda: verify_signature(bundle, other_key.public)) is Code.PACKAGE_CHANGED


def test_a_bent_signature_names_the_same_package(key: PrivateKey) -> None:
    """ECDSA is malleable: (r, n - s) is as good as (r, s). So nothing is ever named by a signature's bytes."""
    bundle = make_signature(FILES, key, subject="test")
    entry = bundle["dsseEnvelope"]["signatures"][0]
    r, s = decode_dss_signature(base64.b64decode(entry["sig"]))
    bent = copy.deepcopy(bundle)
    bent["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(encode_dss_signature(r, P256_ORDER - s)).decode()
    assert bent != bundle
    assert verify_signature(bent, key.public) == verify_signature(bundle, key.public)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_one_changed_bit_is_refused(key: PrivateKey, data: st.DataObject) -> None:
    bundle = make_signature(FILES, key, subject="test")
    envelope = bundle["dsseEnvelope"]
    where = data.draw(st.sampled_from(["payload", "sig"]))
    raw = bytearray(base64.b64decode(envelope["payload"] if where == "payload" else envelope["signatures"][0]["sig"]))
    bit = data.draw(st.integers(0, 2**16)) % (len(raw) * 8)  # signatures vary in length
    raw[bit // 8] ^= 1 << (bit % 8)
    text = base64.b64encode(bytes(raw)).decode()
    if where == "payload":
        envelope["payload"] = text
    else:
        envelope["signatures"][0]["sig"] = text
    assert code_of(lambda: verify_signature(bundle, key.public)) is Code.PACKAGE_CHANGED


def _with(path: list[Any], value: object) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        at: Any = tree
        for part in path[:-1]:
            at = at[part]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _with(["_type"], "https://in-toto.io/Statement/v0.1"),
        _with(["predicateType"], "https://model_signing/Digests/v0.1"),
        _with(["predicate"], None),
        _with(["predicate", "serialization"], None),
        _with(["predicate", "serialization", "method"], "shards"),
        _with(["predicate", "serialization", "hash_type"], "blake3"),
        _with(["predicate", "serialization", "allow_symlinks"], True),
        _with(["predicate", "serialization", "allow_symlinks"], None),
        _with(["predicate", "serialization", "ignore_paths"], ["weights.onnx"]),
        _with(["predicate", "serialization", "ignore_paths"], ["../.."]),
        _with(["predicate", "serialization", "ignore_paths"], "model.sig"),
        _with(["predicate", "resources"], []),
        _with(["predicate", "resources", 0, "algorithm"], "md5"),
        _with(["predicate", "resources", 0, "digest"], "A" * 64),
        _with(["predicate", "resources", 0, "digest"], "a" * 63),
        _with(["predicate", "resources", 0, "name"], "../artrator.toml"),
        _with(["predicate", "resources", 0, "name"], "/artrator.toml"),
        _with(["predicate", "resources", 0, "name"], "data\\b"),
        _with(["predicate", "resources", 0, "name"], "model.sig"),
        _with(["predicate", "resources", 0, "name"], "DATA/B"),
        _with(["predicate", "resources", 0, "name"], "data/b"),
        _with(["predicate", "resources", 0, "name"], 7),
        _with(["predicate", "resources", 0, "size"], 7),
        _with(["subject"], []),
        _with(["subject", 0, "digest"], {"sha256": "0" * 64}),
        _with(["subject", 0, "digest"], {"sha512": "0" * 64}),
        _with(["subject"], None),
    ],
)
def test_a_doubtful_statement_is_refused_though_it_is_rightly_signed(
    key: PrivateKey, change: Callable[[dict[str, Any]], None]
) -> None:
    bundle = make_signature(FILES, key, subject="test")
    statement = statement_of(bundle)
    change(statement)
    made = signed_again(bundle, statement, key)
    assert code_of(lambda: verify_signature(made, key.public)) is Code.PACKAGE_INVALID


def test_a_statement_that_two_readers_could_read_differently_is_refused(key: PrivateKey) -> None:
    bundle = make_signature(FILES, key, subject="test")
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    twice = payload.replace(b'"resources":', b'"resources": [], "resources":', 1)
    assert code_of(lambda: verify_signature(signed_again(bundle, twice, key), key.public)) is Code.PACKAGE_INVALID


@pytest.mark.parametrize(
    "change",
    [
        _with(["mediaType"], "application/json"),
        _with(["dsseEnvelope"], None),
        _with(["dsseEnvelope", "payloadType"], "application/vnd.artrator.offer+json"),
        _with(["dsseEnvelope", "payload"], "???"),
        _with(["dsseEnvelope", "payload"], 7),
        _with(["dsseEnvelope", "signatures"], []),
        _with(["dsseEnvelope", "signatures"], [{}, {}]),
        _with(["dsseEnvelope", "signatures", 0], "x"),
        _with(["dsseEnvelope", "signatures", 0, "sig"], None),
        _with(["verificationMaterial"], None),
        _with(["verificationMaterial"], {"certificate": {"rawBytes": "AA=="}}),
    ],
)
def test_a_doubtful_bundle_is_refused(key: PrivateKey, change: Callable[[dict[str, Any]], None]) -> None:
    bundle = make_signature(FILES, key, subject="test")
    change(bundle)
    assert code_of(lambda: verify_signature(bundle, key.public)) is Code.PACKAGE_INVALID


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"{", b'{"a": 1, "a": 2}', b"[" * 100_000, b" " * 9_000_000])
def test_a_signature_file_that_is_no_json_object_is_refused(data: bytes) -> None:
    assert code_of(lambda: read_signature(data)) is Code.PACKAGE_INVALID


def official(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "model_signing", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_official_tool_verifies_what_we_sign_and_sees_each_change(tmp_path: Path, key: PrivateKey) -> None:
    folder = write_package(tmp_path / "model", **{"data.x": b"x", "unicode/그림.txt": b"y"})
    sign(folder, key)
    public = tmp_path / "public.pem"
    public.write_bytes(key.public.to_pem())
    how = ("verify", "key", folder, "--signature", folder / "model.sig", "--public_key", public)
    done = official(*how)
    assert done.returncode == 0, done.stderr
    assert "Verification succeeded" in done.stdout
    (folder / "model.onnx").write_bytes(b"changed")
    assert official(*how).returncode != 0


def test_we_verify_what_the_official_tool_signs(tmp_path: Path, key: PrivateKey, other_key: PrivateKey) -> None:
    folder = write_package(tmp_path / "model", **{"data.x": b"x", "unicode/그림.txt": b"y"})
    key.save(tmp_path / "private.pem")
    done = official(
        "sign", "key", folder, "--signature", folder / "model.sig", "--private_key", tmp_path / "private.pem"
    )
    assert done.returncode == 0, done.stderr
    theirs = verify(folder, key.public).digest
    assert "data.x" in verify(folder, key.public).files
    assert sign(folder, other_key) == theirs


def test_a_key_of_another_curve_is_no_key() -> None:
    with pytest.raises(ValueError, match="P-256"):
        PrivateKey.from_pem(
            PrivateKey(ec.generate_private_key(ec.SECP384R1())).to_pem()  # P-384
        )
