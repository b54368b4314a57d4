"""What went wrong, in the language of the interface.

Registry, node and command line tell an error in English, with a stable code. In English that sentence is shown as it
is: it names the very thing. In another language the code is told in general words; where only the sentence says what
is wrong, it follows in brackets, because half an answer in English is better than none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QCoreApplication

from artrator_desktop.i18n import language

#: Codes whose own sentence names a value, a limit or a file that nobody could guess.
_NAMES_MORE: Final = frozenset(
    {
        "backend_missing",
        "backend_runtime_broken",
        "conflict",
        "descriptor_invalid",
        "dispute_closed",
        "document_invalid",
        "earnings_insufficient",
        "extension_missing",
        "folder_unwritable",
        "forbidden",
        "image_corrupt",
        "image_too_large",
        "input_invalid",
        "input_unknown",
        "internal",
        "manifest_invalid",
        "model_failed",
        "not_found",
        "offer_invalid",
        "package_changed",
        "package_invalid",
        "plan_invalid",
        "plugin_broken",
        "plugin_invalid",
        "rail_misconfigured",
        "receipt_invalid",
        "request_invalid",
        "request_too_large",
        "scope_missing",
    }
)


def told(code: str, message: str, cure: str) -> tuple[str, str]:
    """What happened and what helps, for a person."""
    if (found := _words().get(code)) is None:
        return message, cure
    happened, helps = found
    if language() == "en":
        # A command for the terminal helps nobody who looks at a window.
        return message, helps if "artrator " in cure else cure
    named = message.strip().rstrip(".")
    return (f"{happened.rstrip('.')} ({named})." if code in _NAMES_MORE and named else happened), helps


def _words() -> Mapping[str, tuple[str, str]]:
    translate = QCoreApplication.translate
    return {
        "account_unknown": (
            translate("Failures", "There is no such account."),
            translate("Failures", "Check the name."),
        ),
        "allowance_used": (
            translate("Failures", "The free runs are used up."),
            translate("Failures", "Wait until there are new ones, or pay for this run."),
        ),
        "already_owned": (
            translate("Failures", "You have bought this model already."),
            translate("Failures", "Fetch it in the library."),
        ),
        "backend_missing": (
            translate("Failures", "The plugin that runs this model is not installed."),
            translate("Failures", "Install it on the machine that is to run the model."),
        ),
        "backend_runtime_broken": (
            translate("Failures", "The runtime for models is damaged."),
            translate("Failures", "Install it anew."),
        ),
        "challenge_invalid": (
            translate("Failures", "The sign-in took too long."),
            translate("Failures", "Try again, and check this computer’s clock."),
        ),
        "conflict": (
            translate("Failures", "This was asked for before in another form."),
            translate("Failures", "Look at what is there now, then try again."),
        ),
        "credits_insufficient": (
            translate("Failures", "You do not have enough credits."),
            translate("Failures", "Top up or redeem a voucher, then try again."),
        ),
        "debt_unpaid": (
            translate("Failures", "Your account owes credits."),
            translate("Failures", "Top up what is owed; then you can order again."),
        ),
        "descriptor_invalid": (
            translate("Failures", "What the node says of itself is not signed correctly."),
            translate("Failures", "Pick another node, or tell the creator."),
        ),
        "disk_full": (
            translate("Failures", "The disk is full."),
            translate("Failures", "Free some space, then try again."),
        ),
        "dispute_closed": (
            translate("Failures", "This dispute is over."),
            translate("Failures", "What was decided stays as it is; write to the creator."),
        ),
        "dispute_unknown": (
            translate("Failures", "There is no such dispute."),
            translate("Failures", "Look at the order again."),
        ),
        "document_invalid": (
            translate("Failures", "A signed document was changed."),
            translate("Failures", "Ask for a fresh one."),
        ),
        "earnings_insufficient": (
            translate("Failures", "That is more than you can be paid now."),
            translate("Failures", "Choose less, or wait until more has matured."),
        ),
        "extension_missing": (
            translate("Failures", "An extension that this model needs is not installed."),
            translate("Failures", "Install it, or choose another model."),
        ),
        "folder_unwritable": (
            translate("Failures", "Nothing can be written in that folder."),
            translate("Failures", "Let Artrator write there, or choose another folder."),
        ),
        "forbidden": (
            translate("Failures", "This belongs to another account."),
            translate("Failures", "Sign in with the account that it belongs to."),
        ),
        "image_corrupt": (
            translate("Failures", "The picture cannot be read."),
            translate("Failures", "Save it again as PNG, JPEG or WebP and use that file."),
        ),
        "image_too_large": (
            translate("Failures", "The picture is too large."),
            translate("Failures", "Make it smaller, then try again."),
        ),
        "input_invalid": (
            translate("Failures", "The model does not accept one of the values."),
            translate("Failures", "Change it, then try again."),
        ),
        "input_unknown": (
            translate("Failures", "The model does not know one of the inputs."),
            translate("Failures", "Open the model anew, then try again."),
        ),
        "internal": (
            translate("Failures", "Something unexpected happened."),
            translate("Failures", "It is not your fault: please report it with the time."),
        ),
        "job_cancelled": (
            translate("Failures", "The job was cancelled."),
            translate("Failures", "Nothing was charged; start a new one when you are ready."),
        ),
        "job_deadline": (
            translate("Failures", "The job took too long."),
            translate("Failures", "Nothing was charged; try again, or choose fewer steps or a smaller size."),
        ),
        "job_unknown": (
            translate("Failures", "The node does not know this job any more."),
            translate("Failures", "Start a new one; nothing is paid twice."),
        ),
        "key_missing": (
            translate("Failures", "The key to what you bought has not arrived yet."),
            translate("Failures", "Try again in a moment."),
        ),
        "licence_invalid": (
            translate("Failures", "The licence is not accepted here."),
            translate("Failures", "Connect to the registry that you bought it from."),
        ),
        "licence_missing": (
            translate("Failures", "You have no licence for this model."),
            translate("Failures", "Buy one first."),
        ),
        "licence_revoked": (
            translate("Failures", "The purchase was refunded."),
            translate("Failures", "Buy a new licence to fetch the model again."),
        ),
        "listing_unknown": (
            translate("Failures", "This model is not offered any more."),
            translate("Failures", "Search again; the creator may have withdrawn it."),
        ),
        "manifest_invalid": (
            translate("Failures", "The model’s description is not valid."),
            translate("Failures", "Tell the creator."),
        ),
        "model_failed": (
            translate("Failures", "The model could not make it."),
            translate("Failures", "Nothing was charged; try other settings or tell the creator."),
        ),
        "node_busy": (
            translate("Failures", "The node has too much to do."),
            translate("Failures", "Wait a little, or pick another node."),
        ),
        "node_paused": (
            translate("Failures", "The node’s owner lets it rest."),
            translate("Failures", "Pick another node, or come back later."),
        ),
        "node_pin_mismatch": (
            translate("Failures", "The node’s identity is not the one that the registry vouches for."),
            translate("Failures", "Do not go on: something stands between you and the node. Tell the creator."),
        ),
        "node_unknown": (
            translate("Failures", "The node is not registered here."),
            translate("Failures", "Its owner must start it."),
        ),
        "node_unreachable": (
            translate("Failures", "The node did not answer."),
            translate("Failures", "Nothing was charged; try again in a moment or pick another node."),
        ),
        "not_for_sale": (
            translate("Failures", "This model is not sold to keep."),
            translate("Failures", "Buy single runs, or ask the creator."),
        ),
        "not_found": (translate("Failures", "It is not there."), translate("Failures", "Check the address.")),
        "no_node": (
            translate("Failures", "No node offers this model right now."),
            translate("Failures", "Try later or pick another model."),
        ),
        "offer_invalid": (
            translate("Failures", "The creator’s offer is not signed correctly."),
            translate("Failures", "Pick another model, or tell the creator."),
        ),
        "order_closed": (translate("Failures", "The order has ended."), translate("Failures", "Make a new one.")),
        "order_unknown": (translate("Failures", "There is no such order."), translate("Failures", "Make a new one.")),
        "output_corrupt": (
            translate("Failures", "The picture did not arrive whole, so it was not accepted."),
            translate("Failures", "Nothing was charged; try again."),
        ),
        "output_expired": (
            translate("Failures", "The node does not keep this picture any more."),
            translate("Failures", "Run the job again."),
        ),
        "package_changed": (
            translate("Failures", "A file of the model differs from what its creator signed."),
            translate("Failures", "Fetch the model again."),
        ),
        "package_invalid": (
            translate("Failures", "The model’s package is not valid."),
            translate("Failures", "Tell the creator."),
        ),
        "package_unsigned": (
            translate("Failures", "The model is not signed."),
            translate("Failures", "Tell the creator; nothing unsigned is run."),
        ),
        "pass_ended": (translate("Failures", "The pass has ended."), translate("Failures", "Buy it again.")),
        "pass_in_force": (
            translate("Failures", "You have this pass already."),
            translate("Failures", "Use the one that you have."),
        ),
        "pass_unknown": (
            translate("Failures", "There is no such pass."),
            translate("Failures", "Look at your passes in the library."),
        ),
        "payout_closed": (
            translate("Failures", "This payout was sent or has ended."),
            translate("Failures", "Ask for another one."),
        ),
        "payout_unknown": (
            translate("Failures", "There is no such payout."),
            translate("Failures", "Look at the list again."),
        ),
        "plan_invalid": (
            translate("Failures", "The pass is not offered correctly."),
            translate("Failures", "Tell the creator."),
        ),
        "plan_unknown": (
            translate("Failures", "This pass is not offered any more."),
            translate("Failures", "Choose another one."),
        ),
        "plugin_broken": (
            translate("Failures", "A plugin does not work."),
            translate("Failures", "Update or remove it."),
        ),
        "plugin_invalid": (
            translate("Failures", "A plugin is not valid; nothing was installed."),
            translate("Failures", "Tell its author."),
        ),
        "price_above_cap": (
            translate("Failures", "The price is higher than the one that you saw."),
            translate("Failures", "Look at the new price; you never pay more than you accepted."),
        ),
        "proof_invalid": (
            translate("Failures", "The signature of the request is not accepted."),
            translate("Failures", "Check this computer’s clock, then try again."),
        ),
        "quote_expired": (
            translate("Failures", "The price is too old."),
            translate("Failures", "Ask for it again; nothing was charged."),
        ),
        "quote_stale": (
            translate("Failures", "The price has changed."),
            translate("Failures", "Nothing was charged; look at the new price."),
        ),
        "quote_unknown": (
            translate("Failures", "The price is not known any more."),
            translate("Failures", "Ask for it again; nothing was charged."),
        ),
        "rail_misconfigured": (
            translate("Failures", "This way to pay is not set up correctly."),
            translate("Failures", "Choose another one, or tell the registry’s operator."),
        ),
        "rail_unavailable": (
            translate("Failures", "This way to pay does not answer right now."),
            translate("Failures", "Nothing was paid; try again in a moment."),
        ),
        "rail_unknown": (
            translate("Failures", "This registry does not offer that way to pay."),
            translate("Failures", "Choose another one."),
        ),
        "rate_limited": (
            translate("Failures", "That was too fast."),
            translate("Failures", "Wait a little, then try again."),
        ),
        "receipt_invalid": (
            translate("Failures", "The receipt is not signed by the node that was paid."),
            translate("Failures", "Tell the creator; the order shows what becomes of the money."),
        ),
        "registry_unreachable": (
            translate("Failures", "The registry does not answer."),
            translate("Failures", "Check its address and your connection, then try again."),
        ),
        "request_invalid": (
            translate("Failures", "Something in the request is not right."),
            translate("Failures", "Correct it, then try again."),
        ),
        "request_tampered": (
            translate("Failures", "The node got something else than what was paid for."),
            translate("Failures", "Nothing was charged; try again."),
        ),
        "request_too_large": (
            translate("Failures", "That is more than can be sent at once."),
            translate("Failures", "Send less."),
        ),
        "scope_missing": (
            translate("Failures", "This needs a right that you do not have here."),
            translate("Failures", "Sign in with your own key."),
        ),
        "seller_unverified": (
            translate("Failures", "The operator has not verified you as a seller yet."),
            translate("Failures", "Say who sells on the earnings page, and wait for the operator."),
        ),
        "session_invalid": (
            translate("Failures", "You are not signed in any more."),
            translate("Failures", "Connect again in the settings."),
        ),
        "spending_limit": (
            translate("Failures", "That is above the spending limit."),
            translate("Failures", "Raise the limit or choose something cheaper."),
        ),
        "storage_busy": (
            translate("Failures", "The other side is busy."),
            translate("Failures", "Try again in a moment."),
        ),
        # The one code of the desktop's own: nobody else sends it.
        "store_damaged": (
            translate("Failures", "Artrator’s database on this computer is damaged."),
            translate(
                "Failures",
                "Close Artrator and open it again: it keeps what can be read, and the damaged file as well.",
            ),
        ),
        "ticket_expired": (
            translate("Failures", "The order waited too long."),
            translate("Failures", "Nothing was charged; try again. If this repeats, check this computer’s clock."),
        ),
        "ticket_invalid": (
            translate("Failures", "The node does not accept the order."),
            translate("Failures", "Nothing was charged; try again or pick another node."),
        ),
        "ticket_wrong_node": (
            translate("Failures", "The order was meant for another node."),
            translate("Failures", "Nothing was charged; try again."),
        ),
        "topup_unknown": (translate("Failures", "There is no such top-up."), translate("Failures", "Begin a new one.")),
        "voucher_invalid": (
            translate("Failures", "The voucher is not accepted."),
            translate("Failures", "Check the code; a voucher works once and may expire."),
        ),
        "worker_died": (
            translate("Failures", "The model stopped unexpectedly."),
            translate("Failures", "Nothing was charged; try again. The node has started afresh."),
        ),
        "worker_limit": (
            translate("Failures", "The model needed more than it may."),
            translate("Failures", "Nothing was charged; try a smaller request."),
        ),
    }
