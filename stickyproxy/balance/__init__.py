"""Who takes a request: the live state of the servers, the algorithms, and the assignment."""
