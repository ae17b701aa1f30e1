"""INI text in, frozen settings out: every fault with its file and line."""
