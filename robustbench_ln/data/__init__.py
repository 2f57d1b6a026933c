"""Test images, from wherever people keep them."""

from robustbench_ln.data.image_set import ArrayImages, ImageSet
from robustbench_ln.data.options import DataOptions
from robustbench_ln.data.sources import load_images
from robustbench_ln.files.pictures import Framing

__all__ = ["ArrayImages", "DataOptions", "Framing", "ImageSet", "load_images"]
