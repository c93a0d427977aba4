-- Which part of a store this database is: partition p of the stream lies in the one with number p mod count.
-- Written when the store is set up, and never changed: what is where follows from it.
CREATE TABLE shard_identity (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  -- The same in all databases of a store, and in no other.
  store text NOT NULL,
  number int4 NOT NULL,
  count int4 NOT NULL,
  CHECK (number >= 0 AND number < count),
  -- Of number 0: all others have theirs, so one without is not the one that was here.
  is_complete bool NOT NULL
);
