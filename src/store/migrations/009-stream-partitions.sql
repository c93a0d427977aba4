-- How far each partition of the stream is stored; written in the transaction of what came out of it.
CREATE TABLE stream_offsets (
  partition int4 PRIMARY KEY,
  -- When the stream was made: positions of another one mean nothing.
  stream text NOT NULL,
  position int8 NOT NULL
) WITH (fillfactor = 50);

-- What another worker goes on from: a sensor's analysis after the message at `state_position`, and its last one.
CREATE TABLE analysis_states (
  sensor_id text PRIMARY KEY,
  partition int4 NOT NULL,
  state_position int8 NOT NULL,
  last_position int8 NOT NULL,
  -- Null: with nothing.
  state bytea
) WITH (fillfactor = 50);
-- It is compressed.
ALTER TABLE analysis_states ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE INDEX ON analysis_states (partition);

-- Batches that were acknowledged and can never be stored: kept with the reason, the oldest go.
CREATE TABLE quarantined_batches (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  quarantined_at timestamptz NOT NULL DEFAULT now(),
  sensor_id text,
  epoch text,
  sequence int8,
  partition int4 NOT NULL,
  position int8 NOT NULL,
  packets int4,
  reason text NOT NULL,
  batch bytea
);
ALTER TABLE quarantined_batches ALTER COLUMN batch SET STORAGE EXTERNAL;
