"""What is seen of finished requests: the access log."""
