-- Which clients are those of the company's own system.
CREATE TABLE company_clients (
    own_id TEXT PRIMARY KEY NOT NULL,    -- in the company's system
    client TEXT NOT NULL UNIQUE REFERENCES clients (id) ON DELETE CASCADE
);
