"""One window for each profile: a second start shows the one that is open, as people expect of a double click.

Two at once would take up the same orders and offer the same queue twice. The lock is a file in the profile; it counts
only while the process that wrote it lives, so a crash or a `kill -9` leaves nothing to clean up.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

#: A window that is alive takes a call between two of its events.
_ANSWER_MS: Final = 10_000
_READ_MS: Final = 300


class Single(QObject):
    """This process's claim to a profile.

    Signals:
        called: Somebody started the application again; the id of the page that was asked for, or an empty text.
    """

    called = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = folder / "desktop.lock"
        self._lock = QLockFile(str(self.path))
        self._lock.setStaleLockTime(0)  # no age makes a lock stale, only the end of its process
        self._name = f"artrator-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]}"
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._answer)

    def claim(self) -> bool:
        """Take the profile, and listen for those who start later; False if another process has it."""
        if not self._lock.tryLock(0) and self._lock.error() is QLockFile.LockError.LockFailedError:
            # A lock that names nobody, as a full disk leaves it, is taken away; Qt does not while somebody holds it.
            names_nobody = self._lock.getLockInfo()[0] <= 0
            if not (names_nobody and self._lock.removeStaleLockFile() and self._lock.tryLock(0)):
                return False
        # What a process left that was killed.
        QLocalServer.removeServer(self._name)
        self._server.listen(self._name)
        return True

    def call(self, page: str = "") -> bool:
        """Ask the window that has the profile to come to the front; False if it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_ANSWER_MS):
            return False
        socket.write(f"{page}\n".encode())
        return socket.waitForBytesWritten(_ANSWER_MS) and socket.waitForReadyRead(_ANSWER_MS)

    def release(self) -> None:
        """Give the profile back."""
        self._server.close()
        self._lock.unlock()

    def _answer(self) -> None:
        socket = self._server.nextPendingConnection()
        if socket is None:
            return
        # Whoever calls writes at once; anybody else is not waited for.
        socket.waitForReadyRead(_READ_MS)
        page = bytes(socket.readLine(64).data()).decode("utf-8", "replace").strip()
        socket.write(b"here\n")
        socket.waitForBytesWritten(_READ_MS)
        socket.disconnectFromServer()
        socket.deleteLater()
        self.called.emit(page)
