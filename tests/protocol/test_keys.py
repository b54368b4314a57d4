"""Keys: P-256 and nothing else, kept safely, made once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st

from artrator.canonical import b64
from artrator.keys import PrivateKey, PublicKey

_DER = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_public_key_comes_back_from_each_form(key: PrivateKey) -> None:
    assert PublicKey.decode(key.public.encode()) == key.public
    assert PublicKey.from_pem(key.public.to_pem()) == key.public
    assert PublicKey.from_spki(key.public.spki).id == key.id


def test_a_compressed_point_is_the_same_key(key: PrivateKey) -> None:
    """The id is of the one canonical encoding, so a key cannot come under two names."""
    point = key.public.native.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    prefix = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    assert PublicKey.from_spki(prefix + point).id == key.id


@pytest.mark.parametrize(
    "native",
    [
        ec.generate_private_key(ec.SECP384R1()).public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
        x25519.X25519PrivateKey.generate().public_key(),
        rsa.generate_private_key(65_537, 2048).public_key(),
    ],
)
def test_other_kinds_of_keys_are_refused(native: ec.EllipticCurvePublicKey) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence may be the library's
        PublicKey.from_spki(native.public_bytes(*_DER))


@pytest.mark.parametrize(
    "spki",
    [
        b"",
        b"\x30",
        bytes(91),
        # A well-formed key of an algorithm that nobody knows.
        bytes.fromhex("300f300906072a864886f70d63010302000102"),
        bytes.fromhex("3014300d06082a8648ce3d0301ff0500030300aabb"),
    ],
)
def test_damaged_keys_are_refused(spki: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence may be the library's
        PublicKey.decode(b64(spki))


@given(st.binary(max_size=100))
def test_whatever_is_read_as_a_key_only_value_errors_come_out(data: bytes) -> None:
    for read in (PublicKey.from_spki, PublicKey.from_pem, PrivateKey.from_pem):
        with pytest.raises(ValueError):  # noqa: PT011  # any sentence will do
            read(data)


@given(st.integers(0, 91 * 8 - 1))
def test_a_bent_key_is_refused_or_another_key(key: PrivateKey, bit: int) -> None:
    spki = bytearray(key.public.spki)
    spki[bit // 8] ^= 1 << (bit % 8)
    try:
        bent = PublicKey.from_spki(bytes(spki))
    except ValueError:
        return
    assert bent.id != key.id


def test_an_encrypted_key_needs_its_password(key: PrivateKey) -> None:
    sealed = key.native.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    assert PrivateKey.from_pem(sealed, b"word").id == key.id
    for password in (None, b"wrong"):
        with pytest.raises(ValueError):  # noqa: PT011  # two sentences
            PrivateKey.from_pem(sealed, password)


def test_signatures_hold_for_their_key_and_data_only(key: PrivateKey, other_key: PrivateKey) -> None:
    signature = key.sign(b"data")
    assert key.public.verify(signature, b"data")
    assert not key.public.verify(signature, b"datb")
    assert not other_key.public.verify(signature, b"data")
    assert not key.public.verify(b"", b"data")
    assert not key.public.verify(signature[:-1], b"data")


def test_a_key_file_is_its_owners_only(tmp_path: Path, key: PrivateKey) -> None:
    path = tmp_path / "deep" / "identity.pem"
    key.save(path)
    assert PrivateKey.load(path).id == key.id
    assert list(path.parent.iterdir()) == [path]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "identity.pem"
    first = PrivateKey.load_or_create(path)
    assert PrivateKey.load_or_create(path).id == first.id
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_nlink == 1


def test_processes_that_come_first_together_agree_on_the_key(tmp_path: Path) -> None:
    """The desktop and the command line may both start on a new machine; nobody may hold a key that is not on disk."""
    program = (
        "import sys, time; from pathlib import Path; from artrator.keys import PrivateKey\n"
        "go = Path(sys.argv[1]) / 'go'\n"
        "while not go.exists(): time.sleep(0.001)\n"
        "print(PrivateKey.load_or_create(Path(sys.argv[1]) / 'identity.pem').id)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    (tmp_path / "go").touch()
    ids = {process.communicate()[0] for process in started}
    assert len(ids) == 1
    assert ids == {PrivateKey.load(tmp_path / "identity.pem").id + "\n"}
