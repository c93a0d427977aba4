-- What the forest of conversations looks at and was not kept: without it no site could train one of its own.
-- Null in rows of earlier versions.
ALTER TABLE traffic_data
  ADD COLUMN length_mean_fwd float4,
  ADD COLUMN length_std_fwd float4,
  ADD COLUMN length_min_fwd float4,
  ADD COLUMN length_max_fwd float4,
  ADD COLUMN length_mean_bwd float4,
  ADD COLUMN length_std_bwd float4,
  ADD COLUMN length_min_bwd float4,
  ADD COLUMN length_max_bwd float4,
  ADD COLUMN gap_mean_fwd float4,
  ADD COLUMN gap_std_fwd float4,
  ADD COLUMN gap_min_fwd float4,
  ADD COLUMN gap_max_fwd float4,
  ADD COLUMN gap_mean_bwd float4,
  ADD COLUMN gap_std_bwd float4,
  ADD COLUMN gap_min_bwd float4,
  ADD COLUMN gap_max_bwd float4,
  ADD COLUMN initial_window_fwd int4,
  ADD COLUMN initial_window_bwd int4,
  ADD COLUMN first_payload_entropy float4;
COMMENT ON COLUMN traffic_data.gap_mean_fwd IS 'ms; so the other gaps';
COMMENT ON COLUMN traffic_data.length_mean_fwd IS 'bytes on the wire; so the other lengths';
COMMENT ON COLUMN traffic_data.first_payload_entropy IS 'bits per byte, of the originator; null without payload';
