"""Lists of names as they are delivered, in the formats of other programmes: one file each, and none widens a reach."""
