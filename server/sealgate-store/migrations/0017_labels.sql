-- Whether answers and files for AuthForge's clients carry the label of their license.
ALTER TABLE apps ADD COLUMN show_labels BIGINT NOT NULL DEFAULT 0;
