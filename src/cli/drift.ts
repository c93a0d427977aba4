/** `phantomnet models drift`: how far captures are from what the models were trained on, and an alarm that names the feature. */
import { championFile, readModelFile } from '../app/model.ts';
import type { DriftRow } from '../contract/model.ts';
import { DRIFT_ALARM, MIN_DRIFT_ROWS } from '../core/models/drift.ts';
import { AppError } from '../errors.ts';
import { driftOf } from '../workshop/drift-report.ts';
import { addExamples, newExampleSets } from '../workshop/examples.ts';
import { ALL_BENIGN } from '../workshop/labels.ts';
import { createProgressBar } from './progress-bar.ts';
import type { RegistryContext } from './registry.ts';

/** Values shown per model where none is asked for as JSON. */
const SHOWN = 10;

/** @throws AppError `model_incompatible` where the file keeps nothing of its training to compare with */
export async function drift(
  files: readonly string[],
  model: string | null,
  { config, json, out, err }: RegistryContext,
): Promise<void> {
  const path = model ?? championFile(config);
  const { models } = readModelFile(path);
  if (models.every(({ references }) => Object.keys(references).length === 0))
    throw new AppError(
      'model_incompatible',
      `${path} keeps nothing of its training to compare with: train it again`,
    );
  const sets = newExampleSets();
  const progress = createProgressBar(err);
  for (const [at, file] of files.entries()) {
    progress.step(at, files.length, file);
    await addExamples(sets, {
      name: file,
      path: file,
      labels: ALL_BENIGN,
      use: 'test',
      sha256: '',
    }).finally(() => progress.end());
  }
  const rows = driftOf(models, sets);
  for (const row of rows) if (json) out.write(`${JSON.stringify(row)}\n`);
  if (!json) for (const { name } of models) out.write(readable(name, rows));
}

function readable(model: string, all: readonly DriftRow[]): string {
  const own = all.filter((row) => row.model === model);
  if (own.length === 0) return `${model}: keeps nothing of its training\n`;
  const count = own[0]?.rows ?? 0;
  const few = count < MIN_DRIFT_ROWS ? `, too few for an alarm (${MIN_DRIFT_ROWS})` : '';
  const lines = own
    .slice(0, SHOWN)
    .map(
      ({ value, population_stability: index, alarm }) =>
        `  ${value.padEnd(32)} ${index.toFixed(3).padStart(7)}${alarm ? `  ALARM: ${value} is not what ${model} was trained on` : ''}\n`,
    );
  const alarms = own.filter(({ alarm }) => alarm).length;
  return `${model}: ${count} rows${few}, ${alarms} of ${own.length} values beyond ${DRIFT_ALARM}\n${lines.join('')}`;
}
