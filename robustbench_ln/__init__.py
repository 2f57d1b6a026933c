"""How an image classifier degrades under noise and corruption, under any statistics."""

__version__ = "0.1.0"
