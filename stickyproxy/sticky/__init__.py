"""Who keeps a session: pure decisions about cookies and routes, without sockets, clocks or randomness."""
