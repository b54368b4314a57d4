"""The owner's rules as the daemon keeps them: looked at several times a second, and told to the engine.

The pause is a file that is looked at in every pass. Sensors and programs are asked in a thread once a second, because a
driver may take its time; while it does, what was read last holds, for half a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Final

from artrator.errors import ArtratorError
from artrator.node_controls import NodeControls, Pause
from artrator_node.clock import Clock
from artrator_node.config import Settings
from artrator_node.logs import log
from artrator_node.owner import rivals
from artrator_node.owner.ceilings import Ceilings
from artrator_node.owner.hold import Hold
from artrator_node.owner.hwmon import LinuxSensors
from artrator_node.owner.nvml import NVML
from artrator_node.owner.readings import MachineReading, Sensor, Sensors
from artrator_node.owner.rules import Kind, Rule, merged
from artrator_node.schedule import Schedule

_logger = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.25
_MEASURE_SECONDS: Final = 1.0
#: What was read so long ago says nothing of now.
_STALE_SECONDS: Final = 30.0
#: After another program has ended the node waits so long: games start launchers, and launchers games.
_AFTER_PROGRAM_SECONDS: Final = 10.0


@dataclass(frozen=True)
class _Measured:
    reading: MachineReading = field(default_factory=MachineReading)
    #: The program that goes first, for the owner's eyes, and what it took of a card if that is why.
    program: str | None = None
    program_mib: int | None = None


class Owner:
    """Every rule of the owner.

    Args:
        settings: What the owner set.
        data: The node's data folder.
        clock: The registry's time.
        workers: The process ids of the node's workers.
        sensors: What can be read of the machine; None finds out.
    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock,
        workers: Callable[[], Iterable[int]],
        sensors: Sensor | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._workers = workers
        self.controls = NodeControls(data)
        self.schedule = Schedule(settings.hours, settings.zone)
        self._ceilings = Ceilings(settings)
        self._sensors = sensors or Sensors([NVML(), LinuxSensors()])
        self._asking: Thread | None = None
        self._trace: object = self
        self._pause: Pause | None = None
        self._pause_error: ArtratorError | None = None
        self._measured = _Measured()
        self._measured_at = float("-inf")
        self._program_until = float("-inf")
        self._reach = 0.0
        self._looks = 0
        self._troubles: dict[str, type[Exception]] = {}
        self._closed_at: float | None = None
        self.rules: Sequence[Rule] = ()

    @property
    def reading(self) -> MachineReading:
        """What the sensors say; nothing while a driver hangs over the answer."""
        fresh = self._clock.monotonic() - self._measured_at < _STALE_SECONDS
        return self._measured.reading if fresh else MachineReading()

    # --- the daemon's side

    async def run(
        self, keep_to: Callable[[Hold | None, float | None], None], release: Callable[[Sequence[str]], None]
    ) -> None:
        """Look, for ever; ``keep_to`` is told in every pass, ``release`` which packages the owner lets out."""
        measuring = asyncio.create_task(self._keep_measuring(), name="sensors")
        try:
            while True:
                try:
                    keep_to(*self.look())
                    if packages := self.controls.take_releases():
                        release(packages)
                    self._troubles.pop("owner_rules_failed", None)
                except Exception as error:  # must neither stop the node nor leave the owner without control
                    self._tell_trouble("owner_rules_failed", error)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    def close(self) -> None:
        """Look no more."""
        if self._asking is None or not self._asking.is_alive():  # a driver that hangs is not to be touched
            self._sensors.close()

    def look(self) -> tuple[Hold | None, float | None]:
        """The hold that follows of the rules now, and until when a ticket may reach."""
        rules = list(self._rules())
        if [(rule.kind, rule.urgent, rule.grace) for rule in rules] != [
            (rule.kind, rule.urgent, rule.grace) for rule in self.rules
        ]:
            self._tell(rules)
        self.rules = rules
        return merged(rules), self.closes_at

    def saw_ticket(self, finish_by: float) -> None:
        """A buyer came with a ticket that reaches so far: the node has to close its door that much earlier."""
        self._reach = max(0.9 * self._reach, finish_by - self._clock.now())

    @property
    def closes_at(self) -> float | None:
        """When whatever is accepted now must have ended: the end of the hours and the grace after it."""
        now = self._clock.now()
        if self.schedule.always or not self.schedule.open_at(now):
            return None
        change = self.schedule.next_change(now)
        return None if change is None else change + self._settings.grace_seconds

    @property
    def accepting(self) -> bool:
        """Whether buyers should be sent here: nothing holds, and tickets as they come end before the hours do."""
        closes = self.closes_at
        return not self.rules and (closes is None or self._clock.now() + self._reach <= closes)

    @property
    def accepting_from(self) -> float | None:
        """When it will be so again, if the rules say; None while it is."""
        now = self._clock.now()
        hold = merged(self.rules)
        if hold is not None:
            return hold.until
        change = None if self.accepting else self.schedule.next_change(now)
        return None if change is None else self.schedule.next_change(change)

    @property
    def blind(self) -> Sequence[str]:
        """Settings that no sensor of this machine can serve, once all of them were asked."""
        return self._ceilings.blind if self._looks > 1 else ()

    # --- the rules

    def _rules(self) -> Iterable[Rule]:
        yield from self._paused()
        yield from self._program()
        yield from self._hours()
        yield from self._ceilings.look(self.reading, self._clock.monotonic())

    def _paused(self) -> Iterable[Rule]:
        trace = self.controls.trace
        if trace != self._trace:
            self._trace = trace
            self._read_pause()
        if self._pause_error is not None:
            # Somebody meant a pause; what it was, nobody can tell. To wait for the owner is the safe mistake.
            yield Rule(
                Kind.PAUSED,
                f"{self._pause_error.message} {self._pause_error.cure}",
                facts={"error": self._pause_error.code.value},
            )
        if self._pause is None:
            return
        until = self._pause.until
        left = None if until is None else until - time.time()
        if left is not None and left <= 0:
            return
        yield Rule(
            Kind.PAUSED,
            "You paused it.",
            # The owner's programs and this one share a wall clock; everybody else has the registry's.
            until=None if left is None else self._clock.now() + left,
            urgent=self._pause.now,
            facts={"asked_at": self._pause.asked_at},
        )

    def _read_pause(self) -> None:
        try:
            self._pause, self._pause_error = self.controls.read(), None
        except ArtratorError as error:
            log(_logger, logging.WARNING, "pause_unreadable", message=error.message)
            self._pause, self._pause_error = None, error

    def _program(self) -> Iterable[Rule]:
        now = self._clock.monotonic()
        program, mib = self._measured.program, self._measured.program_mib
        if program is not None:
            self._program_until = now + _AFTER_PROGRAM_SECONDS
            taken, facts = ("", {}) if mib is None else (f", with {mib:,} MiB of the card,", {"mib": mib})
            yield Rule(Kind.PROGRAM, f"{program}{taken} is running.", urgent=True, facts={"program": program, **facts})
        elif now < self._program_until:
            yield Rule(Kind.PROGRAM, "The program that goes first ended a moment ago.", urgent=True)

    def _hours(self) -> Iterable[Rule]:
        now = self._clock.now()
        if self.schedule.open_at(now):
            self._closed_at = None
            return
        if self._closed_at is None:
            self._closed_at = self.schedule.closed_since(now) or float("-inf")
        opens = self.schedule.next_change(now)
        graced = now < self._closed_at + self._settings.grace_seconds
        yield Rule(Kind.HOURS, "Outside its hours.", until=opens, urgent=not graced, grace=graced)

    async def _keep_measuring(self) -> None:
        while True:
            try:
                await self._measure()
                self._troubles.pop("sensors_failed", None)
            except Exception as error:  # what was read last holds until they can be read again
                self._tell_trouble("sensors_failed", error)
            await asyncio.sleep(_MEASURE_SECONDS)

    async def _measure(self) -> None:
        self._measured = await self._asked(tuple(self._workers()))
        self._measured_at = self._clock.monotonic()
        self._looks += 1

    async def _asked(self, workers: Sequence[int]) -> _Measured:
        """What sensors say, in a thread that nobody waits for in the end: a driver may hang for ever."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Measured] = loop.create_future()

        def settle(measured: _Measured | Exception) -> None:
            if answer.done():  # nobody waits any more
                return
            if isinstance(measured, Exception):
                answer.set_exception(measured)
            else:
                answer.set_result(measured)

        def ask() -> None:
            measured: _Measured | Exception
            try:
                measured = self._measure_now(workers)
            except Exception as error:
                measured = error
            with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(settle, measured)

        self._asking = Thread(target=ask, name="owner", daemon=True)
        self._asking.start()
        return await answer

    def _tell_trouble(self, event: str, error: Exception) -> None:
        """Say it once, and not four times a second."""
        if self._troubles.get(event) is not type(error):
            self._troubles[event] = type(error)
            _logger.error(event, exc_info=error)

    def _measure_now(self, workers: Sequence[int]) -> _Measured:
        reading = self._sensors.read()
        settings = self._settings
        program = rivals.named(settings.pause_for, rivals.running_programs()) if settings.pause_for else None
        mib = None
        if program is None:
            taker = rivals.strangers(
                reading,
                settings.pause_for_card_mib,
                lambda pid: rivals.is_ours(pid, workers) or not rivals.is_told_apart(pid),
            )
            if taker is not None:
                program, mib = rivals.name_of(taker[0]), taker[1]
        return _Measured(reading, program, mib)

    def _tell(self, rules: Sequence[Rule]) -> None:
        if not rules:
            log(_logger, logging.INFO, "owner_lets_go_on")
        for rule in rules:
            log(_logger, logging.INFO, "owner_holds", rule=rule.kind.value, why=rule.words, until=rule.until)
