"""Tables, figures and the report of runs, from their records alone: no torch, no model."""
