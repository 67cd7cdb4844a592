"""python -m billing.sandbox [--port 12111]: the recorded payments and a generated month, until Ctrl-C."""

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta

from .month import DAYS, generated_month
from .recorded import recorded_shelf
from .server import running

RECORDED_KEY = "rk_test_recorded"
MONTH_KEY = "rk_test_month"


def main() -> None:
    """Serve, and say how to reach what."""
    parser = argparse.ArgumentParser(description="A stand-in for Stripe's API on this machine.")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--payments", type=int, default=400)
    chosen = parser.parse_args()
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    shelves = {RECORDED_KEY: recorded_shelf(), MONTH_KEY: generated_month(payments=chosen.payments, start=start).shelf}
    with running(shelves, port=chosen.port) as sandbox:
        sys.stdout.write(
            f"STRIPE_API_BASE={sandbox.address}\nKeys: {RECORDED_KEY} (recorded), {MONTH_KEY} (last {DAYS} days)\n"
        )
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
