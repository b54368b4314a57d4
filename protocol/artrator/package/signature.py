"""Package signatures: OpenSSF Model Signing v1.0, our own writer and strict reader.

The file ``model.sig`` is a Sigstore bundle (v0.3) around a DSSE envelope around an in-toto statement that lists
each file with its SHA-256. The reader takes the subset that leaves no doubt: one P-256 signature, method
``files``, SHA-256, no symbolic links, safe names, nothing ignored. The official command reads what is written
here, and the other way round.

**The digest of a package** is not the statement's subject digest. That one covers the files' contents in order but
not their names, so a creator could sign two packages whose weights are swapped under one digest. It is the SHA-256
of the canonical JSON object ``{file name: hex SHA-256}``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from artrator import dsse
from artrator.canonical import canonical_json, sha256
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey, PublicKey
from artrator.package.names import collision, name_fault
from artrator.package.tree import MAX_FILES, SIGNATURE_NAME

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"

#: 10,000 files with long names stay well below it.
MAX_BYTES: Final = 8 * 1024 * 1024

_HEX: Final = re.compile(r"[0-9a-f]{64}")
# What the official signer leaves out by default. A package that holds any of the last four is refused all the same:
# they would be files that no signature covers.
_KNOWN_IGNORED: Final = frozenset({SIGNATURE_NAME, ".git", ".gitattributes", ".github", ".gitignore"})


@dataclass(frozen=True)
class SignedFiles:
    """What a verified signature says.

    Attributes:
        digest: ``sha256:<hex>``, the package's digest.
        files: Hex SHA-256 by file name.
    """

    digest: str
    files: Mapping[str, str]


def package_digest(files: Mapping[str, str]) -> str:
    """``sha256:<hex>`` over names and contents; ``files`` is hex SHA-256 by name."""
    return "sha256:" + sha256(canonical_json(dict(files)))


def make_signature(files: Mapping[str, str], key: PrivateKey, *, subject: str) -> dict[str, Any]:
    """The bundle over ``files`` (hex SHA-256 by name). ``subject`` names the model for people; nothing rests on it."""
    names = sorted(files, key=PurePosixPath)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject, "digest": {"sha256": _subject_digest([files[name] for name in names])}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_NAME],
            },
            "resources": [{"name": name, "algorithm": "sha256", "digest": files[name]} for name in names],
        },
    }
    payload = json.dumps(statement, ensure_ascii=False, indent=1).encode()
    return {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": key_hint(key.public)}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(key.sign(dsse.pae(PAYLOAD_TYPE, payload))).decode(), "keyid": ""}],
        },
    }


def key_hint(key: PublicKey) -> str:
    """How a bundle names the key that signed it: SHA-256 of its PEM."""
    return hashlib.sha256(key.to_pem()).hexdigest()


def read_signature(data: bytes) -> Mapping[str, Any]:
    """``model.sig`` as JSON; a key that is there twice is refused.

    Raises:
        ArtratorError: ``package_invalid``.
    """
    if len(data) > MAX_BYTES:
        raise _refused(f"it has more than {MAX_BYTES} bytes")
    value = _json(data)
    if not isinstance(value, dict):
        raise _refused("it is not a JSON object")
    return value


def verify_signature(signature: Mapping[str, Any], key: PublicKey) -> SignedFiles:
    """What ``signature`` says, if ``key`` made it and nothing in it is doubtful. Reads no files.

    Raises:
        ArtratorError: ``package_invalid`` if it is malformed or says more than the strict subset;
            ``package_changed`` if another key signed it or it was changed.
    """
    if not isinstance(signature, Mapping) or signature.get("mediaType") != BUNDLE_TYPE:
        raise _refused("it is not a Sigstore bundle v0.3")
    _check_hint(signature.get("verificationMaterial"), key)
    payload = _signed_payload(signature.get("dsseEnvelope"), key)
    statement = _json(payload)
    if not isinstance(statement, dict) or statement.get("_type") != STATEMENT_TYPE:
        raise _refused("it is not an in-toto statement v1")
    if statement.get("predicateType") != PREDICATE_TYPE:
        raise _refused(f"its predicate is not {PREDICATE_TYPE}")
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise _refused("it has no predicate")
    _check_serialization(predicate.get("serialization"))
    files = _resources(predicate.get("resources"))
    if statement.get("subject") is None or _named_digest(statement["subject"]) != _subject_digest(list(files.values())):
        raise _refused("its subject is not the digest of its files")
    return SignedFiles(package_digest(files), dict(sorted(files.items())))


def _signed_payload(value: object, key: PublicKey) -> bytes:
    if not isinstance(value, dict) or value.get("payloadType") != PAYLOAD_TYPE:
        raise _refused("it holds no DSSE envelope of an in-toto statement")
    signatures = value.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise _refused("it has not exactly one signature")
    payload, made = _unbase64(value.get("payload")), _unbase64(signatures[0].get("sig"))
    if not key.verify(made, dsse.pae(PAYLOAD_TYPE, payload)):
        raise ArtratorError(
            Code.PACKAGE_CHANGED,
            f"The package's signature was not made by the key {key.id}, or it was changed.",
            cure="Get the package again from its creator, or sign it with your own key.",
        )
    return payload


def _check_hint(material: object, key: PublicKey) -> None:
    named = material.get("publicKey") if isinstance(material, dict) else None
    if not isinstance(named, dict):
        raise _refused("it names no public key (only signatures by a plain key are accepted)")
    hint = named.get("hint")
    if hint is not None and hint != key_hint(key):
        raise ArtratorError(
            Code.PACKAGE_CHANGED,
            f"The package is signed by another key than {key.id}.",
            cure="Verify it with its creator's key, or sign it with your own.",
        )


def _check_serialization(value: object) -> None:
    if not isinstance(value, dict) or value.get("method") != "files" or value.get("hash_type") != "sha256":
        raise _refused("its files are not listed whole with SHA-256")
    if value.get("allow_symlinks") is not False:
        raise _refused("it allows symbolic links")
    ignored = value.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise _refused("its ignored paths are not a list of names")
    # The official signer writes these with the folder before them, so only the last part is compared.
    unknown = sorted({path for path in ignored if PurePosixPath(path).name not in _KNOWN_IGNORED})
    if unknown:
        raise _refused(f"it ignores {unknown[0]!r}, so that file could be changed")


def _resources(value: object) -> dict[str, str]:
    """Hex SHA-256 by name, in the order of the statement."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_FILES:
        raise _refused(f"it does not list 1 to {MAX_FILES} files")
    files: dict[str, str] = {}
    for item in value:
        if not isinstance(item, dict) or item.keys() != {"name", "algorithm", "digest"}:
            raise _refused("one of its files is not described by name, algorithm and digest")
        name, digest = item["name"], item["digest"]
        if not isinstance(name, str) or not isinstance(digest, str) or item["algorithm"] != "sha256":
            raise _refused("one of its files is not described by name, sha256 and digest")
        fault = name_fault(name)
        if fault is not None:
            raise _refused(f"the file name {name!a} {fault}")
        if _HEX.fullmatch(digest) is None:
            raise _refused(f"the digest of {name} is not 64 hexadecimal digits")
        if name in files:
            raise _refused(f"{name} is listed twice")
        if name == SIGNATURE_NAME:
            raise _refused("it claims to sign itself")
        files[name] = digest
    pair = collision(files)
    if pair is not None:
        raise _refused(f"{pair[0]} and {pair[1]} are one file on systems that ignore case")
    return files


def _named_digest(subject: object) -> object:
    if not isinstance(subject, list) or len(subject) != 1 or not isinstance(subject[0], dict):
        raise _refused("it has not exactly one subject")
    digest = subject[0].get("digest")
    return digest.get("sha256") if isinstance(digest, dict) and digest.keys() == {"sha256"} else None


def _subject_digest(digests: Sequence[str]) -> str:
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def _unbase64(value: object) -> bytes:
    try:
        if not isinstance(value, str):
            raise ValueError("not a string")
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("it is not written in base64") from error


def _json(data: bytes) -> object:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):  # two readers could take different ones
            raise ValueError("a key is there twice")
        return found

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _refused("it is not JSON, or a key is there twice") from error


def _refused(why: str) -> ArtratorError:
    return ArtratorError(
        Code.PACKAGE_INVALID,
        f"{SIGNATURE_NAME} is refused: {why}.",
        cure="Sign the package again: artrator package sign.",
    )
