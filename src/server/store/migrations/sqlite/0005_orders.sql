-- Products, what clients may buy and how, and orders. Quantities are thousandths of a piece or kilogram; amounts that are
-- added up are ten-thousandths of the currency; days are text as in ISO 8601.

CREATE TABLE products (
    id TEXT PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    document TEXT NOT NULL,              -- the product
    prices TEXT NOT NULL,                -- by column, and the floor
    new_since TEXT,                      -- the day it came into the assortment
    pushed BIGINT,                       -- by the commercial service, 1 is the most urgent
    phrase TEXT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX products_by_code ON products (code);
CREATE INDEX products_by_news ON products (new_since);
CREATE INDEX products_by_push ON products (pushed);

-- Words of name, article, barcode and synonyms, lower case.
CREATE TABLE product_words (
    word TEXT NOT NULL,
    product TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    weight BIGINT NOT NULL,              -- 0: article or barcode, 1: name, 2: synonym
    PRIMARY KEY (word, product)
);
CREATE INDEX product_words_of_product ON product_words (product);

-- What lies in the warehouse, what is promised of it included.
CREATE TABLE batches (
    product TEXT NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    expires TEXT,
    quantity BIGINT NOT NULL,
    PRIMARY KEY (product, id)
);

CREATE TABLE client_trade (
    client TEXT PRIMARY KEY NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);

CREATE TABLE contract_prices (
    client TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    product TEXT NOT NULL,
    price TEXT NOT NULL,
    PRIMARY KEY (client, product)
);

-- What clients of a type buy, by most of them first (duty 8).
CREATE TABLE typical_products (
    client_type TEXT NOT NULL,
    product TEXT NOT NULL,
    clients BIGINT NOT NULL,
    PRIMARY KEY (client_type, product)
);

CREATE TABLE orders (
    id TEXT PRIMARY KEY NOT NULL,
    revision BIGINT NOT NULL,
    recorded_by TEXT NOT NULL,           -- who takes it
    client TEXT NOT NULL REFERENCES clients (id),
    state TEXT NOT NULL,
    number BIGINT,
    delivery TEXT,                       -- the day
    changed_at BIGINT NOT NULL,
    placed_at BIGINT,
    total BIGINT NOT NULL,
    document TEXT NOT NULL,
    examined TEXT NOT NULL,
    held_for TEXT NOT NULL,
    placed TEXT,                         -- the document and its examination as they were placed
    history TEXT NOT NULL
);
CREATE INDEX orders_by_client ON orders (client, placed_at);
CREATE INDEX orders_by_change ON orders (changed_at);
CREATE INDEX orders_by_person ON orders (recorded_by, state, changed_at);
CREATE INDEX orders_by_state ON orders (state, changed_at);

CREATE TABLE order_numbers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    order_id TEXT NOT NULL UNIQUE
);

-- Lines of placed orders: what clients buy, and in what rhythm.
CREATE TABLE order_lines (
    order_id TEXT NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line BIGINT NOT NULL,
    client TEXT NOT NULL,
    product TEXT NOT NULL,
    quantity TEXT NOT NULL,              -- as ordered
    unit TEXT NOT NULL,
    placed_on TEXT NOT NULL,
    PRIMARY KEY (order_id, line)
);
CREATE INDEX order_lines_by_client ON order_lines (client, placed_on);
CREATE INDEX order_lines_by_product ON order_lines (client, product);

-- What orders keep from others: stock here, slot and credit below. Until a moment, or as long as the order is open.
CREATE TABLE reservations (
    order_id TEXT NOT NULL,
    product TEXT NOT NULL,
    batch TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    kept_until BIGINT,
    PRIMARY KEY (order_id, product, batch)
);
CREATE INDEX reservations_by_product ON reservations (product);
CREATE INDEX reservations_by_end ON reservations (kept_until);

CREATE TABLE holds (
    order_id TEXT PRIMARY KEY NOT NULL,
    client TEXT NOT NULL,
    payer TEXT NOT NULL,
    amount BIGINT NOT NULL,              -- at the most that the goods may weigh; 0 for who pays first
    route TEXT,
    day TEXT,
    window_from TEXT,
    kept_until BIGINT
);
CREATE INDEX holds_by_client ON holds (client);
CREATE INDEX holds_by_slot ON holds (route, day);
CREATE INDEX holds_by_end ON holds (kept_until);
