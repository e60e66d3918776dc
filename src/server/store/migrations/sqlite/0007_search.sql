-- What clients and products are found by when somebody types (domain::search).
DROP TABLE product_words;

CREATE TABLE search_items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind SMALLINT NOT NULL,              -- 0: client, 1: product
    id TEXT NOT NULL,
    version BIGINT NOT NULL,             -- how its keys were made; 0: they have to be made anew
    keys TEXT NOT NULL,                  -- all of them, each behind a sign of its place
    UNIQUE (kind, id)
);

-- One range for each beginning; what an item no longer refers to is never left here.
CREATE TABLE search_keys (
    place SMALLINT NOT NULL,             -- of the kind, and where the key comes from
    key TEXT NOT NULL,
    item BIGINT NOT NULL,
    PRIMARY KEY (place, key, item)
) WITHOUT ROWID;
