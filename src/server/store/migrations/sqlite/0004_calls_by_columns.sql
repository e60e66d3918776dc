-- What calls are searched by stands in columns, not within documents: PostgreSQL reads JSON otherwise.
DROP INDEX calls_by_caller;
ALTER TABLE calls ADD COLUMN caller_number TEXT;
ALTER TABLE calls ADD COLUMN was_spoken BIGINT NOT NULL DEFAULT 0;   -- 1: answered, and over
ALTER TABLE calls ADD COLUMN transfers BIGINT NOT NULL DEFAULT 0;    -- steps by which it was passed on
UPDATE calls SET caller_number = json_extract(document, '$.caller.number'),
    was_spoken = json_extract(document, '$.answered_at') IS NOT NULL AND json_extract(document, '$.ended_at') IS NOT NULL,
    transfers = COALESCE(json_array_length(document, '$.transfers'), 0);
CREATE INDEX calls_by_caller ON calls (caller_number, client, started_at);
