"""Artrator."""
