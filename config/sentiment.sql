-- The rows of one interval: $1 is its start, $2 its end (not included).
-- Nothing that reached the warehouse later is seen. The order makes a second run give the same table.
SELECT id, event_time, arrived_at, source, text
FROM sentiment_rows
WHERE event_time >= $1
  AND event_time < $2
  AND arrived_at < $2
ORDER BY event_time, id
