"""The values that travel between the rooms and out to users. Nothing here does I/O."""
