"""Signing in: guessing made slow, a second factor for those who sign, sessions that end."""
