-- Whether all have keys of a version is counted when a desk begins: this alone is read for it, not all their keys.
CREATE INDEX search_items_by_version ON search_items (kind, version);
