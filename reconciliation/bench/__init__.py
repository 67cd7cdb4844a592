"""Measuring Tieout against other ways to do the same; no production module imports this package."""
