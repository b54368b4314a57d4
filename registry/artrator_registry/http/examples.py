"""Requests that the API's documentation shows. Each is checked against its message by a test."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from pydantic import BaseModel

from artrator.messages import disputes, payouts, products, rails, verifications
from artrator.messages import registry as m

_KEY: Final = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQEBps7ZZzq2M_6us1k1lDbQK70njLFOdJum3POyzMjrEkFAZbUwrvIK06nlOJCdNMGrvpZZ6CkKz"
    "SCaUnDlcmA"
)
_ID: Final = "0b8a5c1e-52a4-4f0e-9c53-6d0e3a6f2f11"
_NODE: Final = "sha256:8d2c77413ecfa8edab1d5a066c3e9eb6eea59b75dd9a963701396df04f07e1a4"
_SIGNED: Final = {"payloadType": "application/vnd.artrator.…+json", "payload": "…", "signatures": [{"sig": "…"}]}

EXAMPLES: Final[dict[type[BaseModel], dict[str, Any]]] = {
    m.ChallengeRequest: {"public_key": _KEY},
    verifications.VerificationRequest: {"listing": "atelier/emoji", "package": _NODE},
    m.SignIn: {"challenge": _ID, "public_key": _KEY, "signature": "MEUCIQ…", "handle": "mina", "display_name": "Mina"},
    m.APIKeyRequest: {"label": "night batch", "scopes": ["orders:write", "account:read"], "spending_limit": 25_000_000},
    m.VoucherRedemption: {"code": "YJB38-PCK39-RYE7E-FZN0P-N81JM-R"},
    m.NodeRegistration: {"descriptor": _SIGNED},
    m.Heartbeat: {
        "packages": [
            {"package": _NODE, "state": "warm", "expected_wait": 4.2, "load_seconds": 1.9, "run_seconds": 3.1}
        ],
        "queued": 1,
        "accepting": True,
        "version": "0.1.0",
    },
    m.QuoteRequest: {"listing": "atelier/emoji", "measures": {"image": 1, "step": 25}, "request": "9f" * 32},
    m.OrderRequest: {"quote": _ID, "node": _NODE, "max_price": 2_000_000},
    m.Claim: {"receipt": _SIGNED, "acknowledgement": _SIGNED},
    m.Claims: {"claims": [{"order": _ID, "receipt": _SIGNED, "acknowledgement": _SIGNED}]},
    m.Acknowledge: {"receipt": _SIGNED, "acknowledgement": _SIGNED},
    m.Publication: {"manifest": 'name = "emoji"\n…', "signature": {"…": "model.sig"}, "offer": _SIGNED, "samples": []},
    rails.TopUpRequest: {"rail": "stripe", "amount": 20_000_000},
    products.PlanPublication: {"plan": _SIGNED},
    products.PassRequest: {"plan": "atelier/all", "max_price": 9_000_000, "renew": True},
    products.PassChange: {"renew": False},
    products.PurchaseRequest: {"listing": "atelier/emoji", "package": _NODE, "max_price": 90_000_000},
    disputes.DisputeOpening: {
        "reason": "not_as_described",
        "text": "I asked for a fox and got a cat.",
        "evidence": {"salt": "5e" * 32, "request": '{"inputs":{"prompt":"a fox"},…}'},
    },
    disputes.DisputeAnswer: {"text": "The model was loaded wrongly that day. I am sorry.", "give_back": True},
    payouts.EarningsTransfer: {"amount": 12_000_000},
    payouts.PayoutRequest: {"amount": 50_000_000, "rail": "manual", "destination": "KB 123456-01-234567"},
    payouts.PayoutSchedule: {"every": "month", "minimum": 20_000_000, "destination": "KB 123456-01-234567"},
    payouts.SellerProfile: {
        "legal_name": "주식회사 아틀리에",
        "representative": "김민아",
        "country": "KR",
        "address": "서울특별시 …",
        "email": "mina@example.org",
        "business_number": "124-81-00998",
        "vat_registered": True,
    },
}


def _shown(message: type[BaseModel]) -> Any:
    return Body(openapi_examples={"example": {"value": EXAMPLES[message]}})


TopUpBody = Annotated[rails.TopUpRequest, _shown(rails.TopUpRequest)]
ChallengeBody = Annotated[m.ChallengeRequest, _shown(m.ChallengeRequest)]
SignInBody = Annotated[m.SignIn, _shown(m.SignIn)]
APIKeyBody = Annotated[m.APIKeyRequest, _shown(m.APIKeyRequest)]
VoucherBody = Annotated[m.VoucherRedemption, _shown(m.VoucherRedemption)]
RegistrationBody = Annotated[m.NodeRegistration, _shown(m.NodeRegistration)]
HeartbeatBody = Annotated[m.Heartbeat, _shown(m.Heartbeat)]
QuoteBody = Annotated[m.QuoteRequest, _shown(m.QuoteRequest)]
OrderBody = Annotated[m.OrderRequest, _shown(m.OrderRequest)]
ClaimBody = Annotated[m.Claim, _shown(m.Claim)]
ClaimsBody = Annotated[m.Claims, _shown(m.Claims)]
AcknowledgeBody = Annotated[m.Acknowledge, _shown(m.Acknowledge)]
PublicationBody = Annotated[m.Publication, _shown(m.Publication)]
PlanBody = Annotated[products.PlanPublication, _shown(products.PlanPublication)]
PassBody = Annotated[products.PassRequest, _shown(products.PassRequest)]
PurchaseBody = Annotated[products.PurchaseRequest, _shown(products.PurchaseRequest)]
PassChangeBody = Annotated[products.PassChange, _shown(products.PassChange)]
VerificationBody = Annotated[verifications.VerificationRequest, _shown(verifications.VerificationRequest)]
SellerBody = Annotated[payouts.SellerProfile, _shown(payouts.SellerProfile)]
DisputeAnswerBody = Annotated[disputes.DisputeAnswer, _shown(disputes.DisputeAnswer)]
DisputeBody = Annotated[disputes.DisputeOpening, _shown(disputes.DisputeOpening)]
EarningsTransferBody = Annotated[payouts.EarningsTransfer, _shown(payouts.EarningsTransfer)]
PayoutBody = Annotated[payouts.PayoutRequest, _shown(payouts.PayoutRequest)]
ScheduleBody = Annotated[payouts.PayoutSchedule, _shown(payouts.PayoutSchedule)]
