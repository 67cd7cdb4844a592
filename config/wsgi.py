"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

gc.disable()  # until everything is loaded (reconciliation/apps.py)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
