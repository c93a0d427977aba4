-- What people do about alerts. Every change is an action that can be read and undone.

ALTER TABLE detected_alerts
  ADD COLUMN assignee text,
  ADD COLUMN suppressed_by text,
  ADD COLUMN proven_confidence float8;
CREATE INDEX detected_alerts_suppressed ON detected_alerts (suppressed_by) WHERE suppressed_by IS NOT NULL;

-- One row for an action and an alert; `before` and `after` have what it changed and nothing else.
CREATE TABLE alert_actions (
  action_id text NOT NULL,
  alert_id text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  by text NOT NULL,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  comment text,
  undoes text,
  undone_by text,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE,
  PRIMARY KEY (action_id, alert_id)
);
CREATE INDEX alert_actions_alert ON alert_actions (alert_id, number);

-- Rows stay when a suppression is over: they say who hid what, and why. `source` and `target` are an address or a network, canonical.
CREATE TABLE suppressions (
  id text PRIMARY KEY,
  alert_type text,
  source text,
  target text,
  port int4,
  sensor_id text,
  reason text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  removed_at timestamptz,
  removed_by text,
  number int8 GENERATED ALWAYS AS IDENTITY UNIQUE,
  CHECK (num_nonnulls(alert_type, source, target, port, sensor_id) > 0)
);
CREATE INDEX suppressions_expiry ON suppressions (expires_at) WHERE removed_at IS NULL;

-- What was noticed and stayed below the alert threshold: for previews of another threshold, and for nothing else.
CREATE TABLE quiet_alerts (
  id text PRIMARY KEY,
  alert_type text NOT NULL,
  severity text NOT NULL,
  source_ip text,
  destination_ip text,
  destination_port int4,
  sensor_id text NOT NULL,
  confidence float8 NOT NULL,
  proven_confidence float8 NOT NULL,
  description text NOT NULL,
  last_seen float8 NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX quiet_alerts_time ON quiet_alerts (created_at);

-- When a decision ended by being removed or by its time.
ALTER TABLE decisions ADD COLUMN ended_at timestamptz;
CREATE INDEX decisions_address ON decisions (ip, number);
