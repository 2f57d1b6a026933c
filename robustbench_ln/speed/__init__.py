"""Times taken in turns, and what norms cost."""
