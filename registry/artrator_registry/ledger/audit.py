"""Replays every transfer and compares it with what the tables say. An empty answer is a clean ledger."""

from __future__ import annotations

import itertools
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from artrator_registry.disputes import audit as disputes
from artrator_registry.earnings import audit as earnings
from artrator_registry.ledger import store
from artrator_registry.ledger.models import GRANTS, PROMOTIONS, ROUNDING, VOUCHERS, debt, transfer_id
from artrator_registry.ledger.models import earnings as earned
from artrator_registry.ledger.schema import SYSTEM_ACCOUNTS
from artrator_registry.orders import audit as orders
from artrator_registry.passes import audit as passes
from artrator_registry.payouts import audit as payouts
from artrator_registry.purchases import audit as purchases
from artrator_registry.rails import audit as rails
from artrator_registry.recovery import audit as recovery
from artrator_registry.settings import Settings
from artrator_registry.storage import Transaction, as_problem, unsound

#: What every domain compares with the ledger.
_CHECKS: Final = (
    orders.check,
    passes.check,
    purchases.check,
    rails.check,
    disputes.check,
    earnings.check,
    payouts.check,
)
#: A ledger with more differences than this needs another look than reading them all.
_MOST: Final = 1_000
#: A payout that waits for longer has been forgotten by somebody.
_WAIT_SECONDS: Final = 3 * 86_400.0
_COUNTERS = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


def audit(t: Transaction) -> Sequence[str]:
    """The first differences, as sentences."""
    return list(itertools.islice(differences(t), _MOST))


def differences(t: Transaction) -> Iterator[str]:
    """Every difference, as a sentence, as it is found."""
    for check in (unsound, _replay, _accounts, _entries, _rounding, *_CHECKS, _gifts, _api_keys, _vouchers):
        yield from _to_the_end(check, t)


def explanations(t: Transaction, settings: Settings) -> Iterator[str]:
    """What is no difference and yet looks odd, as sentences."""
    for look in (
        lambda t: recovery.explain(t, settings),
        disputes.explain,
        lambda t: payouts.explain(t, _WAIT_SECONDS),
    ):
        yield from _to_the_end(look, t)


def _to_the_end(check: Callable[[Transaction], Iterator[str]], t: Transaction) -> Iterator[str]:
    """What a check finds, and that it could not go on.

    A check follows what rows name. In a database that a broken disk or a hand has damaged, a row that is named can be
    missing or unreadable in ways that nobody foresaw; that is itself a difference, and the other checks still run.
    """
    try:
        yield from check(t)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and as_problem(error) is not None:
            raise  # nothing is known: the disk cannot be read, or another program holds the file
        where = check.__module__
        yield f"{where} could not compare the rest: a row that another names is missing or unreadable ({error!r})"


def _replay(t: Transaction) -> Iterator[str]:
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_COUNTERS, 0))
    pending: dict[str, tuple[str, str, int]] = {}
    serial = 0
    for row in t.run("SELECT serial, id, phase, pending, debit, credit, amount FROM ledger_transfers ORDER BY serial"):
        serial += 1
        if row["serial"] != serial:
            yield f"transfer {serial} is missing"
            serial = row["serial"]
        debit, credit, amount = row["debit"], row["credit"], row["amount"]
        match row["phase"]:
            case "single":
                sums[debit]["debits_posted"] += amount
                sums[credit]["credits_posted"] += amount
            case "pending":
                pending[row["id"]] = (debit, credit, amount)
                sums[debit]["debits_pending"] += amount
                sums[credit]["credits_pending"] += amount
            case phase:
                held = pending.pop(row["pending"], None)
                if held is None:
                    yield f"transfer {row['id']} resolves a hold that is not open"
                    continue
                if held[:2] != (debit, credit) or amount > held[2] or (phase != "post" and amount != held[2]):
                    yield f"transfer {row['id']} does not fit the hold it resolves"
                sums[debit]["debits_pending"] -= held[2]
                sums[credit]["credits_pending"] -= held[2]
                if phase == "post":
                    sums[debit]["debits_posted"] += amount
                    sums[credit]["credits_posted"] += amount
    total = dict.fromkeys(_COUNTERS, 0)
    for row in t.run("SELECT * FROM ledger_accounts"):
        replayed = sums.pop(row["id"], dict.fromkeys(_COUNTERS, 0))
        for counter in _COUNTERS:
            total[counter] += row[counter]
            if row[counter] != replayed[counter]:
                yield f"account {row['id']}: {counter} is {row[counter]}, its transfers make {replayed[counter]}"
        available = row["credits_posted"] - row["debits_posted"] - row["debits_pending"]
        if available < 0 and not row["overdraft"]:
            yield f"account {row['id']} is overdrawn by {-available}"
    for account in sums:
        yield f"transfers name the account {account}, which does not exist"
    for kind in ("pending", "posted"):
        if total[f"debits_{kind}"] != total[f"credits_{kind}"]:
            yield f"{kind} debits are {total[f'debits_{kind}']}, {kind} credits are {total[f'credits_{kind}']}"


def _accounts(t: Transaction) -> Iterator[str]:
    """Who may go below zero, and whose lines are written, is decided by what an account is."""
    missing = set(SYSTEM_ACCOUNTS)
    for row in t.run("SELECT id, owner, system, overdraft FROM ledger_accounts"):
        name, owner = row["id"], row["owner"]
        missing.discard(name)
        if owner is not None:
            kinds = {owner: (0, 0), earned(owner): (0, 0), debt(owner): (0, 1)}
            fits = kinds.get(name) == (row["system"], row["overdraft"])
        else:
            overdraft = SYSTEM_ACCOUNTS.get(name, int(not name.startswith("pass/")))
            fits = (row["system"], row["overdraft"]) == (1, overdraft)
        if not fits:
            yield f"account {name} is kept as an account of another kind"
    for name in sorted(missing):
        yield f"account {name} is missing"
    for row in t.run(
        "SELECT id FROM accounts a WHERE 3 <> (SELECT count(*) FROM ledger_accounts"
        " WHERE id IN (a.id, a.id || '/earnings', a.id || '/debt'))"
    ):
        yield f"{row['id']} lacks an account of the ledger"


def _entries(t: Transaction) -> Iterator[str]:
    running: defaultdict[str, int] = defaultdict(int)
    for row in t.run(
        "SELECT account, transfer, part, amount, balance FROM ledger_entries ORDER BY account, transfer, part"
    ):
        running[row["account"]] += row["amount"]
        if row["balance"] != running[row["account"]]:
            yield f"statement of {row['account']}: line {row['transfer']}-{row['part']} has a wrong balance"
    for row in t.run(
        "SELECT *, credits_posted - debits_posted - debits_pending AS available FROM ledger_accounts WHERE system = 0"
    ):
        if running[row["id"]] != row["available"]:
            yield f"statement of {row['id']} ends with {running[row['id']]}, the account has {row['available']}"


def _rounding(t: Transaction) -> Iterator[str]:
    # Splits hand out every micro-credit, periods of passes carry what is less than one, and what is less than a cent
    # stays with its creator until there is more of it: so nothing is ever left over that somebody would have to bear.
    row = t.row("SELECT * FROM ledger_accounts WHERE id = ?", (ROUNDING,))
    if any(row[counter] for counter in _COUNTERS):
        yield f"account {ROUNDING} was moved: something was rounded that should have been split"


def _gifts(t: Transaction) -> Iterator[str]:
    """A grant goes from the operator to somebody's wallet; earnings are moved to the wallet of who earned them."""
    for row in t.run(
        "SELECT x.id, x.kind FROM ledger_transfers x JOIN ledger_accounts d ON d.id = x.debit"
        " JOIN ledger_accounts c ON c.id = x.credit WHERE x.kind IN ('grant', 'transfer')"
        " AND NOT (c.id IS c.owner AND x.phase = 'single'"
        " AND d.id = CASE x.kind WHEN 'grant' THEN ? ELSE c.owner || '/earnings' END)",
        (GRANTS,),
    ):
        yield f"transfer {row['id']} ({row['kind']}) is between other accounts"
    strays = t.row("SELECT count(*) FROM ledger_transfers WHERE debit = ? AND kind <> 'grant'", (GRANTS,))[0]
    if strays:
        yield f"{strays} transfers take from {GRANTS} what nobody granted"


def _api_keys(t: Transaction) -> Iterator[str]:
    for row in t.run(
        "SELECT k.id, k.spent, coalesce(sum(CASE WHEN coalesce(o.ended_at, o.settled_at) IS NULL THEN o.cap"
        " ELSE o.charged - o.refunded END), 0)"
        " + (SELECT coalesce(sum(CASE WHEN q.state = 'refunded' THEN q.earned ELSE q.price END), 0) FROM pass_periods q"
        " WHERE q.api_key = k.id) AS really"
        " FROM api_keys k LEFT JOIN orders o ON o.api_key = k.id GROUP BY k.id HAVING k.spent <> really"
    ):
        yield f"API key {row['id']}: spent is {row['spent']}, its orders and passes make {row['really']}"


def _vouchers(t: Transaction) -> Iterator[str]:
    redeemed = 0
    for voucher in t.run("SELECT digest, amount, redeemed_by, promotion FROM vouchers WHERE redeemed_by IS NOT NULL"):
        paid = store.transfer(t, transfer_id(f"voucher:{voucher['digest'].hex()}", "redeem"))
        redeemed += paid is not None
        if paid is None or (paid["debit"], paid["credit"], paid["amount"]) != (
            VOUCHERS if voucher["promotion"] is None else PROMOTIONS,
            voucher["redeemed_by"],
            voucher["amount"],
        ):
            yield f"voucher {voucher['digest'].hex()[:12]} was redeemed and not paid out as it should"
    count = t.row("SELECT count(*) FROM ledger_transfers WHERE debit IN (?, ?)", (VOUCHERS, PROMOTIONS))[0]
    if count != redeemed:
        yield f"{count - redeemed} transfers pay out vouchers that do not exist"
