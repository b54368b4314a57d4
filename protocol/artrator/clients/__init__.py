"""Clients of the registry and of nodes, and the buyer who uses both."""
