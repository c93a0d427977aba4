-- What sensors lose on the way and what comes out of order, beside what came too late.
ALTER TABLE sensors
  ADD COLUMN out_of_order_packets int8 NOT NULL DEFAULT 0,
  ADD COLUMN lost_packets int8 NOT NULL DEFAULT 0;
