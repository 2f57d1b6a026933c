"""Corrupted data sets: streams of degraded images, and the files made of them."""
