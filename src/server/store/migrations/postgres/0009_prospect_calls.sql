-- In which call somebody was written down of whom nobody knew: the telephone's entry of that call may never name them.
CREATE TABLE prospect_calls (
    call TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    recorded_by TEXT COLLATE "C" NOT NULL            -- the person of the token
);
