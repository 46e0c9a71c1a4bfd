-- The half-hours that are forecast in one interval, each with what was known at its noon ($1 is the interval's start, $2
-- its end). A reading counts from the end of its half-hour on, and a correction from its own arrival on, so that a later
-- change of the tables leaves the past as it was. Days and half-hours are those of people's clock, which moves twice a
-- year: the lag of seven days is that of the same time on the clock. A half-hour that the clock repeats is a mean of two.
WITH forecast_rows AS (
  SELECT r.id, r.event_time, r.arrived_at, r.series, r.change, r.target_time, r.workday,
         CASE WHEN r.temperature BETWEEN -30 AND 55 THEN r.temperature END AS temperature,
         CAST(r.target_time AT TIME ZONE 'Australia/Melbourne' AS DATE) AS target_day,
         CAST(EXTRACT(HOUR FROM r.target_time AT TIME ZONE 'Australia/Melbourne') * 2
              + FLOOR(EXTRACT(MINUTE FROM r.target_time AT TIME ZONE 'Australia/Melbourne') / 30) AS INTEGER) AS half_hour,
         ROW_NUMBER() OVER (PARTITION BY r.id, r.arrived_at <= r.event_time ORDER BY r.arrived_at DESC) AS place
  FROM demand_rows AS r
  WHERE r.event_time >= $1
    AND r.event_time < $2
),
noons AS (
  SELECT DISTINCT series, event_time, target_day FROM forecast_rows
),
-- All versions of the readings of two weeks that were known at each noon; the newest of each is in place 1.
versions AS (
  SELECT n.series, n.event_time, n.target_day, r.target_time, r.workday,
         CASE WHEN r.temperature BETWEEN -30 AND 55 THEN r.temperature END AS temperature,
         CASE WHEN l.label > 0 THEN l.label END AS demand,
         ROW_NUMBER() OVER (PARTITION BY n.series, n.event_time, n.target_day, r.id
                            ORDER BY r.arrived_at DESC, l.label_time DESC NULLS LAST, l.label DESC) AS place
  FROM noons AS n
  JOIN demand_rows AS r
    ON r.series = n.series
   AND r.arrived_at <= n.event_time
   AND r.target_time + INTERVAL '30 minutes' <= n.event_time
   AND r.target_time >= n.event_time - INTERVAL '15 days'
  LEFT JOIN demand_labels AS l
    ON l.id = r.id
   AND l.label_time <= n.event_time
),
readings AS (
  SELECT series, event_time, target_day,
         target_day - CAST(target_time AT TIME ZONE 'Australia/Melbourne' AS DATE) AS days,
         CAST(EXTRACT(HOUR FROM target_time AT TIME ZONE 'Australia/Melbourne') * 2
              + FLOOR(EXTRACT(MINUTE FROM target_time AT TIME ZONE 'Australia/Melbourne') / 30) AS INTEGER) AS half_hour,
         AVG(demand) AS demand, AVG(temperature) AS temperature, MAX(workday) AS workday,
         CAST(FLOOR(AVG(demand) * 1e9 + 0.5) AS BIGINT) AS watts,
         CAST(FLOOR(AVG(temperature) * 1e9 + 0.5) AS BIGINT) AS heat
  FROM versions
  WHERE place = 1
  GROUP BY 1, 2, 3, 4, 5
),
-- Means of whole numbers, whose sums are the same in every order: those of fractions differ by the last digit from run to
-- run, and a tree may split there.
days AS (
  SELECT series, event_time, target_day, days,
         CAST(SUM(watts) AS DOUBLE PRECISION) / NULLIF(COUNT(watts), 0) / 1e9 AS demand,
         CAST(SUM(heat) AS DOUBLE PRECISION) / NULLIF(COUNT(heat), 0) / 1e9 AS temperature,
         MAX(temperature) AS warmest, MAX(workday) AS workday,
         CAST(SUM(CASE WHEN half_hour < 24 THEN watts END) AS DOUBLE PRECISION)
           / NULLIF(COUNT(CASE WHEN half_hour < 24 THEN watts END), 0) / 1e9 AS morning,
         CAST(SUM(CASE WHEN half_hour < 24 THEN heat END) AS DOUBLE PRECISION)
           / NULLIF(COUNT(CASE WHEN half_hour < 24 THEN heat END), 0) / 1e9 AS morning_temperature,
         MAX(CASE WHEN half_hour = 23 THEN demand END) AS before_noon,
         MAX(CASE WHEN half_hour = 23 THEN temperature END) AS noon_temperature
  FROM readings
  GROUP BY 1, 2, 3, 4
),
-- The forecast of the weather, for which the temperature that came stands in.
weather AS (
  SELECT series, event_time, target_day,
         CAST(SUM(CAST(FLOOR(temperature * 1e9 + 0.5) AS BIGINT)) AS DOUBLE PRECISION)
           / NULLIF(COUNT(temperature), 0) / 1e9 AS mean,
         MAX(temperature) AS warmest, MIN(temperature) AS coldest
  FROM forecast_rows
  WHERE arrived_at <= event_time
    AND place = 1
  GROUP BY 1, 2, 3
)
SELECT f.id, f.event_time, f.arrived_at, f.series, f.change, f.target_time, f.half_hour,
       COALESCE(h7.demand, h14.demand, h2.demand) AS week_before,
       COALESCE(h2.demand, h7.demand, h14.demand) AS two_days_before,
       f.workday, d1.workday AS workday_1, d2.workday AS workday_2, d7.workday AS workday_7,
       CAST(EXTRACT(ISODOW FROM f.target_day) AS INTEGER) AS weekday,
       CAST(EXTRACT(DOY FROM f.target_day) AS INTEGER) AS day_of_year,
       h1.demand AS demand_1, h2.demand AS demand_2, h7.demand AS demand_7, h14.demand AS demand_14,
       d1.morning AS morning_1, d2.morning AS morning_2, d7.morning AS morning_7, d8.morning AS morning_8,
       d1.before_noon AS before_noon_1, d2.before_noon AS before_noon_2, d8.before_noon AS before_noon_8,
       d2.demand AS mean_2, d7.demand AS mean_7,
       h1.temperature AS temperature_1, h2.temperature AS temperature_2,
       h7.temperature AS temperature_7, h14.temperature AS temperature_14,
       d1.morning_temperature AS morning_temperature_1, d1.noon_temperature AS noon_temperature_1,
       d2.temperature AS mean_temperature_2, d2.warmest AS warmest_2,
       d7.temperature AS mean_temperature_7, d7.warmest AS warmest_7,
       f.temperature AS forecast_temperature, w.mean AS forecast_mean, w.warmest AS forecast_warmest,
       w.coldest AS forecast_coldest
FROM forecast_rows AS f
LEFT JOIN weather AS w ON w.series = f.series AND w.event_time = f.event_time AND w.target_day = f.target_day
LEFT JOIN readings AS h1 ON h1.series = f.series AND h1.event_time = f.event_time AND h1.target_day = f.target_day
  AND h1.half_hour = f.half_hour AND h1.days = 1
LEFT JOIN readings AS h2 ON h2.series = f.series AND h2.event_time = f.event_time AND h2.target_day = f.target_day
  AND h2.half_hour = f.half_hour AND h2.days = 2
LEFT JOIN readings AS h7 ON h7.series = f.series AND h7.event_time = f.event_time AND h7.target_day = f.target_day
  AND h7.half_hour = f.half_hour AND h7.days = 7
LEFT JOIN readings AS h14 ON h14.series = f.series AND h14.event_time = f.event_time AND h14.target_day = f.target_day
  AND h14.half_hour = f.half_hour AND h14.days = 14
LEFT JOIN days AS d1 ON d1.series = f.series AND d1.event_time = f.event_time AND d1.target_day = f.target_day
  AND d1.days = 1
LEFT JOIN days AS d2 ON d2.series = f.series AND d2.event_time = f.event_time AND d2.target_day = f.target_day
  AND d2.days = 2
LEFT JOIN days AS d7 ON d7.series = f.series AND d7.event_time = f.event_time AND d7.target_day = f.target_day
  AND d7.days = 7
LEFT JOIN days AS d8 ON d8.series = f.series AND d8.event_time = f.event_time AND d8.target_day = f.target_day
  AND d8.days = 8
ORDER BY f.event_time, f.id, f.arrived_at
