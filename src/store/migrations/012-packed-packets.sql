-- Packets in rows a third smaller: columns in the order of their sizes, numbers, addresses of hardware and hashes as
-- what they are. `raw_packets` shows them as the contract has them. What is stored already is moved hour by hour
-- when this is committed (pack-packets.ts): until then it stays in `raw_packets_older`.
DROP VIEW packet_logs;
ALTER TABLE raw_packets RENAME TO raw_packets_older;
DROP INDEX raw_packets_time, raw_packets_source, raw_packets_target, raw_packets_malicious, raw_packets_others;
UPDATE store_partitions SET parent = 'raw_packets_older' WHERE parent = 'raw_packets';
UPDATE expired_partitions SET parent = 'raw_packets_older' WHERE parent = 'raw_packets';

CREATE TABLE packets (
  captured_at timestamptz NOT NULL,
  id int8 NOT NULL,
  flow_id int8,
  length int4 NOT NULL,
  payload_bytes int4,
  seq int4,
  ack int4,
  threat_score float4,
  payload_entropy float4,
  dns_qtype int4,
  dns_answer_count int4,
  dns_answer_size int4,
  arp_op int4,
  vlan int4,
  src_mac macaddr,
  -- Fills the two bytes of padding between two values of six.
  ttl int2,
  dst_mac macaddr,
  src_port int2,
  dst_port int2,
  tcp_flags int2,
  ip_protocol int2,
  icmp_type int2,
  icmp_code int2,
  is_malicious bool,
  dns_query bool,
  dns_response bool,
  protocol text NOT NULL,
  src_ip text,
  dst_ip text,
  interface text,
  sensor_id text NOT NULL,
  community_id bytea,
  app_protocol text,
  app_detail text,
  country text,
  attack_type text,
  decision text,
  dns_qname text,
  http_method text,
  http_path text,
  http_status_code text,
  http_host text,
  http_user_agent text,
  tls_sni text,
  ja4 text,
  hassh text,
  hassh_server text,
  anomaly text,
  arp_psrc text,
  arp_pdst text,
  arp_hwsrc text,
  arp_hwdst text,
  tunnel text,
  outer_src_ip text,
  outer_dst_ip text
) PARTITION BY RANGE (captured_at);
COMMENT ON COLUMN packets.captured_at IS 'the partition key; bound it in every query';
COMMENT ON COLUMN packets.country IS 'ISO 3166 code of src_ip';
COMMENT ON COLUMN packets.src_port IS 'ports, seq and ack are the bits of unsigned numbers: raw_packets shows them';
COMMENT ON COLUMN packets.community_id IS 'its hash';
CREATE INDEX packets_time ON packets (captured_at);
CREATE INDEX packets_source ON packets (src_ip);
CREATE INDEX packets_target ON packets (dst_ip);
CREATE INDEX packets_malicious ON packets (captured_at, attack_type, src_ip) WHERE is_malicious;
CREATE INDEX packets_others ON packets (protocol, captured_at) WHERE protocol NOT IN ('TCP', 'UDP');
CREATE TABLE packets_default PARTITION OF packets DEFAULT;
INSERT INTO store_partitions (parent, name, lower, upper) VALUES ('packets', 'packets_default', '-infinity', 'infinity');

-- As packet-columns.ts has it. Simple enough that UPDATE and DELETE pass through and are pruned.
CREATE VIEW raw_packets AS
SELECT date_part('epoch', captured_at) AS timestamp, interface, src_ip, dst_ip, protocol, length,
  src_port::int4 & 65535 AS src_port,
  dst_port::int4 & 65535 AS dst_port,
  CASE WHEN tcp_flags IS NOT NULL THEN concat_ws(',',
    CASE WHEN tcp_flags & 1 <> 0 THEN 'FIN' END, CASE WHEN tcp_flags & 2 <> 0 THEN 'SYN' END,
    CASE WHEN tcp_flags & 4 <> 0 THEN 'RST' END, CASE WHEN tcp_flags & 8 <> 0 THEN 'PSH' END,
    CASE WHEN tcp_flags & 16 <> 0 THEN 'ACK' END, CASE WHEN tcp_flags & 32 <> 0 THEN 'URG' END,
    CASE WHEN tcp_flags & 64 <> 0 THEN 'ECE' END, CASE WHEN tcp_flags & 128 <> 0 THEN 'CWR' END) END AS tcp_flags,
  tcp_flags & 2 <> 0 AS tcp_syn,
  tcp_flags & 16 <> 0 AS tcp_ack,
  tcp_flags & 1 <> 0 AS tcp_fin,
  tcp_flags & 4 <> 0 AS tcp_rst,
  tcp_flags & 8 <> 0 AS tcp_psh,
  seq::int8 & 4294967295 AS seq,
  ack::int8 & 4294967295 AS ack,
  icmp_type::int4 AS icmp_type,
  icmp_code::int4 AS icmp_code,
  arp_op, arp_psrc, arp_pdst, arp_hwsrc, arp_hwdst, dns_query, dns_qname, dns_qtype, dns_response,
  dns_answer_count, dns_answer_size, http_method, http_path, http_status_code, http_host, sensor_id,
  src_mac::text AS src_mac,
  dst_mac::text AS dst_mac,
  vlan,
  CASE WHEN strpos(src_ip, ':') > 0 THEN 6::int2 WHEN src_ip IS NOT NULL THEN 4::int2 END AS ip_version,
  ttl::int4 AS ttl,
  payload_bytes, payload_entropy, tls_sni, ja4, hassh, hassh_server, http_user_agent,
  '1:' || encode(community_id, 'base64') AS community_id,
  anomaly, ip_protocol, tunnel, outer_src_ip, outer_dst_ip, app_protocol, app_detail,
  flow_id, is_malicious, threat_score,
  CASE WHEN threat_score >= 0.8::float8 THEN 'HIGH' WHEN threat_score >= 0.5::float8 THEN 'MEDIUM'
    WHEN threat_score IS NOT NULL THEN 'LOW' END AS threat_level,
  attack_type, decision, id, captured_at, country
FROM packets;
-- A worker of an older version that still runs: told as if the database were away, so that it waits instead of
-- setting its batches aside.
CREATE FUNCTION refuse_older_writers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'packets are written in another form: this version must be updated' USING ERRCODE = '57P03';
END $$;
CREATE TRIGGER refuse_older_writers INSTEAD OF INSERT ON raw_packets
FOR EACH ROW EXECUTE FUNCTION refuse_older_writers();
COMMENT ON COLUMN raw_packets.captured_at IS 'timestamp as a time: the partition key; bound it in every query';
COMMENT ON COLUMN raw_packets.country IS 'ISO 3166 code of src_ip';

-- The same packets under the names that older documents use.
CREATE VIEW packet_logs AS
SELECT id, captured_at AS timestamp, src_ip, dst_ip, protocol, length, is_malicious, threat_score, attack_type,
  CASE WHEN threat_score >= 0.8::float8 THEN 'HIGH' WHEN threat_score >= 0.5::float8 THEN 'MEDIUM'
    WHEN threat_score IS NOT NULL THEN 'LOW' END AS threat_level,
  decision, country
FROM packets;
