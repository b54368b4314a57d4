"""For how long a connection that nobody uses is kept open, by those who ask and by those who answer.

Who asks must be the first to let go. If a server closed a connection as early as its client, a request could set out
while the closing is on its way: it would be lost, and whoever asked could not tell whether it had been heard.
"""

from __future__ import annotations

from typing import Final

#: Every client of registries and nodes; enough for the next request of somebody who is at work.
CLIENT_SECONDS: Final = 5
#: Registries and nodes: three times that, for clients whose clock or event loop is late.
SERVER_SECONDS: Final = 15
