-- Documents are JSON of the contract's types; columns beside them are what is searched by.
-- Times are microseconds since 1970, UTC.

CREATE TABLE tokens (
    hash BLOB PRIMARY KEY NOT NULL,      -- SHA-256 of the token; the token itself is kept nowhere
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE client_types (
    id TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE departments (
    id TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE people (
    id TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE clients (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    search_name TEXT NOT NULL,           -- lower case, for every alphabet
    client_type TEXT NOT NULL REFERENCES client_types (id),
    manager TEXT REFERENCES people (id),
    department TEXT REFERENCES departments (id),
    document TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX clients_by_name ON clients (search_name, id);

CREATE TABLE client_phones (
    number BIGINT NOT NULL,              -- E.164 without the plus sign
    client TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,           -- 0: the client's main number
    PRIMARY KEY (number, client)
);
CREATE INDEX client_phones_of_client ON client_phones (client);

CREATE TABLE calls (
    id TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,           -- the person of the token
    operator TEXT NOT NULL,
    client TEXT,
    call_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX calls_by_start ON calls (started_at);
CREATE INDEX calls_by_person ON calls (recorded_by, started_at);
CREATE INDEX calls_by_client ON calls (client, started_at);

-- What each command was and what it was answered, so that a repeat gets the same answer.
CREATE TABLE commands (
    id TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL,
    digest BLOB NOT NULL,
    answer TEXT NOT NULL,
    done_at BIGINT NOT NULL
);
CREATE INDEX commands_by_time ON commands (done_at);

CREATE TABLE facts (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
