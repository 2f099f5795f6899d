-- Of a figure that counts right guesses: the file with what each image was taken for.
ALTER TABLE results ADD COLUMN predictions TEXT;
