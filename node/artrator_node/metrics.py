"""What a Prometheus server can read of this node: counts and seconds, nothing of any job's content."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from artrator_node.crowd import Crowd
from artrator_node.owner.readings import MachineReading
from artrator_node.owner.rules import Kind

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The node's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        jobs = "artrator_node_jobs"
        self.accepted = Counter(f"{jobs}_accepted", "Jobs that passed the gate.", registry=self.registry)
        self.ended = Counter(
            f"{jobs}_ended",
            "Jobs by outcome; code is empty for delivered ones.",
            ["outcome", "code"],
            registry=self.registry,
        )
        self.retried = Counter(f"{jobs}_retried", "Jobs queued again after a crash.", registry=self.registry)
        self.refused = Counter(
            "artrator_node_requests_refused", "Requests refused, by code.", ["code"], registry=self.registry
        )
        self.queued = Gauge(f"{jobs}_queued", "Jobs that wait.", registry=self.registry)
        self.running = Gauge(f"{jobs}_running", "Jobs in a worker.", registry=self.registry)
        self.wait_seconds = Histogram(
            f"{jobs}_wait_seconds", "From accepted to started.", buckets=_SECONDS, registry=self.registry
        )
        self.run_seconds = Histogram(
            f"{jobs}_run_seconds", "In the worker.", ["package"], buckets=_SECONDS, registry=self.registry
        )
        self.encode_seconds = Histogram(
            f"{jobs}_encode_seconds",
            "Encoding and writing of all outputs of a job.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.output_bytes = Counter("artrator_node_output_bytes", "Bytes of finished outputs.", registry=self.registry)
        self.package_bytes = Counter(
            "artrator_node_package_bytes", "Bytes of packages that were fetched by buyers.", registry=self.registry
        )
        self.loads = Counter("artrator_node_worker_loads", "Workers that became ready.", registry=self.registry)
        self.load_failures = Counter(
            "artrator_node_worker_load_failures", "Workers that did not, by code.", ["code"], registry=self.registry
        )
        self.deaths = Counter("artrator_node_worker_deaths", "Workers that died.", registry=self.registry)
        self.evictions = Counter(
            "artrator_node_worker_evictions", "Workers closed to make room.", registry=self.registry
        )
        self.memory_bytes = Gauge("artrator_node_worker_memory_bytes", "Memory of all workers.", registry=self.registry)
        self.outbox = Gauge(
            "artrator_node_outbox", "Receipts that the registry has not taken yet.", registry=self.registry
        )
        self.registry_errors = Counter(
            "artrator_node_registry_errors",
            "Calls to the registry that failed, by code.",
            ["code"],
            registry=self.registry,
        )

        self.held = Gauge(
            "artrator_node_owner_holds", "1 while a rule of the owner holds.", ["rule"], registry=self.registry
        )
        self.temperature = Gauge(
            "artrator_node_temperature_celsius", "As sensors tell it.", ["part"], registry=self.registry
        )
        self.card_power = Gauge(
            "artrator_node_card_power_watts", "As the card tells it.", ["card"], registry=self.registry
        )
        self.card_memory = Gauge(
            "artrator_node_card_memory_bytes", "Taken by all programs.", ["card"], registry=self.registry
        )

    def watch_connections(self, crowd: Crowd) -> None:
        """Count connections as they are when somebody asks."""
        Gauge("artrator_node_connections", "Open connections.", registry=self.registry).set_function(
            lambda: float(len(crowd))
        )
        Gauge(
            "artrator_node_connections_turned_away",
            "Connections that were closed for want of room, since the start.",
            registry=self.registry,
        ).set_function(lambda: float(crowd.turned_away))

    def machine(self, reading: MachineReading, rules: Sequence[str]) -> None:
        """What the sensors said last, and the owner's rules that hold."""
        for kind in Kind:
            self.held.labels(kind.value).set(kind.value in rules)
        if reading.processor is not None:
            self.temperature.labels("processor").set(reading.processor)
        for index, card in enumerate(reading.cards):
            if card.temperature is not None:
                self.temperature.labels(f"card{index}").set(card.temperature)
            if card.power is not None:
                self.card_power.labels(str(index)).set(card.power)
            if card.memory_used is not None:
                self.card_memory.labels(str(index)).set(card.memory_used)

    def render(self) -> bytes:
        """The text format."""
        return generate_latest(self.registry)
