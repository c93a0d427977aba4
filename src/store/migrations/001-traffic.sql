-- Packets, flows, windows, and the roll-ups that every chart reads.

-- Range partitions that exist, their default partitions included (there: lower -infinity, upper infinity).
-- Their age counts from the later of `upper` and `written_at`: a capture of 2005 replayed today is today's data.
CREATE TABLE store_partitions (
  parent text NOT NULL,
  name text PRIMARY KEY,
  lower timestamptz NOT NULL,
  upper timestamptz NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (parent, lower)
);

-- One value a batch: its packets are numbered from it upwards. A batch holds at most 65,536.
CREATE SEQUENCE packet_block INCREMENT BY 65536 MINVALUE 0 START WITH 0;

-- The contract's 33 columns in their order, those beside them, the verdict; then our own three.
CREATE TABLE raw_packets (
  timestamp float8 NOT NULL,
  interface text,
  src_ip text,
  dst_ip text,
  protocol text NOT NULL,
  length int4 NOT NULL,
  src_port int4,
  dst_port int4,
  tcp_flags text,
  tcp_syn bool,
  tcp_ack bool,
  tcp_fin bool,
  tcp_rst bool,
  tcp_psh bool,
  seq int8,
  ack int8,
  icmp_type int4,
  icmp_code int4,
  arp_op int4,
  arp_psrc text,
  arp_pdst text,
  arp_hwsrc text,
  arp_hwdst text,
  dns_query bool,
  dns_qname text,
  dns_qtype int4,
  dns_response bool,
  dns_answer_count int4,
  dns_answer_size int4,
  http_method text,
  http_path text,
  http_status_code text,
  http_host text,
  sensor_id text NOT NULL,
  src_mac text,
  dst_mac text,
  vlan int4,
  ip_version int2,
  ttl int4,
  payload_bytes int4,
  payload_entropy float4,
  tls_sni text,
  ja4 text,
  hassh text,
  http_user_agent text,
  community_id text,
  anomaly text,
  flow_id int8,
  is_malicious bool,
  threat_score float4,
  threat_level text,
  attack_type text,
  decision text,
  id int8 NOT NULL,
  captured_at timestamptz NOT NULL,
  country text
) PARTITION BY RANGE (captured_at);
COMMENT ON COLUMN raw_packets.captured_at IS 'timestamp as a time: the partition key; bound it in every query';
COMMENT ON COLUMN raw_packets.country IS 'ISO 3166 code of src_ip';
CREATE INDEX raw_packets_time ON raw_packets (captured_at, id);
CREATE INDEX raw_packets_source ON raw_packets (src_ip, captured_at);
CREATE INDEX raw_packets_target ON raw_packets (dst_ip, captured_at);
CREATE INDEX raw_packets_malicious ON raw_packets (captured_at, attack_type, src_ip) WHERE is_malicious;

CREATE TABLE traffic_data (
  id_num int8 NOT NULL,
  first_seen timestamptz NOT NULL,
  last_seen timestamptz NOT NULL,
  src_ip text NOT NULL,
  dest_ip text NOT NULL,
  src_port int4,
  dest_port int4,
  protocol text NOT NULL,
  source_mac text,
  dest_mac text,
  packet_count int8 NOT NULL,
  packet_count_fwd int8 NOT NULL,
  packet_count_bwd int8 NOT NULL,
  packet_per_sec float8 NOT NULL,
  packet_per_sec_fwd float8 NOT NULL,
  packet_per_sec_bwd float8 NOT NULL,
  byte_count int8 NOT NULL,
  byte_count_fwd int8 NOT NULL,
  byte_count_bwd int8 NOT NULL,
  byte_per_sec float8 NOT NULL,
  byte_per_sec_fwd float8 NOT NULL,
  byte_per_sec_bwd float8 NOT NULL,
  payload_fwd int8 NOT NULL,
  payload_bwd int8 NOT NULL,
  tcp_flags text,
  tcp_flags_fwd text,
  tcp_flags_bwd text,
  conn_state text NOT NULL,
  history text NOT NULL,
  duration float8 NOT NULL,
  service text,
  connection_attempts int4 NOT NULL,
  unique_ports int4 NOT NULL,
  tls_sni text,
  ja4 text,
  hassh text,
  community_id text,
  country text,
  asn int4,
  predicted_label text,
  confidence float8,
  threat_score float8,
  sensor_id text NOT NULL,
  vlan int4,
  end_reason text NOT NULL,
  is_validated bool NOT NULL,
  handshake float8,
  retransmissions int4 NOT NULL
) PARTITION BY RANGE (last_seen);
COMMENT ON COLUMN traffic_data.duration IS 's';
COMMENT ON COLUMN traffic_data.handshake IS 's from SYN to the completing ACK';
CREATE INDEX traffic_data_time ON traffic_data (last_seen, id_num);
CREATE INDEX traffic_data_source ON traffic_data (src_ip, last_seen);
CREATE INDEX traffic_data_target ON traffic_data (dest_ip, last_seen);

-- One tier of partitions for each window size, so that retention can drop the small windows first.
CREATE TABLE aggregated_features (
  window_size int4 NOT NULL,
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL,
  scope text NOT NULL,
  entity text NOT NULL,
  sensor_id text NOT NULL,
  completeness float8 NOT NULL,
  total_packets float8 NOT NULL,
  avg_packet_rate float8 NOT NULL,
  total_bytes float8 NOT NULL,
  avg_byte_rate float8 NOT NULL,
  avg_packet_size float8 NOT NULL,
  packet_size_variance float8 NOT NULL,
  tcp_count float8 NOT NULL,
  udp_count float8 NOT NULL,
  icmp_count float8 NOT NULL,
  arp_count float8 NOT NULL,
  unique_src_ips float8 NOT NULL,
  unique_dst_ips float8 NOT NULL,
  unique_dst_ports float8 NOT NULL,
  unique_protocols float8 NOT NULL,
  tcp_syn_count float8 NOT NULL,
  tcp_ack_count float8 NOT NULL,
  syn_rate_pps float8 NOT NULL,
  syn_ack_rate_pps float8 NOT NULL,
  syn_to_synack_ratio float8 NOT NULL,
  half_open_count float8 NOT NULL,
  sequential_port_count float8 NOT NULL,
  scan_rate_pps float8 NOT NULL,
  distinct_targets_count float8 NOT NULL,
  syn_only_ratio float8 NOT NULL,
  icmp_rate_pps float8 NOT NULL,
  udp_rate_pps float8 NOT NULL,
  udp_dest_port_count float8 NOT NULL,
  ssh_connection_attempts float8 NOT NULL,
  ftp_connection_attempts float8 NOT NULL,
  http_login_attempts float8 NOT NULL,
  login_request_rate float8 NOT NULL,
  failed_login_count float8 NOT NULL,
  auth_attempts_per_min float8 NOT NULL,
  arp_request_count float8 NOT NULL,
  arp_reply_count float8 NOT NULL,
  gratuitous_arp_count float8 NOT NULL,
  arp_binding_flap_count float8 NOT NULL,
  arp_reply_without_request_count float8 NOT NULL,
  unique_macs_per_ip_max float8 NOT NULL,
  avg_macs_per_ip float8 NOT NULL,
  duplicate_mac_ips float8 NOT NULL,
  mac_ip_ratio float8 NOT NULL,
  suspicious_mac_changes float8 NOT NULL,
  dns_query_count float8 NOT NULL,
  query_rate_qps float8 NOT NULL,
  unique_qnames_count float8 NOT NULL,
  avg_subdomain_entropy float8 NOT NULL,
  pct_high_entropy_queries float8 NOT NULL,
  txt_record_count float8 NOT NULL,
  avg_answer_size float8 NOT NULL,
  distinct_record_types float8 NOT NULL,
  avg_query_interval_ms float8 NOT NULL,
  avg_subdomain_length float8 NOT NULL,
  max_subdomain_length float8 NOT NULL,
  avg_label_count float8 NOT NULL,
  dns_to_udp_ratio float8 NOT NULL,
  udp_port_53_count float8 NOT NULL,
  open_conn_count float8 NOT NULL,
  avg_conn_duration float8 NOT NULL,
  bytes_per_conn float8 NOT NULL,
  partial_http_count float8 NOT NULL,
  request_completion_ratio float8 NOT NULL,
  tcp_ports_hit float8 NOT NULL,
  udp_ports_hit float8 NOT NULL,
  remote_conn_port_hits float8 NOT NULL,
  predicted_label text,
  confidence float8,
  threat_score float8
) PARTITION BY LIST (window_size);
CREATE INDEX aggregated_features_time ON aggregated_features (window_start, scope, entity);
CREATE INDEX aggregated_features_entity ON aggregated_features (entity, window_start);
CREATE TABLE features_5s PARTITION OF aggregated_features FOR VALUES IN (5) PARTITION BY RANGE (window_start);
CREATE TABLE features_30s PARTITION OF aggregated_features FOR VALUES IN (30) PARTITION BY RANGE (window_start);
CREATE TABLE features_180s PARTITION OF aggregated_features FOR VALUES IN (180) PARTITION BY RANGE (window_start);
CREATE VIEW predictions_5s AS SELECT * FROM aggregated_features WHERE window_size = 5;
CREATE VIEW predictions_30s AS SELECT * FROM aggregated_features WHERE window_size = 30;
CREATE VIEW predictions_3min AS SELECT * FROM aggregated_features WHERE window_size = 180;

-- Where rows of times that got no partition of their own go.
CREATE TABLE raw_packets_default PARTITION OF raw_packets DEFAULT;
CREATE TABLE traffic_data_default PARTITION OF traffic_data DEFAULT;
CREATE TABLE features_5s_default PARTITION OF features_5s DEFAULT;
CREATE TABLE features_30s_default PARTITION OF features_30s DEFAULT;
CREATE TABLE features_180s_default PARTITION OF features_180s DEFAULT;
INSERT INTO store_partitions (parent, name, lower, upper)
SELECT parent, parent || '_default', '-infinity', 'infinity'
FROM unnest(ARRAY['raw_packets', 'traffic_data', 'features_5s', 'features_30s', 'features_180s']) AS parent;

-- The same packets under the names that older documents use. Simple enough that DELETE passes through to
-- raw_packets as one statement and is pruned there: a trigger would run once a row.
CREATE VIEW packet_logs AS
SELECT id, captured_at AS timestamp, src_ip, dst_ip, protocol, length, is_malicious, threat_score,
       attack_type, threat_level, decision, country
FROM raw_packets;

-- Additive roll-ups by minute, written in the transaction of the batch.
CREATE TABLE traffic_stats (
  id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  timestamp timestamptz NOT NULL UNIQUE,
  total_packets int8 NOT NULL DEFAULT 0,
  malicious_packets int8 NOT NULL DEFAULT 0,
  total_bytes int8 NOT NULL DEFAULT 0,
  flows int8 NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
CREATE TABLE traffic_by_protocol (
  minute timestamptz NOT NULL,
  protocol text NOT NULL,
  packets int8 NOT NULL,
  bytes int8 NOT NULL,
  PRIMARY KEY (minute, protocol)
) WITH (fillfactor = 70);
CREATE TABLE traffic_by_attack (
  minute timestamptz NOT NULL,
  attack_type text NOT NULL,
  packets int8 NOT NULL,
  PRIMARY KEY (minute, attack_type)
) WITH (fillfactor = 70);
CREATE TABLE traffic_by_source (
  minute timestamptz NOT NULL,
  src_ip text NOT NULL,
  country text,
  packets int8 NOT NULL,
  malicious int8 NOT NULL,
  bytes int8 NOT NULL,
  PRIMARY KEY (minute, src_ip)
) WITH (fillfactor = 70);
COMMENT ON TABLE traffic_by_source IS 'Of each batch only the 20 busiest sources and the 20 with most malicious packets: a flood from invented addresses must not fill the table';

CREATE TABLE sensors (
  sensor_id text PRIMARY KEY,
  last_seen timestamptz NOT NULL,
  batches int8 NOT NULL,
  packets int8 NOT NULL,
  kernel_drops int8 NOT NULL,
  late_packets int8 NOT NULL
) WITH (fillfactor = 70);
-- The last batch stored of each spool; written in the batch's transaction, so a repeat changes nothing.
CREATE TABLE ingest_offsets (
  sensor_id text NOT NULL,
  epoch text NOT NULL,
  sequence int8 NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (sensor_id, epoch)
) WITH (fillfactor = 70);
