-- As SQLite's after its own 0004. Documents are JSON of the contract's types, kept as text; columns beside them are what
-- is searched by. Times are microseconds since 1970, UTC. Text sorts by its code points, as in SQLite.

CREATE TABLE tokens (
    hash BYTEA PRIMARY KEY,              -- SHA-256 of the token; the token itself is kept nowhere
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE client_types (
    id TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE departments (
    id TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE people (
    id TEXT COLLATE "C" PRIMARY KEY,
    position BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE clients (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    search_name TEXT COLLATE "C" NOT NULL,   -- lower case, for every alphabet
    client_type TEXT COLLATE "C" NOT NULL REFERENCES client_types (id),
    manager TEXT COLLATE "C" REFERENCES people (id),
    department TEXT COLLATE "C" REFERENCES departments (id),
    document TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX clients_by_name ON clients (search_name, id);

CREATE TABLE client_phones (
    number BIGINT NOT NULL,              -- E.164 without the plus sign
    client TEXT COLLATE "C" NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,            -- 0: the client's main number
    PRIMARY KEY (number, client)
);
CREATE INDEX client_phones_of_client ON client_phones (client);

CREATE TABLE calls (
    id TEXT COLLATE "C" PRIMARY KEY,
    revision BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,           -- the person of the token
    operator TEXT NOT NULL,
    client TEXT COLLATE "C",
    call_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    caller_number TEXT,
    was_spoken BIGINT NOT NULL,          -- 1: answered, and over
    transfers BIGINT NOT NULL,           -- steps by which it was passed on
    document TEXT NOT NULL
);
CREATE INDEX calls_by_start ON calls (started_at);
CREATE INDEX calls_by_person ON calls (recorded_by, started_at);
CREATE INDEX calls_by_client ON calls (client, started_at);
CREATE INDEX calls_by_caller ON calls (caller_number, client, started_at);

-- What each command was and what it was answered, so that a repeat gets the same answer.
CREATE TABLE commands (
    id TEXT COLLATE "C" PRIMARY KEY,
    person TEXT NOT NULL,
    digest BYTEA NOT NULL,
    answer TEXT NOT NULL,
    done_at BIGINT NOT NULL
);
CREATE INDEX commands_by_time ON commands (done_at);

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- What goes along with clients who are passed on; gone after minutes.
CREATE TABLE handovers (
    id TEXT COLLATE "C" PRIMARY KEY,     -- that of the call
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
