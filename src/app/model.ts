/** Finds and reads the model file: the configured one, else the registry's champion, else the one that ships. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Judge } from '../core/engine/judge.ts';
import { decodeModels, type ModelFile } from '../core/models/model-file.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { ModelRegistry } from '../workshop/registry.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

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
    return decodeModels(bytes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

export function registryOf({ data_dir: dataDir }: { readonly data_dir: string }): ModelRegistry {
  return new ModelRegistry(join(dataDir, 'models'));
}

/** A judge, or why there is none: without one everything else runs. `path` null: the champion of `registry`, if any. */
export function loadJudge(
  path: string | null,
  registry: ModelRegistry | null = null,
): { judge: Judge | null; reason: string | null } {
  try {
    const chosen = path ?? registry?.championPath() ?? SHIPPED_MODEL;
    if (!existsSync(chosen)) return { judge: null, reason: `there is no model file at ${chosen}` };
    return { judge: new Judge(readModelFile(chosen)), reason: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { judge: null, reason: error.message };
  }
}
