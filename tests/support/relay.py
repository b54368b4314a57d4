"""A wire between a client and a server on this machine, which a test can cut, mend, or let go silent."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Hands bytes on, both ways, to a port of this machine.

    ``cut`` breaks every connection and refuses new ones, as a cable that is pulled; ``silence`` keeps them open and
    hands nothing on, as a router that has lost its way; ``mend`` ends either. ``cut_next`` breaks the next connection
    alone, after so many bytes.
    """

    def __init__(self) -> None:
        self.target = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._going = threading.Event()
        self._going.set()
        self._cut = False
        self._next: tuple[int | None, int | None] = (None, None)
        self._closed = False
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._cut = True
        self._break()

    def cut_next(self, *, up: int | None = None, down: int | None = None) -> None:
        """Break the next connection after ``up`` bytes of who connects, or ``down`` of who answers."""
        self._next = (up, down)

    @property
    def cut_pending(self) -> bool:
        """Whether nobody has connected since ``cut_next``."""
        return self._next != (None, None)

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
                far = socket.create_connection(("127.0.0.1", self.target), timeout=240)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._guard:
                self._open |= {near, far}
            both = threading.Barrier(2)
            (up, down), self._next = self._next, (None, None)
            for source, target, most in ((near, far, up), (far, near, down)):
                threading.Thread(target=self._hand_on, args=(source, target, both, most), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, both: threading.Barrier, most: int | None) -> None:
        handed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self._going.wait()
                if most is not None and handed + len(data) > most:
                    target.sendall(data[: most - handed])
                    source.shutdown(socket.SHUT_RDWR)
                    break
                handed += len(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        both.wait()
        with self._guard:
            self._open.discard(source)
        source.close()
