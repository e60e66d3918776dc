-- Who works with the page, what was looked at by whom, and in which order changes came.

CREATE TABLE accounts (
    person TEXT PRIMARY KEY NOT NULL,    -- of the directory; what is typed at log-in
    role TEXT NOT NULL,
    password TEXT NOT NULL,              -- Argon2id as a PHC string, its parameters in it
    disabled BIGINT NOT NULL,            -- 1: may not log in
    created_at BIGINT NOT NULL
);

-- A session stays after its end: its browser is one that this person has used.
CREATE TABLE sessions (
    hash BLOB PRIMARY KEY NOT NULL,      -- SHA-256 of what the cookie holds
    person TEXT NOT NULL REFERENCES accounts (person) ON DELETE CASCADE,
    begun_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,             -- when the person last did something
    ended_at BIGINT
);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_beginning ON sessions (begun_at);

-- Never what was seen, only whose.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    shown TEXT NOT NULL,                 -- token or session
    what TEXT NOT NULL,                  -- method and path as in the contract
    status BIGINT NOT NULL,              -- as answered
    client TEXT,
    order_id TEXT
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_client ON audit (client, at);
CREATE INDEX audit_by_person ON audit (person, at);

-- What was written, in the transaction that wrote it: told to whoever listens, and then of no use.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL
);

CREATE INDEX clients_by_manager ON clients (manager, id);
CREATE INDEX clients_without_manager ON clients (updated_at) WHERE manager IS NULL;
