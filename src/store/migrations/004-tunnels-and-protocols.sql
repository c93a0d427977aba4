-- What the decoder tells beside the older columns: the IP protocol number, tunnels, application protocols.
ALTER TABLE raw_packets
  ADD COLUMN ip_protocol int2,
  ADD COLUMN tunnel text,
  ADD COLUMN outer_src_ip text,
  ADD COLUMN outer_dst_ip text,
  ADD COLUMN app_protocol text,
  ADD COLUMN app_detail text,
  ADD COLUMN hassh_server text;
