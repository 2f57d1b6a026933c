"""Test images, from wherever people keep them."""

from robustbench_ln.data.image_set import ArrayImages, ImageSet
from robustbench_ln.data.sources import DataOptions, load_images

__all__ = ["ArrayImages", "DataOptions", "ImageSet", "load_images"]
