"""Joins the wire and the decisions: the Resource tree, and the exchange with its tries."""
