"""Units of work done in this process or in others: rows and files do not show which."""
