-- Partitions that are taken out of their table and wait to be archived, in tables of their own; those
-- that hold nothing but the evidence of open alerts; and smaller indexes.
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

-- An address alone: b-trees keep a repeated key once, so it takes a tenth of (address, time), and within one
-- hour sorting what one address sent is cheap. Ties of the same microsecond are sorted, too, not indexed.
DROP INDEX raw_packets_source, raw_packets_target, raw_packets_time, traffic_data_source, traffic_data_target;
CREATE INDEX raw_packets_time ON raw_packets (captured_at);
CREATE INDEX raw_packets_source ON raw_packets (src_ip);
CREATE INDEX raw_packets_target ON raw_packets (dst_ip);
CREATE INDEX traffic_data_source ON traffic_data (src_ip);
CREATE INDEX traffic_data_target ON traffic_data (dest_ip);
-- Rare protocols are found without reading all others; TCP and UDP are everywhere.
CREATE INDEX raw_packets_others ON raw_packets (protocol, captured_at) WHERE protocol NOT IN ('TCP', 'UDP');
