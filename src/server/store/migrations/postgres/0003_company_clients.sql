-- Which clients are those of the company's own system.
CREATE TABLE company_clients (
    own_id TEXT COLLATE "C" PRIMARY KEY, -- in the company's system
    client TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES clients (id) ON DELETE CASCADE
);
