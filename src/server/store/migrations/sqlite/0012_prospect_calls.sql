-- In which call somebody was written down of whom nobody knew: the telephone's entry of that call may never name them.
CREATE TABLE prospect_calls (
    call TEXT PRIMARY KEY NOT NULL,
    client TEXT NOT NULL,
    recorded_by TEXT NOT NULL            -- the person of the token
);
