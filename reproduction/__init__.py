"""The papers' experiments: sweeps of trainings, claims, and their raw records."""
