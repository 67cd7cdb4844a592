"""Settings, addresses, system checks, request ids: what ties the parts to a deployment."""
