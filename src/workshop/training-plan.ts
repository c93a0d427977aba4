/** What the shipped models are trained on: `models/training.yaml`, captures and their labels below one data folder. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, fileTrouble } from '../errors.ts';
import { ALL_BENIGN, type Labels, readLabels } from './labels.ts';

const Plan = z.strictObject({
  seed: z.number().int().nonnegative(),
  captures: z
    .array(
      z.strictObject({
        capture: z.string(),
        /** Absent: nothing in it is an attack. */
        labels: z.string().optional(),
        /** `train`, `test`, or `split`: each attack's first part trains, the rest tests. */
        use: z.enum(['train', 'test', 'split']),
      }),
    )
    .min(1),
});

export interface PlannedCapture {
  /** As it stands in the plan. */
  readonly name: string;
  readonly path: string;
  readonly labels: Labels;
  readonly use: 'train' | 'test' | 'split';
  readonly sha256: string;
}

export interface TrainingPlan {
  readonly seed: number;
  readonly captures: readonly PlannedCapture[];
}

/** @throws AppError `input_invalid` naming the plan and what of it is wrong or missing. */
export function readTrainingPlan(planPath: string, dataDir: string): TrainingPlan {
  const text = readFile(planPath).toString('utf8');
  const result = Plan.safeParse(parse(text));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new AppError('input_invalid', `${planPath}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return {
    seed: result.data.seed,
    captures: result.data.captures.map(({ capture, labels, use }) => {
      const path = join(dataDir, capture);
      return {
        name: capture,
        path,
        labels: labels === undefined ? ALL_BENIGN : readLabels(join(dataDir, labels)),
        use,
        sha256: createHash('sha256').update(readFile(path)).digest('hex'),
      };
    }),
  };
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
}
