"""Every error a person or a program can meet, in one catalogue: a stable code, a status, and the cure.

The tree::

    ArtratorError            your environment or your input; shown as it is
      ModelError             what a backend raises to tell the buyer something

On the wire every party answers with the same shape::

    {"error": {"code": "ticket_expired", "message": "…", "cure": "…", "details": {…}}}
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Code(StrEnum):
    """The stable name of an error. Programs branch on it; it is never renamed. Kept in alphabetical order."""

    ACCOUNT_UNKNOWN = "account_unknown"
    ALLOWANCE_USED = "allowance_used"
    ALREADY_OWNED = "already_owned"
    API_KEY_INVALID = "api_key_invalid"
    BACKEND_MISSING = "backend_missing"
    BACKEND_RUNTIME_BROKEN = "backend_runtime_broken"
    CHALLENGE_INVALID = "challenge_invalid"
    CONFLICT = "conflict"
    CREDITS_INSUFFICIENT = "credits_insufficient"
    DEBT_UNPAID = "debt_unpaid"
    DESCRIPTOR_INVALID = "descriptor_invalid"
    DISK_FULL = "disk_full"
    DISPUTE_CLOSED = "dispute_closed"
    DISPUTE_UNKNOWN = "dispute_unknown"
    DOCUMENT_INVALID = "document_invalid"
    EARNINGS_INSUFFICIENT = "earnings_insufficient"
    EXTENSION_MISSING = "extension_missing"
    FOLDER_UNWRITABLE = "folder_unwritable"
    FORBIDDEN = "forbidden"
    HTTP_INVALID = "http_invalid"
    IMAGE_CORRUPT = "image_corrupt"
    IMAGE_TOO_LARGE = "image_too_large"
    INPUT_INVALID = "input_invalid"
    INPUT_UNKNOWN = "input_unknown"
    INTERNAL = "internal"
    JOB_CANCELLED = "job_cancelled"
    JOB_DEADLINE = "job_deadline"
    JOB_UNKNOWN = "job_unknown"
    KEY_MISSING = "key_missing"
    LICENCE_INVALID = "licence_invalid"
    LICENCE_MISSING = "licence_missing"
    LICENCE_REVOKED = "licence_revoked"
    LISTING_UNKNOWN = "listing_unknown"
    MANIFEST_INVALID = "manifest_invalid"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    MODEL_FAILED = "model_failed"
    NODE_BUSY = "node_busy"
    NODE_PAUSED = "node_paused"
    NODE_PIN_MISMATCH = "node_pin_mismatch"
    NODE_UNKNOWN = "node_unknown"
    NODE_UNREACHABLE = "node_unreachable"
    NOT_FOR_SALE = "not_for_sale"
    NOT_FOUND = "not_found"
    NO_NODE = "no_node"
    OFFER_INVALID = "offer_invalid"
    ORDER_CLOSED = "order_closed"
    ORDER_UNKNOWN = "order_unknown"
    OUTPUT_CORRUPT = "output_corrupt"
    OUTPUT_EXPIRED = "output_expired"
    PACKAGE_CHANGED = "package_changed"
    PACKAGE_INVALID = "package_invalid"
    PACKAGE_UNSIGNED = "package_unsigned"
    PASS_ENDED = "pass_ended"  # noqa: S105  # a pass to run models with
    PASS_IN_FORCE = "pass_in_force"  # noqa: S105  # a pass to run models with
    PASS_UNKNOWN = "pass_unknown"  # noqa: S105  # a pass to run models with
    PAYOUT_CLOSED = "payout_closed"
    PAYOUT_UNKNOWN = "payout_unknown"
    PLAN_INVALID = "plan_invalid"
    PLAN_UNKNOWN = "plan_unknown"
    PLUGIN_BROKEN = "plugin_broken"
    PLUGIN_INVALID = "plugin_invalid"
    PLUGIN_NOT_PREPARED = "plugin_not_prepared"
    PRICE_ABOVE_CAP = "price_above_cap"
    PROOF_INVALID = "proof_invalid"
    QUOTE_EXPIRED = "quote_expired"
    QUOTE_STALE = "quote_stale"
    QUOTE_UNKNOWN = "quote_unknown"
    RAIL_MISCONFIGURED = "rail_misconfigured"
    RAIL_UNAVAILABLE = "rail_unavailable"
    RAIL_UNKNOWN = "rail_unknown"
    RANGE_INVALID = "range_invalid"
    RATE_LIMITED = "rate_limited"
    RECEIPT_INVALID = "receipt_invalid"
    REGISTRY_UNREACHABLE = "registry_unreachable"
    REQUEST_INVALID = "request_invalid"
    REQUEST_TAMPERED = "request_tampered"
    REQUEST_TOO_LARGE = "request_too_large"
    SCOPE_MISSING = "scope_missing"
    SELLER_UNVERIFIED = "seller_unverified"
    SESSION_INVALID = "session_invalid"
    SPENDING_LIMIT = "spending_limit"
    STORAGE_BUSY = "storage_busy"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_INVALID = "ticket_invalid"
    TICKET_WRONG_NODE = "ticket_wrong_node"
    TOPUP_UNKNOWN = "topup_unknown"
    VOUCHER_INVALID = "voucher_invalid"
    WEBHOOK_INVALID = "webhook_invalid"
    WORKER_DIED = "worker_died"
    WORKER_LIMIT = "worker_limit"


@dataclass(frozen=True)
class Entry:
    """What the catalogue knows of a code: the HTTP status it travels with and what usually cures it."""

    status: int
    cure: str


CATALOGUE: Final[dict[Code, Entry]] = {
    Code.ACCOUNT_UNKNOWN: Entry(404, "Sign in once, which creates the account, or check the name."),
    Code.ALLOWANCE_USED: Entry(429, "Wait until the time that the message names; then there are free runs again."),
    Code.ALREADY_OWNED: Entry(409, "Fetch it with the licence that you have: artrator licence download."),
    Code.API_KEY_INVALID: Entry(401, "Create a new API key; keys are shown once and can be revoked."),
    Code.BACKEND_MISSING: Entry(422, "Install the plugin that provides this backend: artrator plugins install."),
    Code.BACKEND_RUNTIME_BROKEN: Entry(
        500, "Remove both onnxruntime and onnxruntime-gpu, then install exactly one of them."
    ),
    Code.CHALLENGE_INVALID: Entry(401, "Ask for a new challenge and sign it within a minute."),
    Code.CONFLICT: Entry(409, "The same id was used for something else; use a fresh id."),
    Code.CREDITS_INSUFFICIENT: Entry(402, "Redeem a voucher or top up, then try again."),
    Code.DEBT_UNPAID: Entry(402, "Top up what is owed; then you can order again."),
    Code.DESCRIPTOR_INVALID: Entry(422, "Run `artrator node init` again so that the node signs a fresh descriptor."),
    Code.DISK_FULL: Entry(507, "Free some disk space on the machine that answered, then repeat the request."),
    Code.DISPUTE_CLOSED: Entry(409, "What is decided or too late to dispute stays as it is; write to the creator."),
    Code.DISPUTE_UNKNOWN: Entry(404, "Check the order id; `artrator dispute list` lists your disputes."),
    Code.DOCUMENT_INVALID: Entry(422, "The document was changed or signed by another key; ask for a fresh one."),
    Code.EARNINGS_INSUFFICIENT: Entry(402, "Wait until more has matured; `artrator earnings` says when."),
    Code.EXTENSION_MISSING: Entry(422, "Install the distribution that provides it, or do not name it."),
    Code.FOLDER_UNWRITABLE: Entry(500, "Let Artrator write there, or choose another folder."),
    Code.FORBIDDEN: Entry(403, "This belongs to another account."),
    Code.HTTP_INVALID: Entry(400, "Use a program that speaks HTTP/1.1, and send lengths that are true."),
    Code.IMAGE_CORRUPT: Entry(422, "Save the image again as PNG, JPEG or WebP and send that file."),
    Code.IMAGE_TOO_LARGE: Entry(413, "Make the image smaller than the limit that the message names."),
    Code.INPUT_INVALID: Entry(422, "Change the value to one that the model accepts; `artrator show` lists them."),
    Code.INPUT_UNKNOWN: Entry(422, "Check the spelling; `artrator show` lists the inputs of a model."),
    Code.INTERNAL: Entry(500, "Not your fault: please report it with the time and the code."),
    Code.JOB_CANCELLED: Entry(409, "Nothing was charged; start a new job when you are ready."),
    Code.JOB_DEADLINE: Entry(504, "Nothing was charged; try again, or choose fewer steps or a smaller size."),
    Code.JOB_UNKNOWN: Entry(404, "Check the job id; outputs are kept only for the node's retention time."),
    Code.KEY_MISSING: Entry(409, "Ask again in a moment: the node sends the key together with its receipt."),
    Code.LICENCE_INVALID: Entry(403, "Get the licence from the registry that this node trusts: artrator licence list."),
    Code.LICENCE_MISSING: Entry(403, "Buy a licence first: artrator licence buy."),
    Code.LICENCE_REVOKED: Entry(403, "The purchase was refunded; buy a new licence to fetch the package again."),
    Code.LISTING_UNKNOWN: Entry(404, "Search again; the creator may have withdrawn it."),
    Code.MANIFEST_INVALID: Entry(422, "Correct the line that the message names in artrator.toml."),
    Code.METHOD_NOT_ALLOWED: Entry(405, "Use a method that the Allow header names."),
    Code.MODEL_FAILED: Entry(500, "Nothing was charged; try other settings or tell the creator."),
    Code.NODE_BUSY: Entry(503, "Wait as long as Retry-After says, or pick another node."),
    Code.NODE_PAUSED: Entry(503, "Pick another node, or come back when its owner lets it work again."),
    Code.NODE_PIN_MISMATCH: Entry(502, "Do not go on: something stands between you and the node. Tell the creator."),
    Code.NODE_UNKNOWN: Entry(404, "The node has not registered here; its owner must start it."),
    Code.NODE_UNREACHABLE: Entry(502, "Nothing was charged; try again in a moment or pick another node."),
    Code.NOT_FOR_SALE: Entry(409, "Buy single runs, or ask the creator to sell licences of it."),
    Code.NOT_FOUND: Entry(404, "Check the address."),
    Code.NO_NODE: Entry(503, "No node offers this model right now; try later or pick another model."),
    Code.OFFER_INVALID: Entry(422, "Publish the package again with `artrator node publish`."),
    Code.ORDER_CLOSED: Entry(409, "The order has ended; make a new one."),
    Code.ORDER_UNKNOWN: Entry(404, "Check the order id."),
    Code.OUTPUT_CORRUPT: Entry(502, "The output did not arrive whole, so it was not accepted; nothing was charged."),
    Code.OUTPUT_EXPIRED: Entry(410, "The node's retention time is over; run the job again."),
    Code.PACKAGE_CHANGED: Entry(422, "Restore the file that the message names, or sign the package anew."),
    Code.PACKAGE_INVALID: Entry(422, "Run `artrator package check` and follow what it says."),
    Code.PACKAGE_UNSIGNED: Entry(422, "Sign it with `artrator package sign`."),
    Code.PASS_ENDED: Entry(409, "Buy the pass again, under a fresh id."),
    Code.PASS_IN_FORCE: Entry(409, "Use the pass that you have; `artrator passes` shows it."),
    Code.PASS_UNKNOWN: Entry(404, "Check the id; `artrator passes` lists yours."),
    Code.PAYOUT_CLOSED: Entry(409, "What was sent or has ended stays as it is; ask for another payout."),
    Code.PAYOUT_UNKNOWN: Entry(404, "Check the id; `artrator payout list` lists your payouts."),
    Code.PLAN_INVALID: Entry(422, "Correct what the message names and sign the plan again."),
    Code.PLAN_UNKNOWN: Entry(404, "Check the name; the creator may have withdrawn it."),
    Code.PLUGIN_BROKEN: Entry(500, "Update or uninstall the plugin: artrator plugins uninstall."),
    Code.PLUGIN_INVALID: Entry(422, "Tell the plugin's author what the message says; nothing was installed."),
    Code.PLUGIN_NOT_PREPARED: Entry(
        500, "It works without, each start slower. Tell its author what the message says; artrator plugins prepare."
    ),
    Code.PRICE_ABOVE_CAP: Entry(409, "Ask for a new quote; you never pay more than the cap you accepted."),
    Code.PROOF_INVALID: Entry(401, "Sign the request with the key that the ticket names, and check the clock."),
    Code.QUOTE_EXPIRED: Entry(410, "Ask for a new quote."),
    Code.QUOTE_STALE: Entry(409, "Nothing was charged; ask for a new quote and look at its price."),
    Code.QUOTE_UNKNOWN: Entry(404, "Ask for a new quote."),
    Code.RAIL_MISCONFIGURED: Entry(422, "Correct rails.toml in the registry's folder, then start it again."),
    Code.RAIL_UNAVAILABLE: Entry(503, "Nothing was paid; repeat it in a moment, with the same id."),
    Code.RAIL_UNKNOWN: Entry(404, "Choose a rail that this registry offers; `artrator topup` lists them."),
    Code.RANGE_INVALID: Entry(416, "Ask for one range of bytes that lies within the file."),
    Code.RATE_LIMITED: Entry(429, "Slow down; Retry-After says when to come back."),
    Code.RECEIPT_INVALID: Entry(422, "The node must sign the receipt with the key in its descriptor."),
    Code.REGISTRY_UNREACHABLE: Entry(502, "Check the registry's address and your connection, then try again."),
    Code.REQUEST_INVALID: Entry(422, "Correct the field that the message names."),
    Code.REQUEST_TAMPERED: Entry(422, "The request differs from the one that was paid for; make a new order."),
    Code.REQUEST_TOO_LARGE: Entry(413, "Send less at once; the message names the limit."),
    Code.SCOPE_MISSING: Entry(403, "Use an API key that has the scope named in the message."),
    Code.SELLER_UNVERIFIED: Entry(
        403, "Say who sells with `artrator seller set`, and wait for the operator to verify it."
    ),
    Code.SESSION_INVALID: Entry(401, "Sign in again."),
    Code.SPENDING_LIMIT: Entry(402, "Raise the API key's spending limit or use another key."),
    Code.STORAGE_BUSY: Entry(503, "Repeat the request in a moment."),
    Code.TICKET_EXPIRED: Entry(410, "Nothing was charged; make a new order. If this repeats, check the clock."),
    Code.TICKET_INVALID: Entry(401, "Get a ticket from the registry that this node trusts."),
    Code.TICKET_WRONG_NODE: Entry(403, "Send the job to the node that the ticket names."),
    Code.TOPUP_UNKNOWN: Entry(404, "Check the id of the top-up."),
    Code.VOUCHER_INVALID: Entry(422, "Check the code; a voucher works once and may expire."),
    Code.WEBHOOK_INVALID: Entry(400, "Check the signing secret of the webhook, and both clocks."),
    Code.WORKER_DIED: Entry(500, "Nothing was charged; try again. The node has started a fresh worker."),
    Code.WORKER_LIMIT: Entry(500, "Nothing was charged; the model outran its limits. Try a smaller request."),
}


class ArtratorError(Exception):
    """Something that a person can understand and act on.

    Attributes:
        code: The stable code.
        message: One sentence that says what happened.
        cure: One sentence that says what to do.
        details: Facts for programs, JSON values only.
    """

    # The slash lets details be called ``code`` or ``message`` too; only ``cure`` cannot be one.
    def __init__(self, code: Code, message: str, /, *, cure: str | None = None, **details: Any) -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message
        self.cure: Final = CATALOGUE[code].cure if cure is None else cure
        self.details: Final[dict[str, Any]] = details

    @property
    def status(self) -> int:
        """The HTTP status this error travels with."""
        return CATALOGUE[self.code].status

    def to_json(self) -> dict[str, Any]:
        """The one error shape of every Artrator service."""
        return {
            "error": {
                "code": self.code.value,
                "message": self.message,
                "cure": self.cure,
                "details": self.details,
            }
        }

    @classmethod
    def from_json(cls, body: object, *, status: int = 500) -> ArtratorError:
        """Read the one error shape back; whatever else was answered becomes ``internal``."""
        problem = body.get("error") if isinstance(body, dict) else None
        if not isinstance(problem, dict):
            return cls(
                Code.INTERNAL,
                f"The server answered with status {status} and no explanation.",
                cure="Check its address: this may be another service, or a proxy before a server that is away.",
            )
        try:
            code = Code(str(problem.get("code")))
        except ValueError:  # a newer server may know codes that this client does not
            code = Code.INTERNAL
        given = problem.get("details")
        details = {str(name): value for name, value in given.items()} if isinstance(given, dict) else {}
        details.pop("cure", None)  # a hostile server may send what no catalogue error can hold
        message, cure = (_sentence(problem.get(name)) for name in ("message", "cure"))
        message = message or f"The server answered with status {status} and no explanation."
        return cls(code, message, cure=cure or None, **details)

    def __reduce__(self) -> tuple[Any, ...]:  # keyword arguments do not survive the default pickling
        return (_rebuild, (type(self), self.code, self.message, self.cure, self.details))


def _sentence(value: object) -> str:
    """A text that a server sent, short enough to be shown."""
    return value.strip()[:4000] if isinstance(value, str) else ""


def _rebuild(kind: type[ArtratorError], code: Code, message: str, cure: str, details: dict[str, Any]) -> ArtratorError:
    if issubclass(kind, ModelError):
        return kind(message)
    return kind(code, message, cure=cure, **details)


class ModelError(ArtratorError):
    """What a backend raises to tell the buyer something; the message is shown as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.MODEL_FAILED, message)
