"""Why a line stands on a statement, in one sentence, from the side of the account that it stands on."""

from __future__ import annotations

from typing import Final

#: (kind of line, kind of transfer or "", coming in) -> sentence. The most special entry counts.
_SENTENCES: Final = {
    ("hold", "", False): "Set aside for {listing}",
    ("hold", "purchase", False): "Set aside for a licence of {listing}",
    ("hold", "payout", False): "Set aside to be paid out",
    ("hold", "refund", False): "Set aside while a dispute about {listing} is decided",
    ("release", "", True): "Given back from what was set aside for {listing}",
    ("release", "purchase", True): "Given back from what was set aside for a licence of {listing}",
    ("release", "payout", True): "Given back from what was set aside to be paid out",
    ("release", "refund", True): "Given back from what was set aside for a dispute about {listing}",
    ("charge", "", False): "Paid for {listing}",
    ("charge", "purchase", False): "Paid for a licence of {listing}",
    ("earning", "", True): "Earned by {listing}",
    ("earning", "purchase", True): "Earned by a licence of {listing}",
    ("chargeback", "", False): "A top-up was taken back",
    ("chargeback", "", True): "A top-up that had been taken back has come again",
    ("clawback", "", False): "Pays what is owed for a top-up that was taken back",
    ("clawback", "", True): "Paid off",
    ("fee", "", False): "Fee of the operator on {listing}",
    ("fee", "", True): "Fee on {listing}",
    ("grant", "", True): "Granted by the operator",
    ("grant", "", False): "Granted",
    ("pass", "", False): "Paid for a pass",
    ("pass", "", True): "Earned by {listing} under a pass",
    ("payout", "", False): "Paid out",
    ("payout", "", True): "A payout came back",
    ("refund", "", False): "Given back to the buyer of {listing}",
    ("refund", "", True): "Refunded for {listing}",
    ("royalty", "", False): "Royalty on {listing}",
    ("royalty", "", True): "Royalty from {listing}",
    ("topup", "", True): "Topped up",
    ("topup", "", False): "Topped up",
    ("transfer", "", False): "Moved to the wallet",
    ("transfer", "", True): "Moved from earnings",
    ("voucher", "", True): "Voucher redeemed",
    ("voucher", "", False): "Voucher paid out",
    ("writeoff", "", True): "Forgiven by the operator",
    ("writeoff", "", False): "No longer forgiven: it came back",
}


def sentence(line: str, transfer: str, amount: int, listing: str | None, note: str) -> str:
    """What a line is for.

    Args:
        line: The kind of the line.
        transfer: The kind of its transfer.
        amount: As the account sees it: above zero came in.
        listing: What was bought, if anything.
        note: What is known besides.
    """
    found = _SENTENCES.get((line, transfer, amount > 0)) or _SENTENCES.get((line, "", amount > 0), line.capitalize())
    said = found.format(listing=listing or "a pass")
    return f"{said}: {note}" if note else said
