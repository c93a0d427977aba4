/** `phantomnet train` and `phantomnet models`: make the model file, and say what is in one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readModelFile } from '../app/model.ts';
import { encodeModels, type StoredModel } from '../core/models/model-file.ts';
import { encodeBase } from '../workshop/base-examples.ts';
import { modelCard } from '../workshop/model-card.ts';
import { trainModels } from '../workshop/train.ts';
import { readTrainingPlan } from '../workshop/training-plan.ts';
import { createProgressBar } from './progress-bar.ts';

export interface TrainOptions {
  readonly plan: string;
  /** The folder that the plan's paths are below. */
  readonly data: string;
  readonly out: string;
  /** Where the windows it is trained on are kept, for training from a site; null: nowhere. */
  readonly base: string | null;
  /** Threads for the forests: the file is the same for any number. */
  readonly workers: number;
  readonly err: NodeJS.WritableStream;
}

export async function train({ plan, data, out, base, workers, err }: TrainOptions): Promise<void> {
  const progress = createProgressBar(err);
  const trained = await trainModels(readTrainingPlan(plan, data), progress, workers).finally(() =>
    progress.end(),
  );
  const { models } = trained;
  mkdirSync(dirname(out), { recursive: true });
  const bytes = encodeModels(models);
  writeFileSync(out, bytes);
  err.write(`${out}: ${models.length} models, ${bytes.length} bytes\n`);
  if (base !== null) writeFileSync(base, encodeBase(trained.base));
  for (const model of models) err.write(describe(model));
}

export interface ShowModelOptions {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

export function showModels(path: string, { json, out }: ShowModelOptions): void {
  const file = readModelFile(path);
  if (json) {
    for (const {
      name,
      catalogueHash,
      seed,
      parameters,
      metrics,
      thresholds,
      dataHashes,
    } of file.models)
      out.write(
        `${JSON.stringify({ file_hash: file.hash, name, catalogue_hash: catalogueHash, seed, parameters, metrics, thresholds, data_hashes: dataHashes })}\n`,
      );
    return;
  }
  out.write(`${path}\n  sha256 ${file.hash}\n`);
  for (const model of file.models) out.write(describe(model));
}

/** One line a model. @throws AppError as `showModels` */
export function listModels(path: string, { json, out }: ShowModelOptions): void {
  const file = readModelFile(path);
  for (const { name, model } of file.models) {
    const { kind, trees } = model;
    out.write(
      json
        ? `${JSON.stringify({ file: path, file_hash: file.hash, name, kind, trees: trees.treeCount })}\n`
        : `${name.padEnd(20)}${kind.padEnd(20)}${String(trees.treeCount).padStart(4)} trees  ${file.hash.slice(0, 12)}  ${path}\n`,
    );
  }
}

/** @throws AppError as `showModels` */
export function showCard(path: string, out: NodeJS.WritableStream): void {
  const file = readModelFile(path);
  out.write(`# Model card\n\nFile hash \`${file.hash}\`.\n\n${modelCard(file).join('\n\n')}\n`);
}

function describe({
  name,
  model,
  catalogueHash,
  dataHashes,
  metrics,
  thresholds,
}: StoredModel): string {
  const lines = [
    `${name} (${model.kind}, ${model.trees.treeCount} trees, ${model.featureNames.length} features, catalogue ${catalogueHash}, ${dataHashes.length} captures)`,
  ];
  for (const [metric, value] of Object.entries({ ...metrics, ...thresholds }))
    lines.push(`  ${metric.padEnd(32)} ${Number.isInteger(value) ? value : value.toFixed(4)}`);
  return `${lines.join('\n')}\n`;
}
