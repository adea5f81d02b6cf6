"""Opening the verifier of a library when it is first needed."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from imsearch import verify

if TYPE_CHECKING:
    from imsearch.verify.verifier import Verifier


class Verification:
    """The verifier of one library, opened when it is first needed. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._verifier: Verifier | None = None
        self._opening = threading.Lock()

    def verifier(self) -> "Verifier":
        """The verifier. Raises `UsageError` where OpenCV is not installed."""
        verify.check_available()
        with self._opening:
            if self._verifier is None:
                from imsearch.verify.verifier import Verifier

                self._verifier = Verifier(self._folder)
            return self._verifier

    def close(self) -> None:
        """Close the verifier, if it was opened."""
        with self._opening:
            if self._verifier is not None:
                self._verifier.close()
            self._verifier = None
