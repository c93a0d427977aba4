/** Finds and reads the model file: the configured one, else the one that ships. */
import { existsSync, readFileSync } from 'node:fs';
import { Judge } from '../core/engine/judge.ts';
import { decodeModels, type ModelFile } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

/** @throws AppError `model_incompatible` */
export function readModelFile(path: string): ModelFile {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new AppError(
      'model_incompatible',
      `Cannot read the model ${path}: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  return decodeModels(bytes);
}

/** A judge, or why there is none: without one everything else runs. */
export function loadJudge(path: string | null): { judge: Judge | null; reason: string | null } {
  const chosen = path ?? SHIPPED_MODEL;
  if (!existsSync(chosen)) return { judge: null, reason: `there is no model file at ${chosen}` };
  try {
    return { judge: new Judge(readModelFile(chosen)), reason: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { judge: null, reason: error.message };
  }
}
