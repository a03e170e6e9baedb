"""Strangers' files → their text, for the index. Pure but for the limited child process in which they are read."""
