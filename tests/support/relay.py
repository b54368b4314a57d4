"""A wire between a client and a server on this machine, which a test can cut, mend, or let go silent."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Hands bytes on, both ways, to a port of this machine.

    ``cut`` breaks every connection and refuses new ones, as a cable that is pulled; ``silence`` keeps them open and
    hands nothing on, as a router that has lost its way; ``mend`` ends either.
    """

    def __init__(self) -> None:
        self.target = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._going = threading.Event()
        self._going.set()
        self._cut = False
        self._closed = False
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut = True
        self._break()

    def silence(self) -> None:
        self._going.clear()

    def mend(self) -> None:
        self._cut = False
        self._break()  # who waited in silence connects anew
        self._going.set()

    def close(self) -> None:
        self._closed = True
        self._going.set()
        self._listening.close()
        self._break()

    def _break(self) -> None:
        with self._guard:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._cut:
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._guard:
                self._open |= {near, far}
            both = threading.Barrier(2)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(source, target, both), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, both: threading.Barrier) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._going.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        both.wait()
        with self._guard:
            self._open.discard(source)
        source.close()
