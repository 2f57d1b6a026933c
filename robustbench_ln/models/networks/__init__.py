"""The networks that `--arch` builds."""
