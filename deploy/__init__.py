"""Files for running syncd, and what writes those of them that are made from code."""
