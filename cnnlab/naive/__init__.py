"""The same operations written as their formulas: plain loops in NumPy, to be read, not to be fast.

They lean on nothing else of the package, so that they can serve as its yardstick. Images are
``(batch, height, width, channels)``, filters ``(filter_height, filter_width, in_channels,
out_channels)``; they keep the precision they are given, so float64 in means float64 out.
"""
