"""The registry without HTTP: its settings, database, keys and services, put together in one place.

Start-up: bring the schema up to date, make the keys if there are none, open the writer and the readers, and audit the
ledger. A ledger that does not add up is served all the same, with the differences in the log: an operator must be able
to look.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Self

from artrator import __version__
from artrator.errors import ArtratorError
from artrator.messages import registry as m
from artrator.rail import Rail
from artrator_registry import timekeeping
from artrator_registry.accounts import schema as accounts_schema
from artrator_registry.accounts.service import Accounts
from artrator_registry.auditor import NotAuditedError, audit_apart
from artrator_registry.authority import Authority
from artrator_registry.disputes import schema as disputes_schema
from artrator_registry.disputes.service import Disputes
from artrator_registry.earnings import schema as earnings_schema
from artrator_registry.earnings.service import Earnings
from artrator_registry.ledger import schema as ledger_schema
from artrator_registry.ledger.audit import audit, explanations
from artrator_registry.ledger.service import Ledger
from artrator_registry.limits import Limits
from artrator_registry.listings import schema as listings_schema
from artrator_registry.listings import store as listings
from artrator_registry.listings.service import Listings
from artrator_registry.nodes import schema as nodes_schema
from artrator_registry.nodes import store as nodes
from artrator_registry.nodes.service import Nodes
from artrator_registry.orders import schema as orders_schema
from artrator_registry.orders.service import Orders
from artrator_registry.orders.sweeper import Sweeper
from artrator_registry.passes import schema as passes_schema
from artrator_registry.passes.service import Passes
from artrator_registry.payouts import schema as payouts_schema
from artrator_registry.payouts.service import Payouts
from artrator_registry.plans import schema as plans_schema
from artrator_registry.plans.service import Plans
from artrator_registry.purchases import schema as purchases_schema
from artrator_registry.purchases.service import Purchases
from artrator_registry.rails import renewals
from artrator_registry.rails import schema as rails_schema
from artrator_registry.rails.loading import load_rails
from artrator_registry.rails.service import Rails
from artrator_registry.recovery import schema as recovery_schema
from artrator_registry.recovery import service as recovery
from artrator_registry.search import schema as search_schema
from artrator_registry.search.service import Search
from artrator_registry.sellers import schema as sellers_schema
from artrator_registry.sellers.service import Sellers
from artrator_registry.settings import TEST_CREDITS, Settings
from artrator_registry.storage import Clock, Database, Transaction, migrate
from artrator_registry.verifications import schema as verifications_schema
from artrator_registry.verifications.service import Verifications

_log = logging.getLogger("artrator_registry")

#: Every domain's schema; a table may refer to one that an earlier set made.
MIGRATIONS: Final = (
    accounts_schema.migrations,
    ledger_schema.migrations,
    rails_schema.migrations,
    listings_schema.migrations,
    search_schema.migrations,
    nodes_schema.migrations,
    orders_schema.migrations,
    sellers_schema.migrations,
    earnings_schema.migrations,
    payouts_schema.migrations,
    disputes_schema.migrations,
    recovery_schema.migrations,
    plans_schema.migrations,
    passes_schema.migrations,
    purchases_schema.migrations,
    verifications_schema.migrations,
)
#: One more with every migration: an older program refuses a newer database instead of misreading it.
SCHEMA: Final = 218
#: The first schema of a release.
OLDEST_SCHEMA: Final = 200
#: As many oddities as somebody reads in a log; the command tells them all.
_MOST_EXPLANATIONS: Final = 100
#: An audit that could not be made, because another program held the database, is tried again so soon.
_UNAUDITED_SECONDS: Final = 60.0


def _explained(t: Transaction, settings: Settings) -> Sequence[str]:
    return list(itertools.islice(explanations(t, settings), _MOST_EXPLANATIONS))


class Registry:
    """One open registry.

    Args:
        settings: How it is run.
        clock: The time; None for the system's, guarded against jumps.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None, rails: Mapping[str, Rail] | None = None) -> None:
        self.settings = settings
        migrate(settings.database, MIGRATIONS, SCHEMA, OLDEST_SCHEMA)
        if clock is None:
            clock = timekeeping.clock(settings)
        self.limits = Limits(settings)
        self.authority = Authority(settings.keys, days=settings.ticket_key_days)
        self.authority.prepare(clock())
        self.database = Database(settings.database, clock)
        self.ledger = Ledger(self.database)
        self.accounts = Accounts(self.database, settings, self.authority.id, self.limits)
        opened = load_rails(settings.rails, settings.rails_file) if rails is None else rails
        self.rails = Rails(self.database, settings, opened)
        self.listings = Listings(self.database, settings)
        self.search = Search(self.database, settings)
        self.nodes = Nodes(self.database, settings, self.authority, self.limits)
        self.orders = Orders(self.database, settings, self.authority, self.limits)
        self.plans = Plans(self.database, settings)
        self.passes = Passes(self.database, settings)
        for name, rail in opened.items():
            if rail.terms.renews_passes:
                self.passes.renewals[name] = partial(renewals.tell, self.database, name, rail)
        self.purchases = Purchases(self.database, settings, self.authority, self.limits)
        self.sellers = Sellers(self.database)
        self.verifications = Verifications(self.database, settings, self.authority, self.limits)
        self.disputes = Disputes(self.database)
        self.earnings = Earnings(self.database, settings)
        self.payouts = Payouts(
            self.database,
            settings,
            lambda: {name: rail.terms.rate for name, rail in opened.items() if rail.terms.pays_out},
        )
        self.sweeper = Sweeper(self.database, settings, self.accounts, self.authority, self.payouts)
        #: What a credit is worth here, by language. Of credits that were bought nobody but the operator can say it.
        self.credit_note: Mapping[str, str] = settings.credit_note or {}
        if settings.credit_note is None:
            if any(rail.terms.cash_value for rail in opened.values()):
                _log.warning("credits are sold here and nothing says what one is worth: see --credit-note")
            else:
                self.credit_note = TEST_CREDITS
        self.differences: Sequence[str] = ()
        #: When the audit that found them (or none) was made; None before the first.
        self.audited_at: float | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.database.write(recovery.adopt, self.settings.data)
        recovery.forget_mark(self.settings.data)
        await self.rails.prepare()
        with self.sweeper.chores.of("clock"):
            timekeeping.tell(self.settings, self.database.clock)
        self._tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("sweeper", self.sweeper.run()),
                ("reconciler", self.rails.reconciler.run()),
                ("auditor", self._audit_for_ever()),
            )
        ]
        return self

    @property
    def ended(self) -> str | None:
        """The name of what should go on as long as the registry does, and has ended; None if all is as it should be."""
        return next((task.get_name() for task in self._tasks if task.done()), None)

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.rails.aclose()
        await self.database.close()
        timekeeping.forget(self.settings)

    async def audit(self) -> Sequence[str]:
        """Replay the ledger; every difference is a sentence, and goes to the log."""
        transfers = self.database.glance(lambda t: t.row("SELECT coalesce(max(serial), 0) FROM ledger_transfers")[0])
        if transfers > self.settings.audit_inside:
            self.differences = await audit_apart(self.settings.database)
        else:
            self.differences = await self.database.read(audit)
        self.audited_at = self.database.clock()
        for difference in self.differences:
            _log.error("audit: %s", difference)
        for explanation in await self.database.read(_explained, self.settings):
            _log.info("audit: %s", explanation)
        return self.differences

    async def _audit_for_ever(self) -> None:
        while True:
            pause = self.settings.audit_seconds
            try:
                await self.audit()
            except (NotAuditedError, ArtratorError) as error:  # another program holds the database, or the disk is full
                pause = min(pause, _UNAUDITED_SECONDS)
                _log.warning("there was no audit; it is tried again in %d s: %s", pause, error)
            except Exception:
                _log.exception("the audit could not be made")
            await asyncio.sleep(pause)

    async def health(self) -> Mapping[str, Any]:
        """Whether reading, writing and its chores work, and whether the last audit found the ledger whole."""
        await self.database.read(lambda t: t.row("SELECT 1"))
        await self.database.write(lambda _: None)
        failing = self.sweeper.chores.failing | self.rails.reconciler.chores.failing
        return {
            "status": "differences" if self.differences else "failing" if failing else "ok",
            "failing": sorted(failing),
            "audited_at": self.audited_at,
            "version": __version__,
            "up_seconds": round(self.sweeper.up_seconds, 1),
        }

    async def info(self) -> m.RegistryInfo:
        """Who answers."""

        def count(t: Transaction) -> tuple[int, int]:
            return listings.count(t), nodes.count_online(t, t.now - self.settings.online_seconds)

        listed, online = await self.database.read(count)
        return m.RegistryInfo(
            name=self.settings.name,
            registry=self.authority.id,
            root_key=self.authority.root.public.encode(),
            version=__version__,
            time=self.database.clock(),
            credit_note=self.credit_note,
            listings=listed,
            nodes_online=online,
            fee_basis_points=self.settings.fee_basis_points,
        )
