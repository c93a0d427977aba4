/** Finds and reads the model file: the configured one, else the registry's champion, else the one that ships. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Judge } from '../core/engine/judge.ts';
import type { ModelFile } from '../core/models/model-file.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { readModels } from '../workshop/read-models.ts';
import { notedChampion } from '../workshop/registry.ts';
import type { Config } from './config.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

const SHA256 = /^[0-9a-f]{64}$/;

/** @throws AppError `input_invalid`, `model_incompatible`: naming the file */
export function readModelFile(path: string): ModelFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read the model ${path}: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
  try {
    return readModels(bytes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

export function modelFolder({ data_dir: dataDir }: Pick<Config, 'data_dir'>): string {
  return join(dataDir, 'models');
}

/** The judge of that hash: the configured model, one of the registry, or the one that ships. Null: none of them is it. */
export function findJudge(hash: string, config: Pick<Config, 'data_dir' | 'model'>): Judge | null {
  // It comes from an alert, which may be anyone's.
  if (!SHA256.test(hash)) return null;
  const places = [join(modelFolder(config), `${hash}.model`), config.model.path, SHIPPED_MODEL];
  for (const path of places) {
    if (path === null || !existsSync(path)) continue;
    const file = readModelFile(path);
    if (file.hash === hash) return new Judge(file, config.model.false_alarms_per_day);
  }
  return null;
}

/** The file that judges captures where no database is open. @throws AppError `model_incompatible` */
export function championFile(config: Pick<Config, 'data_dir' | 'model'>): string {
  return config.model.path ?? notedChampion(modelFolder(config)) ?? SHIPPED_MODEL;
}

/** A judge, or why there is none: without one everything else runs. `path` null: the one that ships. */
export function loadJudge(
  path: string | null,
  falseAlarmsPerDay?: number,
): { judge: Judge | null; reason: string | null } {
  try {
    const chosen = path ?? SHIPPED_MODEL;
    if (!existsSync(chosen)) return { judge: null, reason: `there is no model file at ${chosen}` };
    return { judge: new Judge(readModelFile(chosen), falseAlarmsPerDay), reason: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { judge: null, reason: error.message };
  }
}
