"""`manage.py serve`: the web server and the worker, until Ctrl-C."""

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.translation import gettext as _

from reconciliation.log_tasks import declare_nightly
from reconciliation.management.serving import Child, PortTaken, Supervisor, require_free_port
from reconciliation.queue_watch import QueueWatch
from reconciliation.sweep_tasks import declare_schedule


class Command(BaseCommand):
    """Serves on loopback by default; anything else is meant to stand behind a proxy that ends TLS."""

    help = _("Start the web server and the worker; Ctrl-C ends both.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on (default: %(default)s)"))
        parser.add_argument("--port", type=int, default=8000, help=_("port to listen on (default: %(default)s)"))
        parser.add_argument("--web-workers", type=int, default=2, help=_("web processes (default: %(default)s)"))

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if not 1 <= port <= 65535:
            raise CommandError(_("There is no port %d. Choose one from 1 to 65535.") % port)
        try:
            require_free_port(host=host, port=port)
        except PortTaken as error:
            raise CommandError(str(error)) from error
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError(_("The database is not up to date. Run `manage.py migrate` first."))
        call_command("compile_catalogues", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        declare_schedule(now=timezone.now())
        declare_nightly(now=timezone.now())
        connections.close_all()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.stderr.write(_("Tieout is at %s – the worker runs beside it. Ctrl-C ends both.") % f"http://{address}/")
        supervisor = Supervisor(
            children=[
                Child(_("web server"), web_command(address=address, processes=options["web_workers"])),
                Child(_("worker"), [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"], QueueWatch()),
            ],
            say=self.stderr.write,
        )
        code = supervisor.run()
        self.stderr.write(_("Both have ended."))
        if code:
            raise SystemExit(code)


def web_command(*, address: str, processes: int) -> list[str]:
    """The command line that starts gunicorn on `address`."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "config.wsgi:application",
        f"--chdir={settings.BASE_DIR}",
        f"--bind={address}",
        f"--workers={processes}",
        "--threads=4",
        "--timeout=60",
        "--graceful-timeout=15",
        "--max-requests=10000",
        "--max-requests-jitter=1000",
        "--log-level=warning",
    ]
