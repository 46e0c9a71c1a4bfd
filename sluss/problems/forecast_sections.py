"""The config of a use case whose predictions are quantiles of the steps of a time series that are to come."""

from __future__ import annotations

from pydantic import Field, model_validator

from sluss.config.base import Frozen
from sluss.problems.quantile_sections import Quantiles


class ForecastSection(Frozen):
    """The forecast: which rows are made together, and the naive forecasts that a model has to beat."""

    horizon: int = Field(
        ge=1,
        description="Forecast: rows that are made together, such as the 48 half-hours of a day. Their errors depend on "
        "each other, so the statistical tests count them once",
    )
    naive: tuple[str, ...] = Field(
        min_length=1,
        description="Forecast: number columns that hold naive forecasts, such as the value of a week before. The one "
        "with the least error on the training rows is the baseline; the error of the first one there is the unit of "
        "`mase`",
    )
    step: str | None = Field(
        None,
        description="Forecast: number column with the place of a row among those made together, such as its half-hour "
        "of the day: the intervals of the naive forecasts are those of each step",
    )
    series: str | None = Field(
        None, description="Forecast: category column that names the series, where a config forecasts several"
    )


class ForecastUseCase(Quantiles):
    """A use case that forecasts a time series."""

    forecast: ForecastSection = Field(description="Forecast: rows that are made together, and what has to be beaten")

    @model_validator(mode="after")
    def _names_columns(self) -> ForecastUseCase:
        section = self.forecast
        wanted = [("naive", name, "number") for name in section.naive]
        wanted += [("step", section.step, "number")] if section.step else []
        wanted += [("series", section.series, "category")] if section.series else []
        for key, name, kind in wanted:
            column = self.curation.columns.get(name)
            if column is None or column.kind != kind:
                raise ValueError(f"forecast.{key} names {name}, which is not a {kind} under curation.columns")
        return self

    @model_validator(mode="after")
    def _counts_forecasts_once(self) -> ForecastUseCase:
        if self.group:
            raise ValueError("a forecast has no group; forecast.horizon says which rows count once")
        if not any(abs(level - 0.5) < 1e-9 for level in self.quantiles):
            raise ValueError("quantiles of a forecast need 0.5, the median, which is its point")
        return self
