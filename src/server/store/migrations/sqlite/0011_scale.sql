-- What is read with every client's terms stands in indices, whole: years of order lines lie all over the table, and of what
-- sells best thousands are promised.
DROP INDEX order_lines_by_client;
CREATE INDEX order_lines_by_client ON order_lines (client, placed_on, product, quantity, unit);
DROP INDEX reservations_by_product;
CREATE INDEX reservations_by_product ON reservations (product, batch, kept_until, order_id, quantity);
CREATE INDEX typical_products_by_clients ON typical_products (client_type, clients DESC, product);
-- Drafts among all the orders of a client.
CREATE INDEX orders_drafts ON orders (client, changed_at) WHERE state = 'draft';
-- Changes of placed orders, which are looked through each minute.
CREATE INDEX orders_changing ON orders (state, changed_at) WHERE placed IS NOT NULL;
