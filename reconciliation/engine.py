"""The embedded engine: Polars runs what core writes in Narwhals."""

from typing import Any

import narwhals as nw
import polars as pl


def pin(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Computes a frame now. Without it, plans grow from pass to pass until they exhaust the machine."""
    return frame.collect().lazy()


def lazy(frame: pl.DataFrame) -> nw.LazyFrame[Any]:
    """A Polars frame as the core takes it."""
    return nw.from_native(frame.lazy())


def collected(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    """The core's answer as a Polars frame."""
    native: pl.DataFrame = frame.collect().to_native()
    return native
