"""What a crash must not lose: jobs, their events and outputs, and receipts on their way to the registry."""

from artrator_node.journal.records import Delivery, Event, JobRecord, StoredOutput
from artrator_node.journal.store import Journal

__all__ = ["Delivery", "Event", "JobRecord", "Journal", "StoredOutput"]
