-- The labels that became known in one interval: $1 is its start, $2 its end (excluded).
SELECT id, label, label_time
FROM sentiment_labels
WHERE label_time >= $1
  AND label_time < $2
ORDER BY label_time, id
