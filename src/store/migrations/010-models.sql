-- Which model judges, which is tried beside it, and who judged before. The files lie in the data folder under their hash.
CREATE TABLE models (
  hash text PRIMARY KEY,
  added_at timestamptz NOT NULL DEFAULT now(),
  added_by text NOT NULL,
  origin text NOT NULL,
  byte_count int8 NOT NULL,
  -- Of each model in the file: catalogue hash, data hashes, seed, parameters, metrics.
  cards jsonb NOT NULL
);

-- One row. No champion: the model that ships judges.
CREATE TABLE model_seats (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  champion text REFERENCES models,
  challenger text REFERENCES models
);
INSERT INTO model_seats DEFAULT VALUES;

-- What was asked for, by whom, and what the pinned captures said. Nothing is ever taken out.
CREATE TABLE model_changes (
  number int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  action text NOT NULL CHECK (action IN ('add', 'promote', 'refuse', 'rollback')),
  model text REFERENCES models,
  before text REFERENCES models,
  by text NOT NULL,
  gate jsonb NOT NULL
);

CREATE TABLE model_pins (
  capture text PRIMARY KEY,
  sha256 text NOT NULL,
  pinned_at timestamptz NOT NULL DEFAULT now()
);

-- What the latest run of the platform counted of a challenger.
CREATE TABLE model_shadows (
  hash text PRIMARY KEY REFERENCES models,
  since timestamptz NOT NULL,
  counts jsonb NOT NULL
);

-- How far live traffic is from the training of the model with this hash, value by value. The model that ships is none of `models`.
CREATE TABLE model_drift (
  hash text PRIMARY KEY,
  at timestamptz NOT NULL,
  rows jsonb NOT NULL
);
