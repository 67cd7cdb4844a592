"""Sample records for the demo and the tests: recorded Stripe payments, and a generated month with labelled truth."""
