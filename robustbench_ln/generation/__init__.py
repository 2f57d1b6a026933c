"""Generated sets of corrupted images, in the published layouts."""
