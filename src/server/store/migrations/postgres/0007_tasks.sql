-- Who is to call back whom.
CREATE TABLE tasks (
    id TEXT COLLATE "C" PRIMARY KEY,
    asked_by TEXT NOT NULL,              -- the person of the token
    asked_at BIGINT NOT NULL,
    client TEXT COLLATE "C",
    person TEXT COLLATE "C",                    -- who is to do it
    department TEXT COLLATE "C",
    due BIGINT,
    changed_at BIGINT NOT NULL,
    done_at BIGINT,
    done TEXT,                           -- by whom, and what came of it
    document TEXT NOT NULL
);
CREATE INDEX tasks_by_person ON tasks (person, done_at);
CREATE INDEX tasks_by_department ON tasks (department, done_at);
CREATE INDEX tasks_by_client ON tasks (client, done_at);
CREATE INDEX tasks_by_change ON tasks (changed_at);
