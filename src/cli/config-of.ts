/** The configuration that a command line names, and what of it an analysis needs. */
import { resolve } from 'node:path';
import type { Command } from 'commander';

export async function configOf(program: Command) {
  const { readConfig } = await import('../app/config.ts');
  return readConfig(program.opts<{ config?: string }>().config ?? null);
}

export function inDataDir<Config extends { data_dir: string }>(
  config: Config,
  dataDir?: string,
): Config {
  return dataDir === undefined ? config : { ...config, data_dir: resolve(dataDir) };
}

export async function analysisOf(program: Command, model: string | undefined) {
  const { detectionLimits } = await import('../app/config.ts');
  const config = await configOf(program);
  if (model !== undefined) {
    // Without the one that ships all else goes on; a model that was asked for must be there.
    const { readModelFile } = await import('../app/model.ts');
    readModelFile(model);
  }
  const { championFile } = await import('../app/model.ts');
  return {
    model: model ?? championFile(config),
    falseAlarmsPerDay: config.model.false_alarms_per_day,
    limits: detectionLimits(config),
  };
}
