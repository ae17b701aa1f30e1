"""The HTTP/1.1 wire: the channel from clients, the agent to servers. It knows nothing of sessions or upstreams."""
