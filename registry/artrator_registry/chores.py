"""What a registry does by itself, again and again: no chore, and no row of one, keeps the others from being done.

What fails is told once, tried again, and told when it is well again. A row that cannot be ended would else fill the log
every few seconds, and hide what else is wrong.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from artrator.errors import ArtratorError, Code
from artrator_registry.storage import Clock, Database, Transaction

#: So many rows at once keep the writer free for buyers in between.
_BATCH: Final = 100
#: A row that failed twice is left alone for so long, and then for twice as long each time.
_FIRST_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 600.0
#: Of the whole database and no single row: whatever is tried next would hear the same.
_NO_ROWS: Final = frozenset({Code.DISK_FULL, Code.STORAGE_BUSY})


@dataclass
class _Trouble:
    said: str
    times: int = 0
    again_at: float = 0.0


class Chores:
    """Does chores, and knows which of them fail at present.

    Args:
        database: Where their rows are.
        log: Where it is told what fails.
        steady: Seconds since anything, which never jump.
    """

    def __init__(self, database: Database, log: logging.Logger, steady: Clock = time.monotonic) -> None:
        self._db = database
        self._log = log
        self._steady = steady
        #: By the chore, and the row if it is only one.
        self._failing: dict[tuple[str, str], _Trouble] = {}

    @property
    def failing(self) -> set[str]:
        """The chores that fail, wholly or for some row."""
        return {what for what, _ in self._failing}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """A chore that may fail, and no more comes of it than that."""
        try:
            yield
        except Exception as error:
            self._failed(error, what)
        else:
            self._over(what)

    async def each(self, what: str, find: Callable[..., list[str]], end: Callable[[Transaction, str], bool]) -> int:
        """End each row that ``find`` finds (at most ``limit`` at once), in a command of its own; answers how many.

        One that cannot be ended must not hold up the rest: it is found again, so more are asked for.
        """
        ended, left = 0, set[str]()
        with self.of(what):
            while found := [each for each in await self._db.read(find, limit=_BATCH + len(left)) if each not in left]:
                due = [each for each in found if not self._rests(what, each)]
                left.update(found)
                results = await asyncio.gather(*(self._db.write(end, each) for each in due), return_exceptions=True)
                for each, result in zip(due, results, strict=True):
                    if isinstance(result, ArtratorError) and result.code in _NO_ROWS:
                        raise result
                    if isinstance(result, BaseException):
                        self._failed(result, what, each)
                        continue
                    self._over(what, each)
                    if result:
                        ended += 1
                        left.discard(each)
            for name, each in [*self._failing]:
                if name == what and each and each not in left:  # somebody else has ended it
                    del self._failing[name, each]
        return ended

    def _failed(self, error: BaseException, what: str, which: str = "") -> None:
        said = f"{error.code}: {error.message}" if isinstance(error, ArtratorError) else repr(error)
        trouble = self._failing.get((what, which))
        if trouble is None or trouble.said != said:
            trouble = self._failing[what, which] = _Trouble(said)
            # A disk that is full is no mistake of ours, which needs to be found.
            traceback = None if isinstance(error, ArtratorError) else error
            self._log.error("%s: failed, and is tried again: %s", f"{what} {which}".strip(), said, exc_info=traceback)
        trouble.times += 1
        if trouble.times > 1:
            wait = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(trouble.times - 2, 10))
            trouble.again_at = self._steady() + wait

    def _over(self, what: str, which: str = "") -> None:
        trouble = self._failing.pop((what, which), None)
        if trouble is not None:
            self._log.info("%s: well again, after %d failures", f"{what} {which}".strip(), trouble.times)

    def _rests(self, what: str, which: str) -> bool:
        trouble = self._failing.get((what, which))
        return trouble is not None and self._steady() < trouble.again_at
