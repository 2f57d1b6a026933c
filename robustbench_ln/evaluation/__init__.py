"""Networks measured: modes, passes over degraded images, run directories."""
