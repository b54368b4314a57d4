"""Saying that a delivery is wrong, and answering it."""
