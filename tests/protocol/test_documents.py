"""Signed documents: each kind is itself only, and says nothing but what its form allows."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from artrator import dsse
from artrator.canonical import b64, unb64
from artrator.documents import (
    Acknowledgement,
    KeySet,
    NodeDescriptor,
    Offer,
    Receipt,
    SignedDocument,
    Ticket,
    TicketKey,
    UnitPrice,
    document_digest,
    proof,
    ticket_digest,
)
from artrator.documents import ticket as tickets
from artrator.errors import ArtratorError, Code
from artrator.keys import PrivateKey

NOW = 1_800_000_000
_TOKENS = st.text(max_size=60) | st.lists(st.binary(max_size=30), min_size=3, max_size=3).map(
    lambda parts: ".".join(map(b64, parts))
)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def documents(key: PrivateKey) -> list[SignedDocument]:
    encoded = key.public.encode()
    return [
        Offer(
            creator=encoded,
            package="sha256:" + "0" * 64,
            name="x",
            version="1",
            base=5,
            units={"step": UnitPrice(amount=3, per=2)},
            issued_at=NOW,
        ),
        NodeDescriptor(
            node=key.id,
            creator=encoded,
            name="n",
            urls=["https://localhost:1"],
            tls_certificate="PEM",
            receipt_key=encoded,
            issued_at=NOW,
            expires_at=NOW + 1,
        ),
        KeySet(
            registry=key.id,
            serial=1,
            keys=[TicketKey(kid=key.id, public_key=encoded, not_before=NOW - 10, not_after=NOW + 10)],
        ),
        Receipt(
            node=key.id,
            order="o",
            ticket="sha256:" + "1" * 64,
            package="sha256:" + "0" * 64,
            request="2" * 64,
            outcome="delivered",
            measures={"step": 25},
            queued_at=NOW + 0.5,
            finished_at=NOW + 1.5,
        ),
        Acknowledgement(buyer=encoded, order="o", receipt="sha256:" + "3" * 64, verdict="accepted", at=NOW + 2.5),
    ]


def make_ticket(key: PrivateKey) -> Ticket:
    return Ticket(
        iss=key.id,
        aud="sha256:node",
        sub="buyer",
        cnf=key.public.encode(),
        jti="order",
        iat=NOW,
        listing="mina/test",
        package="sha256:" + "0" * 64,
        offer="sha256:" + "1" * 64,
        request="2" * 64,
        measures={"step": 25},
        cap=1000,
        start_by=NOW + 300,
        finish_by=NOW + 600,
        capture_by=NOW + 900,
    )


def test_every_document_comes_back_from_its_signed_form(key: PrivateKey) -> None:
    for document in documents(key):
        value = json.loads(json.dumps(document.sign(key)))
        read = type(document).verify(value, key.public)
        assert read.model_dump_json() == document.model_dump_json()
        assert type(document).peek(value) == read


def test_no_kind_of_document_passes_for_another(key: PrivateKey) -> None:
    made = documents(key)
    for document in made:
        for kind in {type(other) for other in made} - {type(document)}:
            with pytest.raises(ArtratorError) as caught:
                kind.verify(document.sign(key), key.public)
            assert caught.value.code is Code.DOCUMENT_INVALID


def test_another_keys_signature_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    for document in documents(key):
        with pytest.raises(ArtratorError) as caught:
            type(document).verify(document.sign(other_key), key.public)
        assert caught.value.code is Code.DOCUMENT_INVALID


@pytest.mark.parametrize(
    ("index", "change", "field"),
    [
        (0, {"base": -1}, "base"),
        (0, {"base": 1.5}, "base"),
        (0, {"units": {"step": {"amount": 1, "per": 0}}}, "units.step.per"),
        (0, {"extra": 1}, "extra"),
        (0, {"creator": None}, "creator"),
        (0, {"creator": "AAAA"}, "creator"),
        (1, {"receipt_key": "no key"}, "receipt_key"),
        (2, {"keys": [{"kid": "k", "public_key": "é", "not_before": 0, "not_after": 1}]}, "keys.0.public_key"),
        (3, {"outcome": "perhaps"}, "outcome"),
        (3, {"measures": {"step": -1}}, "measures.step"),
        (3, {"measures": {"step": 10**13}}, "measures.step"),
        (3, {"finished_at": float("nan")}, "finished_at"),
        (3, {"queued_at": float("inf")}, "queued_at"),
        (0, {"units": {"\x1b[2J": {"amount": 1}}}, "units"),
        (0, {"version": "1\r0"}, "version"),
        (1, {"name": "home\x1b]0;owned\x07"}, "name"),
        (1, {"name": "two\nlines"}, "name"),
        (1, {"name": "turned \u202earound"}, "name"),
        (1, {"urls": ["https://\x9bhost"]}, "urls.0"),
        (3, {"runtime": "cpu\x1b[31m"}, "runtime"),
        (3, {"error": "model_failed\n"}, "error"),
        (3, {"outputs": [{"name": "a\x08", "media_type": "image/png", "sha256": "", "size": 0}]}, "outputs.0.name"),
        (4, {"verdict": "maybe"}, "verdict"),
        (4, {"at": float("-inf")}, "at"),
    ],
)
def test_a_rightly_signed_document_of_a_wrong_form_is_refused_by_field(
    key: PrivateKey, index: int, change: dict[str, Any], field: str
) -> None:
    document = documents(key)[index]
    payload = json.dumps(document.model_dump(mode="json") | change).encode()
    value = dsse.sign(key, document.payload_type, payload).to_json()
    with pytest.raises(ArtratorError) as caught:
        type(document).verify(value, key.public)
    assert caught.value.code is Code.DOCUMENT_INVALID
    assert field in caught.value.message
    assert caught.value.message.isprintable()


def test_a_documents_digest_survives_signing_again(key: PrivateKey) -> None:
    document = documents(key)[3]
    first, second = document.sign(key), document.sign(key)
    assert first != second  # ECDSA draws a fresh number each time
    assert document_digest(first) == document_digest(second)


def test_an_offer_prices_by_unit_and_sums_up(key: PrivateKey) -> None:
    offer = Offer(
        creator=key.public.encode(),
        package="p",
        name="x",
        version="1",
        base=5,
        units={"step": UnitPrice(amount=3, per=2), "pixel": UnitPrice(amount=1, per=1000)},
        issued_at=NOW,
    )
    assert offer.breakdown({"step": 25, "pixel": 1, "other": 9}) == {"base": 5, "step": 38, "pixel": 1}
    assert offer.model_copy(update={"units": {}}).breakdown({}) == {"base": 5}


def test_a_key_set_gives_the_keys_of_the_hour(key: PrivateKey) -> None:
    keyset = documents(key)[2]
    assert isinstance(keyset, KeySet)
    assert set(keyset.valid_keys(NOW)) == {key.id}
    assert set(keyset.valid_keys(NOW - 10)) == {key.id}
    assert not keyset.valid_keys(NOW - 11)
    assert not keyset.valid_keys(NOW + 10)


# --- tickets


def refused_ticket(text: str, key: PrivateKey) -> None:
    with pytest.raises(ArtratorError) as caught:
        tickets.read(text, {key.id: key.public})
    assert caught.value.code is Code.TICKET_INVALID


def jose(key: PrivateKey, header: dict[str, Any], payload: bytes) -> str:
    return jws.serialize_compact(header, payload, ECKey.import_key(key.to_pem().decode()), algorithms=["ES256"])


def test_a_ticket_comes_back(key: PrivateKey) -> None:
    ticket = make_ticket(key)
    assert tickets.read(tickets.issue(ticket, key), {key.id: key.public}) == ticket


def test_another_library_reads_our_tokens(key: PrivateKey) -> None:
    jwk = ECKey.import_key(key.public.to_pem().decode())
    for text in (tickets.issue(make_ticket(key), key), proof.make(key, **HOW, now=NOW)):
        assert jws.deserialize_compact(text, jwk, algorithms=["ES256"]).headers()["alg"] == "ES256"


def test_a_token_that_asks_for_an_extension_is_refused(key: PrivateKey) -> None:
    head = b64(json.dumps({"alg": "ES256", "typ": tickets.TYPE, "kid": key.id, "crit": ["exp"], "exp": 1}).encode())
    signed = f"{head}.{b64(make_ticket(key).model_dump_json().encode())}"
    r, s = decode_dss_signature(key.sign(signed.encode()))
    refused_ticket(f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}", key)


@pytest.mark.parametrize("bend", [lambda s: s + "=", lambda s: s + "A", lambda s: s[:-1], lambda s: s[:-1] + "\n"])
def test_a_signature_has_one_spelling(key: PrivateKey, bend: Callable[[str], str]) -> None:
    refused_ticket(bend(tickets.issue(make_ticket(key), key)), key)


def test_a_ticket_of_an_unlisted_key_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    refused_ticket(tickets.issue(make_ticket(key), other_key), key)


def test_a_ticket_that_borrows_a_listed_kid_is_refused(key: PrivateKey, other_key: PrivateKey) -> None:
    header = {"alg": "ES256", "typ": tickets.TYPE, "kid": key.id}
    refused_ticket(jose(other_key, header, make_ticket(key).model_dump_json().encode()), key)


@pytest.mark.parametrize("typ", [proof.TYPE, "JWT", "", None])
def test_a_token_of_another_type_is_no_ticket(key: PrivateKey, typ: str | None) -> None:
    header = {"alg": "ES256", "kid": key.id} | ({"typ": typ} if typ is not None else {})
    refused_ticket(jose(key, header, make_ticket(key).model_dump_json().encode()), key)


def test_no_signature_and_a_shared_secret_are_no_signature(key: PrivateKey) -> None:
    payload = make_ticket(key).model_dump_json().encode()
    head = b64(json.dumps({"alg": "none", "typ": tickets.TYPE, "kid": key.id}).encode())
    refused_ticket(f"{head}.{b64(payload)}.", key)
    # The old confusion of algorithms: the public key taken as an HMAC secret.
    signed = f"{b64(json.dumps({'alg': 'HS256', 'typ': tickets.TYPE, 'kid': key.id}).encode())}.{b64(payload)}"
    mac = hmac.digest(key.public.to_pem(), signed.encode(), "sha256")
    refused_ticket(f"{signed}.{b64(mac)}", key)


@pytest.mark.parametrize("change", [{"cap": -1}, {"cap": "many"}, {"extra": 1}, {"aud": None}, {"measures": []}])
def test_a_rightly_signed_ticket_of_a_wrong_form_is_refused(key: PrivateKey, change: dict[str, Any]) -> None:
    payload = json.dumps(make_ticket(key).model_dump(mode="json") | change).encode()
    refused_ticket(jose(key, {"alg": "ES256", "typ": tickets.TYPE, "kid": key.id}, payload), key)


def test_a_bent_ticket_has_the_same_digest(key: PrivateKey) -> None:
    text = tickets.issue(make_ticket(key), key)
    signed, _, signature = text.rpartition(".")
    raw = unb64(signature)
    s = P256_ORDER - int.from_bytes(raw[32:], "big")
    bent = f"{signed}.{b64(raw[:32] + s.to_bytes(32, 'big'))}"
    assert bent != text
    assert tickets.read(bent, {key.id: key.public}) == make_ticket(key)
    assert ticket_digest(bent) == ticket_digest(text)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.text(min_size=1, max_size=3))
def test_a_changed_ticket_is_refused(key: PrivateKey, at: int, new: str) -> None:
    text = tickets.issue(make_ticket(key), key)
    signed = len(text.rpartition(".")[0])
    at %= signed
    changed = text[:at] + new + text[at + len(new) :]
    if changed != text:
        refused_ticket(changed, key)


@given(_TOKENS)
def test_whatever_is_read_as_a_ticket_only_catalogue_errors_come_out(key: PrivateKey, text: str) -> None:
    refused_ticket(text, key)


@pytest.mark.parametrize(
    "header", ["[]", "7", "null", '"x"', "{", '{"alg": []}', '{"alg": "ES256", "kid": {}}', "[" * 5000]
)
def test_a_strange_header_is_refused(key: PrivateKey, header: str) -> None:
    refused_ticket(f"{b64(header.encode())}.{b64(b'{}')}.{b64(bytes(64))}", key)


# --- proofs of possession

HOW = {"method": "PUT", "path": "/v1/jobs/1", "node": "sha256:node", "body": "2" * 64}


def refused_proof(text: str, key: PrivateKey, **change: Any) -> None:
    with pytest.raises(ArtratorError) as caught:
        proof.check(text, key.public, **(HOW | {"now": NOW} | change))
    assert caught.value.code is Code.PROOF_INVALID


def test_a_proof_holds_for_its_request(key: PrivateKey) -> None:
    text = proof.make(key, **HOW, now=NOW)
    proof.check(text, key.public, **HOW, now=NOW)
    proof.check(text, key.public, **HOW, now=NOW + proof.LEEWAY_SECONDS)
    proof.check(text, key.public, **HOW, now=NOW - proof.LEEWAY_SECONDS)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "DELETE"},
        {"path": "/v1/jobs/2"},
        {"node": "sha256:other"},
        {"body": "3" * 64},
        {"body": ""},
        {"now": NOW + proof.LEEWAY_SECONDS + 1},
        {"now": NOW - proof.LEEWAY_SECONDS - 1},
    ],
)
def test_a_proof_holds_for_nothing_else(key: PrivateKey, change: dict[str, Any]) -> None:
    refused_proof(proof.make(key, **HOW, now=NOW), key, **change)


def test_a_stolen_ticket_is_worth_nothing_without_the_key(key: PrivateKey, other_key: PrivateKey) -> None:
    refused_proof(proof.make(other_key, **HOW, now=NOW), key)


def test_a_ticket_is_no_proof(key: PrivateKey) -> None:
    refused_proof(tickets.issue(make_ticket(key), key), key)


@pytest.mark.parametrize("iat", [10**400, -1, float("inf"), "now", None, 1.5])
def test_a_strange_time_is_refused(key: PrivateKey, iat: object) -> None:
    payload = {"htm": "PUT", "htu": HOW["path"], "aud": HOW["node"], "body": HOW["body"], "iat": iat}
    refused_proof(jose(key, {"alg": "ES256", "typ": proof.TYPE}, json.dumps(payload).encode()), key)


@given(_TOKENS)
def test_whatever_is_read_as_a_proof_only_catalogue_errors_come_out(key: PrivateKey, text: str) -> None:
    refused_proof(text, key)


@pytest.mark.parametrize(
    "header", ["[]", "7", "null", '"x"', "{", '{"alg": []}', '{"alg": "ES256", "typ": []}', "[" * 5000]
)
def test_a_strange_proof_header_is_refused(key: PrivateKey, header: str) -> None:
    refused_proof(f"{b64(header.encode())}.{b64(b'{}')}.{b64(bytes(64))}", key)


def test_a_clock_that_jumped_is_told_in_seconds(key: PrivateKey) -> None:
    with pytest.raises(ArtratorError, match="3600 seconds in the future"):
        proof.check(proof.make(key, **HOW, now=NOW + 3600), key.public, **HOW, now=NOW)
