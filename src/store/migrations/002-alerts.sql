-- Alerts, what was decided, and whom never to block.

-- Packet times stay doubles, bit for bit: `verify` compares them. `number` breaks ties in pages.
CREATE TABLE detected_alerts (
  id text PRIMARY KEY,
  alert_type text NOT NULL,
  severity text NOT NULL,
  source_ip text,
  destination_ip text,
  destination_port int4,
  protocol text,
  confidence float8 NOT NULL,
  description text NOT NULL,
  first_seen float8 NOT NULL,
  last_seen float8 NOT NULL,
  detected_at float8 NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  packet_count int8 NOT NULL,
  byte_count int8 NOT NULL,
  flow_count int8 NOT NULL,
  window_size int4,
  sensor_id text NOT NULL,
  mitre text[] NOT NULL,
  evidence jsonb NOT NULL,
  explanation jsonb NOT NULL,
  model jsonb,
  decision text NOT NULL,
  status text NOT NULL DEFAULT 'open',
  resolved_at timestamptz,
  packets jsonb NOT NULL,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX detected_alerts_time ON detected_alerts (last_seen, number);
CREATE INDEX detected_alerts_source ON detected_alerts (source_ip, last_seen);
CREATE INDEX detected_alerts_status ON detected_alerts (status, last_seen);

CREATE TABLE decisions (
  id text PRIMARY KEY,
  action text NOT NULL,
  ip text NOT NULL,
  reason text NOT NULL,
  alert_id text,
  simulated bool NOT NULL,
  state text NOT NULL,
  detail text,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  created_by text NOT NULL,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE
);
CREATE INDEX decisions_state ON decisions (state, number);

-- One row: nothing is blocked until a person arms it.
CREATE TABLE policy (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  armed bool NOT NULL DEFAULT false,
  alert_threshold float8 NOT NULL DEFAULT 0.5,
  block_threshold float8 NOT NULL DEFAULT 0.8,
  block_seconds int4 NOT NULL DEFAULT 3600
);
INSERT INTO policy DEFAULT VALUES;

CREATE TABLE protected_networks (
  cidr cidr PRIMARY KEY,
  reason text NOT NULL,
  removable bool NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
