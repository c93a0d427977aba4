/** What became of the blocks that alerts asked for, as metrics. */
import type { Registry } from 'prom-client';
import { followGauge } from '../http/follow-gauge.ts';
import type { Decisions } from './decisions.ts';

export function measureDecisions(registry: Registry, decisions: Decisions): void {
  followGauge(
    registry,
    'phantomnet_blocks_dropped',
    'Blocks that alerts asked for and that were not made because too many waited for the database, since the start',
    () => decisions.dropped,
  );
}
