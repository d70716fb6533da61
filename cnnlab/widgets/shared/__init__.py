"""What several widgets need on the Python side: base class, settings, pictures, maps, code."""
