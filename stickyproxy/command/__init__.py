"""The commands beside `twistd stickyproxy`: steering a running proxy, and finding out what a configuration means."""
