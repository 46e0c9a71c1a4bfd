-- The payments of one interval with what was known at their moment: $1 is the interval's start, $2 its end (excluded).
-- A payment counts for later ones from its arrival on, and a label from the moment at which it became known. So each
-- customer and each terminal has one line of time, with what became known and the payments that look back at it.
-- Frames are counted in microseconds since 1970, which is faster than intervals. A frame ends a microsecond before its
-- payment: one that ended at the current row would include other payments of the same moment. Sums are of whole cents,
-- so that their order is no matter.
WITH payments AS (
    SELECT
        id, event_time, arrived_at, customer_id, terminal_id, amount,
        CAST(ROUND(amount * 100) AS BIGINT) AS cents,
        CAST(EXTRACT(EPOCH FROM event_time) * 1000000 AS BIGINT) AS moment
    FROM fraud_rows
    WHERE event_time >= $1 AND event_time < $2
),
-- Of a payment that was corrected, the first arrival counts. One below 0 goes to quarantine, so it counts nowhere.
arrivals AS (
    SELECT
        customer_id,
        CAST(ROUND(amount * 100) AS BIGINT) AS cents,
        CAST(EXTRACT(EPOCH FROM arrived_at) * 1000000 AS BIGINT) AS moment
    FROM (
        SELECT customer_id, amount, arrived_at, ROW_NUMBER() OVER (PARTITION BY id ORDER BY arrived_at) AS place
        FROM fraud_rows
        WHERE arrived_at >= $1 - INTERVAL '30 days' AND arrived_at < $2 AND amount >= 0
    ) AS numbered
    WHERE place = 1
),
reports AS (
    SELECT
        fraud_rows.terminal_id, fraud_labels.label,
        CAST(EXTRACT(EPOCH FROM fraud_labels.label_time) * 1000000 AS BIGINT) AS moment
    FROM fraud_labels JOIN fraud_rows ON fraud_rows.id = fraud_labels.id
    WHERE fraud_labels.label_time >= $1 - INTERVAL '30 days' AND fraud_labels.label_time < $2
),
at_customers AS (
    SELECT customer_id, moment, id, arrived_at, NULL AS cents FROM payments
    UNION ALL
    SELECT customer_id, moment, NULL, NULL, cents FROM arrivals
),
of_customers AS (
    SELECT
        id, arrived_at,
        COUNT(cents) OVER day_before AS count_1, COALESCE(SUM(cents) OVER day_before, 0) AS cents_1,
        COUNT(cents) OVER week_before AS count_7, COALESCE(SUM(cents) OVER week_before, 0) AS cents_7,
        COUNT(cents) OVER month_before AS count_30, COALESCE(SUM(cents) OVER month_before, 0) AS cents_30
    FROM at_customers
    WINDOW
        day_before AS (
            PARTITION BY customer_id ORDER BY moment
            RANGE BETWEEN 86400000000 PRECEDING AND 1 PRECEDING
        ),
        week_before AS (
            PARTITION BY customer_id ORDER BY moment
            RANGE BETWEEN 604800000000 PRECEDING AND 1 PRECEDING
        ),
        month_before AS (
            PARTITION BY customer_id ORDER BY moment
            RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING
        )
),
at_terminals AS (
    SELECT terminal_id, moment, id, arrived_at, NULL AS label FROM payments
    UNION ALL
    SELECT terminal_id, moment, NULL, NULL, label FROM reports
),
of_terminals AS (
    SELECT
        id, arrived_at,
        COUNT(label) OVER day_before AS known_1, SUM(label) OVER day_before AS frauds_1,
        COUNT(label) OVER week_before AS known_7, SUM(label) OVER week_before AS frauds_7,
        COUNT(label) OVER month_before AS known_30, SUM(label) OVER month_before AS frauds_30
    FROM at_terminals
    WINDOW
        day_before AS (
            PARTITION BY terminal_id ORDER BY moment
            RANGE BETWEEN 86400000000 PRECEDING AND 1 PRECEDING
        ),
        week_before AS (
            PARTITION BY terminal_id ORDER BY moment
            RANGE BETWEEN 604800000000 PRECEDING AND 1 PRECEDING
        ),
        month_before AS (
            PARTITION BY terminal_id ORDER BY moment
            RANGE BETWEEN 2592000000000 PRECEDING AND 1 PRECEDING
        )
)
SELECT
    payments.id, event_time, payments.arrived_at, customer_id, terminal_id, amount,
    CAST(EXTRACT(ISODOW FROM event_time) >= 6 AS INTEGER) AS weekend,
    CAST(EXTRACT(HOUR FROM event_time) < 7 AS INTEGER) AS night,
    CAST(count_1 + 1 AS INTEGER) AS customer_count_1,
    CAST(cents_1 + cents AS DOUBLE PRECISION) / (100 * (count_1 + 1)) AS customer_mean_1,
    CAST(count_7 + 1 AS INTEGER) AS customer_count_7,
    CAST(cents_7 + cents AS DOUBLE PRECISION) / (100 * (count_7 + 1)) AS customer_mean_7,
    CAST(count_30 + 1 AS INTEGER) AS customer_count_30,
    CAST(cents_30 + cents AS DOUBLE PRECISION) / (100 * (count_30 + 1)) AS customer_mean_30,
    CASE
        WHEN cents_30 + cents > 0
        THEN amount * 100 * (count_30 + 1) / CAST(cents_30 + cents AS DOUBLE PRECISION)
        ELSE 1
    END AS amount_to_month,
    CAST(known_1 AS INTEGER) AS terminal_count_1,
    CASE WHEN known_1 > 0 THEN CAST(frauds_1 AS DOUBLE PRECISION) / known_1 ELSE 0 END AS terminal_risk_1,
    CAST(known_7 AS INTEGER) AS terminal_count_7,
    CASE WHEN known_7 > 0 THEN CAST(frauds_7 AS DOUBLE PRECISION) / known_7 ELSE 0 END AS terminal_risk_7,
    CAST(known_30 AS INTEGER) AS terminal_count_30,
    CASE WHEN known_30 > 0 THEN CAST(frauds_30 AS DOUBLE PRECISION) / known_30 ELSE 0 END AS terminal_risk_30
FROM payments
JOIN of_customers ON of_customers.id = payments.id AND of_customers.arrived_at = payments.arrived_at
JOIN of_terminals ON of_terminals.id = payments.id AND of_terminals.arrived_at = payments.arrived_at
ORDER BY event_time, payments.id, payments.arrived_at
