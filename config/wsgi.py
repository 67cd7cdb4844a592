"""WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from .charsets import readable

gc.disable()  # until everything is loaded (reconciliation/apps.py)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = readable(get_wsgi_application())
