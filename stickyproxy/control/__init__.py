"""How a running proxy is asked and told: commands about servers, and the Unix socket that takes them."""
