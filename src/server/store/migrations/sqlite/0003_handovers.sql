-- What goes along with clients who are passed on; gone after minutes.
CREATE TABLE handovers (
    id TEXT PRIMARY KEY NOT NULL,        -- that of the call
    revision BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,           -- the person of the token
    target TEXT,                         -- null: the client goes to nobody any more
    number TEXT,                         -- the client's, E.164
    written_at BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX handovers_by_target ON handovers (target, written_at);
CREATE INDEX handovers_by_number ON handovers (number, written_at);
CREATE INDEX handovers_by_time ON handovers (written_at);
