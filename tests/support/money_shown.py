"""What the registry would say of money to somebody who has used all of it, for pages that are drawn without one."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from artrator.documents import Plan as PlanDocument
from artrator.keys import PrivateKey
from artrator.messages import disputes as dm
from artrator.messages import payouts as pm
from artrator.messages import products as pr
from artrator.messages import rails as rm
from artrator.messages import registry as m
from artrator_desktop.state import AppState, Phase, Standing
from artrator_desktop.state.earnings import today
from artrator_desktop.state.store.proofs import Proof
from artrator_desktop.state.terms import Terms

MICRO = 1_000_000
DIGEST = "sha256:" + "9f3c" * 16
SPLIT = (
    m.Share(kind="creator", to="maker", basis_points=8500, amount=1_700_000),
    m.Share(kind="fee", to="Atelier Seoul", basis_points=1000, amount=200_000),
    m.Share(kind="royalty", to="lumen", basis_points=500, amount=100_000, listing="lumen/styletransfer"),
)


def rails() -> list[rm.Rail]:
    """A card, Lightning and vouchers."""
    return [
        rm.Rail(
            name="stripe", title={"en": "Card", "ko": "카드"}, flow="redirect", currency="KRW", rate=1000,
            minimum=1 * MICRO, maximum=500 * MICRO, suggested=[5 * MICRO, 10 * MICRO, 30 * MICRO], cash_value=True,
            pays_out=True, renews_passes=True,
        ),
        rm.Rail(
            name="lnbits", title={"en": "Lightning", "ko": "라이트닝"}, flow="invoice", currency="sat", rate=700,
            minimum=1 * MICRO, maximum=100 * MICRO, suggested=[1 * MICRO, 5 * MICRO], cash_value=True, pays_out=True,
        ),
        rm.Rail(name="vouchers", title={"en": "Voucher", "ko": "쿠폰"}, flow="voucher"),
    ]  # fmt: skip


def topup(state: str = "open", **changes: Any) -> rm.TopUp:
    """An invoice over five credits."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()), "rail": "lnbits", "amount": 5 * MICRO, "charge": 7143, "currency": "sat",
        "state": rm.TopUpState(state), "created_at": time.time(), "expires_at": time.time() + 872,
        "invoice": "lnbc71430n1p" + "qpzry9x8gf2tvdw0s3jn54khce6mua7l" * 7,
    }  # fmt: skip
    return rm.TopUp(**(values | changes))


def plan(key: PrivateKey, listings: Sequence[str] = ("painterly",), **changes: Any) -> pr.Plan:
    """A month of paintings, signed."""
    values: dict[str, Any] = {"price": 5 * MICRO, "allowance": 400 * MICRO} | changes
    document = PlanDocument(
        creator=key.public.encode(), name="monthly", title={"en": "Painterly, monthly", "ko": "회화풍 월간"},
        listings=listings, issued_at=int(time.time()), **values,
    ).sign(key)  # fmt: skip
    return pr.Plan(
        plan="maker/monthly", creator="maker", creator_name="lumen.studio", listings=listings, period_days=30,
        title={"en": "Painterly, monthly", "ko": "회화풍 월간"}, split=SPLIT, document=document, **values,
    )  # fmt: skip


def bought(state: str = "active", **changes: Any) -> pr.Pass:
    """That plan, half used."""
    now = time.time()
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()), "plan": "maker/monthly", "title": {"en": "Painterly, monthly", "ko": "회화풍 월간"},
        "creator": "maker", "listings": ["maker/painterly"], "state": pr.PassState(state), "price": 5 * MICRO,
        "allowance": 400 * MICRO, "used": 118 * MICRO, "waiting": 2 * MICRO, "runs": 59, "begun_at": now - 12 * 86_400,
        "period_from": now - 12 * 86_400, "period_until": now + 18 * 86_400, "renew": True,
    }  # fmt: skip
    return pr.Pass(**(values | changes))


def order(state: str = "settled", **changes: Any) -> m.Order:
    """A run that was paid and may still be disputed."""
    now = time.time()
    values: dict[str, Any] = {
        "order": str(uuid.uuid4()), "state": m.OrderState(state), "listing": "maker/painterly", "package": DIGEST,
        "node": DIGEST, "cap": 2 * MICRO, "charged": 2 * MICRO, "worth": 2 * MICRO, "created_at": now - 3600,
        "capture_by": now + 86_400, "dispute_until": now + 6 * 86_400,
    }  # fmt: skip
    return m.Order(**(values | changes))


def dispute(found: m.Order, state: str = "open", **changes: Any) -> dm.Dispute:
    """Somebody objects to it."""
    values: dict[str, Any] = {
        "order": found.order, "listing": found.listing, "buyer": "minjun", "creator": "haeun", "amount": found.charged,
        "reason": dm.DisputeReason.UNUSABLE, "text": "Only grey noise came out, with two different seeds.",
        "evidence": dm.Evidence(salt="ab" * 32, request='{"inputs":{"prompt":"a quiet lake"},"package":"sha256:9f"}'),
        "evidence_fits": True, "opened_at": time.time() - 7200, "state": dm.DisputeState(state),
    }  # fmt: skip
    return dm.Dispute(**(values | changes))


def purchase(**changes: Any) -> pr.Purchase:
    """A model to keep."""
    return pr.Purchase(
        order=order(kind="purchase", package=changes.pop("package", DIGEST), charged=20 * MICRO, cap=20 * MICRO),
        title={"en": "Painterly", "ko": "회화풍"}, version="1.0.0", split=SPLIT,
        urls=["https://127.0.0.1:8700"], **changes,
    )  # fmt: skip


def earning_days(count: int = 60) -> list[pm.EarningDay]:
    """Two models and a royalty, with weekends and one bad day."""
    rows = []
    for back in range(count - 1, -1, -1):
        day = today() - timedelta(days=back)
        for number, (listing, kind, size) in enumerate(
            [("haeun/dusk-ridge", "run", 9), ("haeun/northern-mist", "pass", 5), ("lumen/sketch", "royalty", 1)]
        ):
            if (back + number) % 9 == 4:
                continue
            runs = round(size * (5 + 3 * math.sin(back / 3 + number) + (4 if day.weekday() > 4 else 0)))
            gross = runs * 120_000
            refunded = gross // 3 if back == 6 else 0
            rows.append(
                pm.EarningDay(
                    day=day.isoformat(), listing=listing, kind=kind, runs=runs, gross=gross, fee=gross // 10,
                    royalties=gross // 20, refunded=refunded, net=gross - gross // 10 - gross // 20 - refunded,
                )
            )  # fmt: skip
    return rows


def earnings() -> pm.Earnings:
    """A good month."""
    return pm.Earnings(
        pending=1_240_000, maturing=38_400_000, available=212_880_000, requested=50 * MICRO, paid=1_640 * MICRO,
        next_matures_at=time.time() + 3 * 86_400, days=earning_days(),
    )  # fmt: skip


def payouts() -> list[pm.Payout]:
    """One in each state that is worth a look."""
    now = time.time()
    return [
        pm.Payout(id=str(uuid.uuid4()), amount=amount * MICRO, rail=rail, destination=to, state=pm.PayoutState(state),
                  requested_at=now - age, ended_at=now - age + 3600 if state != "requested" else None, reference=ref,
                  reason=reason)
        for amount, rail, to, state, age, ref, reason in [
            (50, "manual", "Hana 123-456-789, Kim", "requested", 3_000, "", ""),
            (120, "lnbits", "haeun@wallet.example", "paid", 900_000, "preimage 8f3c", ""),
            (90, "lnbits", "haeun@wallet.example", "failed", 2_000_000, "", "The wallet did not answer."),
        ]
    ]  # fmt: skip


SELLER = pm.Seller(
    state=pm.SellerState.VERIFIED,
    profile=pm.SellerProfile(
        legal_name="김하은 스튜디오", representative="김하은", country="KR", business_number="2208162517",
        vat_registered=True, email="hello@haeun.example",
    ),
    changed_at=0.0,
)  # fmt: skip


def quote(**changes: Any) -> m.Quote:
    """A usual run."""
    node = m.NodeCandidate(
        node=DIGEST, name="seoul-07", urls=[], state=m.NodeState.WARM, expected_wait=1.0, run_seconds=3.0, descriptor={}
    )
    values: dict[str, Any] = {
        "quote": str(uuid.uuid4()), "listing": "maker/painterly", "package": DIGEST, "offer": DIGEST,
        "price": 2 * MICRO, "cap": 2 * MICRO, "worth": 2 * MICRO, "breakdown": [], "split": SPLIT, "nodes": [node],
        "expires_at": time.time() + 300, "signed": {},
    }  # fmt: skip
    return m.Quote(**(values | changes))


def fill_money(state: AppState) -> m.Order:
    """Put all of it into a state that was never started; returns the order that is disputed."""
    state.topups.rails = rails()
    state.topups.phase = Phase.READY
    state.topups.changed.emit()
    state.passes.mine = [
        bought(),
        bought("unpaid", plan="maker/all", listings=[], title={"en": "Everything", "ko": "전부"}),
    ]
    state.passes.plans["maker/painterly"] = [plan(PrivateKey.generate())]
    state.passes.phase = Phase.READY
    state.passes.changed.emit()
    state.library.items = [purchase()]
    state.library.phase = Phase.READY
    state.library.changed.emit()
    wrong = order("disputed")
    state.disputes.items = [dispute(wrong)]
    state.disputes.standings[wrong.order] = Standing(wrong, dispute(wrong), Proof("ab" * 32, '{"inputs":{}}'))
    state.disputes.phase = Phase.READY
    state.disputes.changed.emit()
    state.earnings.summary = earnings()
    state.earnings.payouts = payouts()
    state.earnings.minimum = 10 * MICRO
    state.earnings.schedule = pm.PayoutSchedule(every="week", minimum=20 * MICRO, rail="manual", destination="Hana")
    state.earnings.seller = SELLER
    state.earnings.selling = True
    state.earnings.phase = Phase.READY
    state.earnings.selling_changed.emit()
    state.earnings.changed.emit()
    return wrong


def fill_terms(state: AppState, **changes: Any) -> None:
    """What the open listing's page tells besides its creator's words."""
    trust = dm.DisputeRates(settled=1204, failed=12, disputed=4, refunded=2, by_reason={})
    state.catalogue.terms = Terms(quote(**changes), trust)
    state.catalogue.terms_changed.emit()
