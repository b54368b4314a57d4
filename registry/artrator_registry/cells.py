"""CSV for spreadsheets: text that came from people cannot become a formula."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from artrator.money import MICRO

#: With one of these a spreadsheet begins a formula, some of them in full width too.
_FORMULA: Final = tuple("=+-@\t\r\n|%＝＋－＠")


def text(value: str | None) -> str:
    """A cell of words: an apostrophe in front of what a spreadsheet would take for a formula."""
    value = value or ""
    return f"'{value}" if value.lstrip().startswith(_FORMULA) or value[:1].isspace() else value


def credits_(amount: int) -> str:
    """A cell of micro-credits as credits: a plain number, exact, that a spreadsheet can add up."""
    whole, part = divmod(abs(amount), MICRO)
    return f"{'-' if amount < 0 else ''}{whole}.{part:06d}"


def moment(at: float | None) -> str:
    """A cell of a time, UTC, to the second."""
    return "" if at is None else datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Rows as lines of CSV."""
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\r\n").writerow(row)
        yield buffer.getvalue()


def write(file: Path, rows: Iterable[Iterable[object]]) -> int:
    """Write rows to a new file that is on the disk when this returns and that only its owner reads; their number.

    Raises:
        OSError: It is there already, or cannot be written; then nothing is left of it.
    """
    count = 0
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        # The mark at its beginning is how spreadsheets know that it is UTF-8.
        with os.fdopen(handle, "w", encoding="utf-8-sig") as out:
            for line in lines(rows):
                count += 1
                out.write(line)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return count
