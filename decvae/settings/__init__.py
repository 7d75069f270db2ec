"""Every setting once: typed, documented and validated."""
