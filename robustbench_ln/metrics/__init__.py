"""Numbers from counts and outcomes: intervals, tests, curves, calibration, corruption errors."""
