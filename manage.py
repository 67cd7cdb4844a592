#!/usr/bin/env python
"""Django's command line for Tieout."""

import gc
import os
import sys


def main() -> None:
    """Run the management command named on the command line."""
    gc.disable()  # until everything is loaded (reconciliation/apps.py): a quarter of the time a start takes
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
