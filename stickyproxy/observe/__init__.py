"""What is seen of finished requests: the access log; the error log; and the files of both."""
