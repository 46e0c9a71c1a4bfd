-- The rows of one interval, as they arrived: $1 is its start, $2 its end (not included).
-- Late and corrected rows are among them; who reads the table says as of when. The order makes a second run give the
-- same table.
SELECT id, event_time, arrived_at, source, text
FROM sentiment_rows
WHERE event_time >= $1
  AND event_time < $2
ORDER BY event_time, id, arrived_at
