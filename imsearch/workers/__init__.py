"""Child processes for work that may crash, hang or run out of memory, and for long work in the background."""
