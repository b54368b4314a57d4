"""A job and its outputs in one answer: ``multipart/mixed``, whose first part is the ``Job`` in JSON.

Each part says its length, so that it can be read without a search for the boundary. The outputs come in the order in
which the job lists them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from fastapi.responses import Response

from artrator.messages.node import Job

#: More than this together is fetched output by output: the answer is put together in memory.
MAX_OUTPUT_BYTES: Final = 8 << 20
PRIVATE: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}


def job_answer(job: Job, outputs: Sequence[bytes], applied: str | None = None) -> Response:
    """A job as JSON, or with its outputs."""
    headers = PRIVATE if applied is None else {**PRIVATE, "Preference-Applied": applied}
    text = job.model_dump_json().encode()
    if not outputs:
        return Response(text, media_type="application/json", headers=headers)
    boundary = secrets.token_hex(16)
    parts = [("application/json", text)]
    parts += [(output.media_type, data) for output, data in zip(job.outputs, outputs, strict=True)]
    body = bytearray()
    for media_type, data in parts:
        body += f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Length: {len(data)}\r\n\r\n".encode()
        body += data
        body += b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return Response(bytes(body), media_type=f'multipart/mixed; boundary="{boundary}"', headers=headers)
