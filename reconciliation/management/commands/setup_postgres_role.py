"""`manage.py setup_postgres_role ROLE`: a PostgreSQL role for the application that cannot rewrite the ledger."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from reconciliation.management.postgres_role import RoleRefusedError, grant_application_rights

ERROR = 2


class Command(BaseCommand):
    """Creates the role when needed and sets its rights; safe to repeat, and to be repeated after every migration."""

    help = (
        "Creates or updates the role the application runs as: it reads and inserts everywhere, but on append-only "
        "tables it updates only the columns that may move, and never deletes. Run it as owner after every migration."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", metavar="ROLE", help="name of the application's role")
        parser.add_argument("--password-env", metavar="NAME", help="environment variable that holds its password")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            message = (
                _("The database is %s, which has no roles: this command is for PostgreSQL.") % connection.display_name
            )
            raise CommandError(message, returncode=ERROR)
        password = None
        if options["password_env"]:
            password = os.environ.get(options["password_env"])
            if not password:
                message = (
                    _("The environment variable %s is empty: put the role's password in it.") % options["password_env"]
                )
                raise CommandError(message, returncode=ERROR)
        try:
            with transaction.atomic():
                tables = grant_application_rights(options["role"], password)
        except (RoleRefusedError, DatabaseError) as error:
            raise CommandError(str(error).strip(), returncode=ERROR) from None
        protected = sum(1 for rights in tables.values() if "INSERT" in rights and "DELETE" not in rights)
        facts = {"role": options["role"], "tables": len(tables), "protected": protected}
        self.stdout.write(_("%(role)s may use %(tables)s tables; on %(protected)s of them it can only add.") % facts)
