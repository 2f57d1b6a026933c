"""What a run keeps: records, predictions, their reduction, and how they are written and read."""
