"""A connection on which nothing is said for longer than clients keep one."""

from __future__ import annotations

import http.client
import ssl
import time
from urllib.parse import urlsplit

from artrator.keep_alive import CLIENT_SECONDS


def outlasts_clients(url: str) -> bool:
    """Whether a server (with any certificate) answers on a connection that a client would have let go already."""
    address = urlsplit(url)
    assert address.hostname is not None
    if address.scheme == "https":
        insecure = ssl.create_default_context()
        insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
        line: http.client.HTTPConnection = http.client.HTTPSConnection(
            address.hostname, address.port, timeout=240, context=insecure
        )
    else:
        line = http.client.HTTPConnection(address.hostname, address.port, timeout=240)
    try:
        line.connect()
        first = line.sock
        for idle in (0.0, CLIENT_SECONDS + 1.0):
            time.sleep(idle)
            line.request("GET", "/v1/health")
            answer = line.getresponse()
            assert answer.status == 200
            answer.read()
        return line.sock is first  # it would have made a new one without a word
    except (http.client.HTTPException, ConnectionError):
        return False
    finally:
        line.close()
