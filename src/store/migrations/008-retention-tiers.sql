-- Partitions that are taken out of their table and wait to be archived, in tables of their own; and those
-- that hold nothing but the evidence of open alerts.
CREATE TABLE expired_partitions (
  number int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parent text NOT NULL,
  partition text NOT NULL,
  lower timestamptz NOT NULL,
  upper timestamptz NOT NULL,
  expired_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE expired_partitions IS 'The rows are in the table expired_NUMBER; the file that they go to has the time of expiry in its name';

ALTER TABLE store_partitions ADD COLUMN is_pinned bool NOT NULL DEFAULT false;
COMMENT ON COLUMN store_partitions.is_pinned IS 'retention left only the evidence of open alerts in it';
