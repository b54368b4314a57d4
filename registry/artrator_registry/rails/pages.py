"""Where a browser ends after paying: two still pages without scripts. They know nothing of the payment."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{en_title}</title>
<style>
:root {{ color-scheme: light dark; font: 17px/1.6 system-ui, sans-serif; }}
body {{ min-height: 90vh; display: grid; place-content: center; margin: 0 1.5rem; max-width: 34rem; margin-inline: auto; }}
h1 {{ font-size: 1.5rem; line-height: 1.3; margin: 0 0 .4rem; }}
p {{ margin: 0; opacity: .75; }}
section + section {{ margin-top: 2.2rem; padding-top: 2.2rem; border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }}
</style>
</head>
<body>
<section lang="en"><h1>{en_title}</h1><p>{en_text}</p></section>
<section lang="ko"><h1>{ko_title}</h1><p>{ko_text}</p></section>
</body>
</html>
"""  # noqa: E501  # a style rule is one line

_DONE: Final = _PAGE.format(
    en_title="Thank you",
    en_text="You can close this page. The credits appear in Artrator as soon as the payment is confirmed.",
    ko_title="감사합니다",
    ko_text="이 페이지를 닫아도 됩니다. 결제가 확인되면 Artrator에 크레딧이 표시됩니다.",
)
_CANCELLED: Final = _PAGE.format(
    en_title="Nothing was paid",
    en_text="You can close this page and go on in Artrator.",
    ko_title="결제되지 않았습니다",
    ko_text="이 페이지를 닫고 Artrator에서 계속하세요.",
)
#: Nothing may be loaded, framed or run; the style stands in the page.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/pay/done")
async def done() -> HTMLResponse:
    """After paying."""
    return HTMLResponse(_DONE, headers=_HEADERS)


@router.get("/pay/cancelled")
async def cancelled() -> HTMLResponse:
    """After giving up."""
    return HTMLResponse(_CANCELLED, headers=_HEADERS)
