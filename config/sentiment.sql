-- The rows of one interval, including late and corrected ones: $1 is its start, $2 its end (excluded).
-- Readers of the lake choose the moment as of which they read. The fixed order makes a second run write the same
-- table.
SELECT id, event_time, arrived_at, source, text
FROM sentiment_rows
WHERE event_time >= $1
  AND event_time < $2
ORDER BY event_time, id, arrived_at
