"""Memory shared by two processes, for data that is too large to go through a pipe quickly."""

import mmap
import sys
import tempfile
import uuid
from typing import BinaryIO


class SharedMemory:
    """``size`` bytes that this process and a child process map, which finds them by ``name``.

    The memory is an unlinked file or, on Windows, a section of the paging file. So it is freed when the last process
    that maps it ends, even by a crash. Data that is `put` into it stays until the next `clear`.
    """

    def __init__(self, size: int) -> None:
        self._file: BinaryIO | None = None
        self.descriptors: tuple[int, ...] = ()
        if sys.platform == "win32":
            self.name = f"imsearch-{uuid.uuid4()}"
            self._mapped = mmap.mmap(-1, size, tagname=self.name)
        else:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
            self._file.write(bytes(size))  # a full disk raises an error here, and not a signal later
            self._file.flush()
            self.name = str(self._file.fileno())
            self.descriptors = (self._file.fileno(),)
            self._mapped = mmap.mmap(self._file.fileno(), size)
        self.size = size
        self._used = 0

    @classmethod
    def attached(cls, name: str, size: int) -> "SharedMemory":
        """The memory made by the parent process; ``name`` is an inherited file descriptor or, on Windows, a tag."""
        memory = cls.__new__(cls)
        memory._file = None
        memory.descriptors = ()
        memory.name, memory.size, memory._used = name, size, 0
        if sys.platform == "win32":
            memory._mapped = mmap.mmap(-1, size, tagname=name)
        else:
            memory._mapped = mmap.mmap(int(name), size)
        return memory

    def clear(self) -> None:
        """Forget all data, so that the whole memory is free again."""
        self._used = 0

    def put(self, data: memoryview) -> int | None:
        """Copy ``data`` (contiguous) into the memory. Returns its place, None where it does not fit."""
        start, end = self._used, self._used + data.nbytes
        if end > self.size:
            return None
        self._mapped[start:end] = data
        self._used = end
        return start

    def get(self, start: int, count: int) -> bytearray:
        """A copy of ``count`` bytes from ``start`` on. Raises `ValueError` where they are outside the memory."""
        if not 0 <= start <= start + count <= self.size:
            raise ValueError(f"bytes {start} to {start + count} of shared memory that has {self.size}")
        return bytearray(memoryview(self._mapped)[start : start + count])

    def close(self) -> None:
        """Unmap the memory. It is freed when the other process has unmapped it too."""
        self._mapped.close()
        if self._file is not None:
            self._file.close()
