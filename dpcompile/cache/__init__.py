"""Compiled derivatives on disk, found again by all that they were made of."""
