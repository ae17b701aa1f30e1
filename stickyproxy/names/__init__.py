"""Servers that are known by name, while the proxy runs: what DNS says of them, and what becomes of that."""
