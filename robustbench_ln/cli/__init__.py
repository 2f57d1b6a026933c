"""The commands of `ln-bench`, a file each."""
