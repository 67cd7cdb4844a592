"""A stand-in for Stripe on loopback: its list API over recorded facts and made-up ones, for tests and the demo.

No production module imports it. The unmodified SDK talks to it.
"""
