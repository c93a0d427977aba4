/** How well the analyses are kept over a restart, as metrics. */
import type { Registry } from 'prom-client';
import { followGauge } from '../../http/follow-gauge.ts';
import type { StateKeeper } from './state-keeper.ts';

export function measureKeeping(registry: Registry, keeper: StateKeeper): void {
  followGauge(
    registry,
    'phantomnet_analysis_snapshot_age_seconds',
    'Since the oldest state that a restart would begin with and that batches came after',
    () => keeper.ageMs / 1000,
  );
  followGauge(
    registry,
    'phantomnet_analysis_snapshot_bytes',
    'States on disk of the sensors at work',
    () => keeper.snapshotBytes,
  );
  followGauge(
    registry,
    'phantomnet_analysis_journal_bytes',
    'Batches on disk that a restart would count again',
    () => keeper.journalBytes,
  );
  followGauge(
    registry,
    'phantomnet_analysis_losses',
    'States that could not be restored, since the start',
    () => keeper.losses,
  );
  followGauge(
    registry,
    'phantomnet_analysis_write_failures',
    'Times that a state or a batch could not be written to disk, since the start',
    () => keeper.failures,
  );
}
