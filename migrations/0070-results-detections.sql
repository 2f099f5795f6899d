-- Of a figure of detections: the file with what was found, and its spread over other samples of the images, as JSON.
ALTER TABLE results ADD COLUMN detections TEXT;
ALTER TABLE results ADD COLUMN spread TEXT;
