/** Who judges in this process, from the registry in the database and the model files of this machine. */
import type { Database } from '../store/database.ts';
import { ModelRegistry } from '../workshop/registry.ts';
import { type Config, detectionLimits } from './config.ts';
import { Judging } from './judging.ts';
import type { Log } from './log.ts';
import { modelFolder } from './model.ts';
import { ModelDesk } from './model-desk.ts';

/** @throws AppError `database_unavailable` */
export async function openJudging(
  config: Config,
  db: Database,
  log: Log,
): Promise<{ judging: Judging; models: ModelDesk }> {
  const registry = new ModelRegistry(db, modelFolder(config));
  const { path: configured, false_alarms_per_day: falseAlarmsPerDay } = config.model;
  const judging = new Judging({ registry, configured, falseAlarmsPerDay, log });
  await judging.refresh();
  const limits = detectionLimits(config);
  const models = new ModelDesk({
    ...{ registry, judging, configured, limits },
    ...{ falseAlarmsPerDay, log },
  });
  return { judging, models };
}
