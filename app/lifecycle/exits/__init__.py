"""Leaving the directory (退出备案) and the tail of it (收尾)."""
