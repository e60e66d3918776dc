-- Of several clients with one number, the one whom its caller was last taken for comes first.
CREATE INDEX calls_by_caller ON calls (json_extract(document, '$.caller.number'), client, started_at);
