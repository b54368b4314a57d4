"""How numbers, times and names of things are written."""

import html
from datetime import datetime
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from artrator.money import MICRO, format_credits


def amount(micro: int, *, places: int | None = None) -> str:
    """Write micro-credits as a number of credits, exactly unless `places` cuts it: "1,234.5"."""
    if places is not None:
        unit = MICRO // 10**places
        # Cut towards zero: a balance must never look larger than it is.
        micro = (abs(micro) // unit * unit) * (1 if micro >= 0 else -1)
    return format_credits(micro).replace("-", "−")


def credits_text(micro: int, *, places: int | None = None) -> str:
    """Write micro-credits with their unit: "12 credits"."""
    number = amount(micro, places=places)
    if number in {"1", "−1"}:
        return QCoreApplication.translate("Text", "{amount} credit").format(amount=number)
    return QCoreApplication.translate("Text", "{amount} credits").format(amount=number)


def _short(micro: int) -> int:
    """Round a price up to cents; one below a tenth of a credit to its first two digits, or it would multiply."""
    unit = MICRO // 100
    while unit > 1 and micro < unit * 10:
        unit //= 10
    return -(-micro // unit) * unit


def about(micro: int) -> str:
    """Write a price in few digits and never too low: "1.26" of 1.256743, "0.0013" of 0.001234."""
    return format_credits(_short(micro))


def short_price(micro: int) -> str:
    """Write a price with its unit, as `about` does: "1.26 credits"."""
    return credits_text(_short(micro))


def exactly(micro: int) -> str:
    """Return the whole amount for a tool tip where `short_price` shortened it, else an empty text."""
    return credits_text(micro) if _short(micro) != micro else ""


def paragraphs(words: str) -> str:
    """Undo the line breaks that a text has only because its file has lines; empty lines part paragraphs."""
    parts = (" ".join(part.split()) for part in words.replace("\r\n", "\n").split("\n\n"))
    return "\n\n".join(part for part in parts if part)


#: Characters that turn the direction of whatever follows them: a title could turn its own price around.
_TURNS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def straight(words: str) -> str:
    """Return a text without characters that force a direction; scripts written from the right keep theirs."""
    return words.translate(_TURNS) if not words.isascii() else words


def tip(words: str) -> str:
    """Return a text for a tool tip: one that looks like HTML would be drawn as HTML, and titles come from strangers."""
    return f"<p>{html.escape(words)}</p>" if words else ""


def signed(micro: int) -> str:
    """Write a change of the balance with its sign: "+10", "−0.5", "0"."""
    return f"+{amount(micro)}" if micro > 0 else amount(micro)


#: Currencies that are not counted in hundredths, by ISO 4217, and satoshis, which are not divided.
_PLACES: Final = dict.fromkeys(
    ("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "sat"), 0
) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)


def cash(minor: int, currency: str) -> str:
    """Write an amount in minor units of a currency: "13,000 KRW", "10.00 USD", "1,250 sat"."""
    currency = currency if currency == "sat" else currency.upper()
    places = _PLACES.get(currency, 2)
    whole, part = divmod(abs(minor), 10**places)
    number = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    return f"{'−' if minor < 0 else ''}{number} {currency}"


def countdown(seconds: float) -> str:
    """Write what is left of a time limit: "14:32", "1:02:03"."""
    left = max(int(seconds), 0)
    hours, rest = divmod(left, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def share_of(basis_points: int) -> str:
    """Write a share: "85 %", "2.5 %"."""
    return QCoreApplication.translate("Text", "{number} %").format(number=f"{basis_points / 100:g}")


def task_name(task: str) -> str:
    """Return the name of a task of models; an unknown one is shown as its creator wrote it."""
    names = {
        "text-to-image": QCoreApplication.translate("Text", "Text to image"),
        "image-to-image": QCoreApplication.translate("Text", "Image to image"),
        "style-transfer": QCoreApplication.translate("Text", "Style transfer"),
        "upscale": QCoreApplication.translate("Text", "Upscale"),
        "upscaling": QCoreApplication.translate("Text", "Upscale"),
        "super-resolution": QCoreApplication.translate("Text", "Upscale"),
        "inpaint": QCoreApplication.translate("Text", "Inpaint"),
        "inpainting": QCoreApplication.translate("Text", "Inpaint"),
        "background-removal": QCoreApplication.translate("Text", "Background removal"),
        "text-to-text": QCoreApplication.translate("Text", "Text"),
    }
    return names.get(task) or task.replace("-", " ").replace("_", " ").capitalize()


def day(seconds: float) -> str:
    """Write a date: "12 Nov 2026"."""
    locale = QLocale()
    pattern = "yyyy년 M월 d일" if locale.language() == QLocale.Language.Korean else "d MMM yyyy"
    return locale.toString(QDateTime.fromSecsSinceEpoch(int(seconds)), pattern)


def when(seconds: float) -> str:
    """Write a time of today as "10:42", of yesterday as "Yesterday", else as "12 Nov" or with its year."""
    moment = datetime.fromtimestamp(seconds)
    days = (datetime.now().date() - moment.date()).days
    if days == 0:
        return moment.strftime("%H:%M")
    if days == 1:
        return QCoreApplication.translate("Text", "Yesterday")
    locale = QLocale()
    korean = locale.language() == QLocale.Language.Korean
    pattern = ("M월 d일" if korean else "d MMM") if days < 300 else ("yyyy년 M월 d일" if korean else "d MMM yyyy")
    return locale.toString(QDateTime.fromSecsSinceEpoch(int(seconds)), pattern)


def duration(seconds: float) -> str:
    """Write a length of time: "0.4 s", "12 s", "3 min", "2 h 5 min", "3 d 4 h"."""
    translate = QCoreApplication.translate
    if 0 < seconds < 0.1:
        seconds = 0.1  # nothing takes no time
    if seconds < 9.95:
        return translate("Text", "{count} s").format(count=f"{seconds:.1f}".removesuffix(".0"))
    if seconds < 90:
        return translate("Text", "{count} s").format(count=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 60:
        return translate("Text", "{count} min").format(count=minutes)
    if minutes < 60 * 24:
        return translate("Text", "{hours} h {minutes} min").format(hours=minutes // 60, minutes=minutes % 60)
    return translate("Text", "{days} d {hours} h").format(days=minutes // 1440, hours=minutes % 1440 // 60)


def bytes_text(count: int) -> str:
    """Write a size in bytes: "3.1 MB"."""
    words = QLocale().formattedDataSize(count, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def short_digest(digest: str) -> str:
    """Shorten "sha256:9f3c…" for the eye; the whole is for the clipboard."""
    kind, _, hexadecimal = digest.rpartition(":")
    shown = f"{hexadecimal[:8]}…{hexadecimal[-4:]}" if len(hexadecimal) > 16 else hexadecimal
    return f"{kind}:{shown}" if kind else shown
