-- What lures saw, and who may see it. Of tokens and keys only the SHA-256 (hex) is kept, of passwords an Argon2 hash.

CREATE TABLE lure_sessions (
  session_id text PRIMARY KEY,
  service text NOT NULL,
  source_ip text NOT NULL,
  country text,
  started_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  logins int8 NOT NULL,
  commands int8 NOT NULL,
  uploads int8 NOT NULL,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX lure_sessions_time ON lure_sessions (started_at, number);
CREATE INDEX lure_sessions_source ON lure_sessions (source_ip, started_at);

CREATE TABLE lure_events (
  id text PRIMARY KEY,
  session_id text NOT NULL,
  at timestamptz NOT NULL,
  service text NOT NULL,
  source_ip text NOT NULL,
  source_port int4 NOT NULL,
  local_port int4 NOT NULL,
  kind text NOT NULL,
  username text,
  password text,
  text text,
  bytes int8,
  sha256 text,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX lure_events_session ON lure_events (session_id, number);
CREATE INDEX lure_events_time ON lure_events (at);

CREATE TABLE users (
  username text PRIMARY KEY,
  password_hash text NOT NULL,
  role text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  token_hash text PRIMARY KEY,
  username text NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
  id text PRIMARY KEY,
  name text NOT NULL,
  role text NOT NULL,
  secret_hash text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
