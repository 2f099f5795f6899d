-- What a figure over several classes is made of: each class's part of it, as JSON, and the file with every image's scores.
ALTER TABLE results ADD COLUMN by_class TEXT;
ALTER TABLE results ADD COLUMN ranking TEXT;
