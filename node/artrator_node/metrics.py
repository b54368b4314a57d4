"""What a Prometheus server can read of this node: counts and seconds, nothing of any job's content."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from artrator_node.connections.crowd import Crowd
from artrator_node.owner.readings import MachineReading
from artrator_node.owner.rules import Kind

#: From a thumbnail in a warm worker to the longest run that a node allows by itself.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The node's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        seconds = partial(Histogram, registry=self.registry, buckets=_SECONDS)

        self.accepted = counter("artrator_node_jobs_accepted", "Jobs that passed the gate.")
        words = "Jobs by outcome; code is empty for delivered ones."
        self.ended = counter("artrator_node_jobs_ended", words, ["outcome", "code"])
        self.retried = counter("artrator_node_jobs_retried", "Jobs queued again after a crash.")
        self.refused = counter("artrator_node_requests_refused", "Requests refused, by code.", ["code"])
        self.queued = gauge("artrator_node_jobs_queued", "Jobs that wait.")
        self.running = gauge("artrator_node_jobs_running", "Jobs in a worker.")
        self.wait_seconds = seconds("artrator_node_jobs_wait_seconds", "From accepted to started.")
        self.run_seconds = seconds("artrator_node_jobs_run_seconds", "In the worker.", ["package"])
        words = "Encoding and writing of all outputs of a job."
        self.encode_seconds = seconds("artrator_node_jobs_encode_seconds", words)

        self.output_bytes = counter("artrator_node_output_bytes", "Bytes of finished outputs.")
        words = "Bytes of packages that were fetched by buyers."
        self.package_bytes = counter("artrator_node_package_bytes", words)

        self.loads = counter("artrator_node_worker_loads", "Workers that became ready.")
        words = "Workers that did not, by code."
        self.load_failures = counter("artrator_node_worker_load_failures", words, ["code"])
        self.deaths = counter("artrator_node_worker_deaths", "Workers that died.")
        self.evictions = counter("artrator_node_worker_evictions", "Workers closed to make room.")
        self.memory_bytes = gauge("artrator_node_worker_memory_bytes", "Memory of all workers.")

        self.outbox = gauge("artrator_node_outbox", "Receipts that the registry has not taken yet.")
        words = "Calls to the registry that failed, by code."
        self.registry_errors = counter("artrator_node_registry_errors", words, ["code"])

        self.held = gauge("artrator_node_owner_holds", "1 while a rule of the owner holds.", ["rule"])
        self.temperature = gauge("artrator_node_temperature_celsius", "As sensors tell it.", ["part"])
        self.card_power = gauge("artrator_node_card_power_watts", "As the card tells it.", ["card"])
        self.card_memory = gauge("artrator_node_card_memory_bytes", "Taken by all programs.", ["card"])

    def watch_connections(self, crowd: Crowd) -> None:
        """Count connections as they are when somebody asks."""
        open_now = Gauge("artrator_node_connections", "Open connections.", registry=self.registry)
        open_now.set_function(lambda: float(len(crowd)))
        words = "Connections that were closed for want of room, since the start."
        turned_away = Gauge("artrator_node_connections_turned_away", words, registry=self.registry)
        turned_away.set_function(lambda: float(crowd.turned_away))

    def machine(self, reading: MachineReading, rules: Sequence[str]) -> None:
        """What the sensors say, and the owner's rules that hold. A sensor that fell silent has no figure any more."""
        for kind in Kind:
            self.held.labels(kind.value).set(kind.value in rules)
        for gauge in (self.temperature, self.card_power, self.card_memory):
            gauge.clear()
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
