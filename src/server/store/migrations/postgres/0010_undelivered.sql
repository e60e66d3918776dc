-- What of an order is no part of its delivery: what the client waits for, whatever was ordered since, and what was dropped or
-- replaced. Few orders have such lines, and those alone are looked through.
ALTER TABLE orders ADD COLUMN undelivered TEXT;
UPDATE orders SET undelivered = (
    SELECT json_agg(l.value)::text
    FROM json_array_elements(COALESCE(placed::json->'order', document::json)->'lines') l
    WHERE l.value->'settled'->>'how' IN ('wait', 'drop', 'substitute'))
WHERE placed_at IS NOT NULL AND (document LIKE '%"how":"wait"%' OR document LIKE '%"how":"drop"%'
    OR document LIKE '%"how":"substitute"%' OR placed LIKE '%"how":"wait"%' OR placed LIKE '%"how":"drop"%'
    OR placed LIKE '%"how":"substitute"%');
CREATE INDEX orders_undelivered ON orders (client, placed_at) WHERE undelivered IS NOT NULL;
