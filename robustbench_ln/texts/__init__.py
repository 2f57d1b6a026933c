"""Text that is made safe for where it is shown, and the one way to the terminal."""
