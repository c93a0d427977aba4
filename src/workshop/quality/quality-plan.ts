/** What quality is measured on: `test/quality/plan.yaml`, captures below one data folder with what is known of them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ALERT_KIND_NAMES } from '../../contract/alert-kinds.ts';
import { AppError, fileTrouble } from '../../errors.ts';
import { ALL_BENIGN, type LabelRow, Labels, readLabels } from '../labels.ts';

/** An attack that fills its capture, from its begin on where that is known. Hosts as in a file of labels. */
const WholeAttack = z.strictObject({
  kind: z.enum(ALERT_KIND_NAMES),
  source: z.string(),
  target: z.string(),
  tool: z.string(),
  /** s since the epoch. */
  start: z.number().default(0),
});

const Plan = z.strictObject({
  captures: z
    .array(
      z.strictObject({
        /** Below the data folder; a pattern stands for all captures that fit, counted together. */
        capture: z.string(),
        /** The models were trained on a part of it. */
        trained: z.boolean().default(false),
        /** Below the data folder. */
        labels: z.string().optional(),
        /** Beside the plan: labels of ours for a capture of others. */
        own_labels: z.string().optional(),
        attacks: z.array(WholeAttack).optional(),
        /** Left out of the check that runs with the tests. */
        slow: z.boolean().default(false),
        note: z.string().optional(),
      }),
    )
    .min(1),
});

export interface QualityEntry {
  /** As it stands in the plan. */
  readonly name: string;
  readonly paths: readonly string[];
  readonly labels: Labels;
  readonly isTrained: boolean;
  readonly isSlow: boolean;
  readonly note: string | null;
}

/** @throws AppError `input_invalid` naming the plan and what of it is wrong or missing */
export function readQualityPlan(planPath: string, dataDir: string): QualityEntry[] {
  let text: string;
  try {
    text = readFileSync(planPath, 'utf8');
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${planPath}: ${fileTrouble(error)}`);
  }
  const result = Plan.safeParse(parse(text));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new AppError('input_invalid', `${planPath}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return result.data.captures.map((entry) => {
    const { capture: name, labels, own_labels: own, attacks, note = null } = entry;
    const paths = capturesOf(join(dataDir, name));
    if (paths.length === 0) throw new AppError('input_invalid', `${planPath}: there is no ${name}`);
    const file = labels ? join(dataDir, labels) : own ? join(dirname(planPath), own) : null;
    const known = attacks ? labelsOf(attacks) : file ? readLabels(file) : ALL_BENIGN;
    return { name, paths, labels: known, isTrained: entry.trained, isSlow: entry.slow, note };
  });
}

function capturesOf(path: string): string[] {
  if (existsSync(path)) return [path];
  return globSync(path).sort();
}

function labelsOf(attacks: readonly z.infer<typeof WholeAttack>[]): Labels {
  const rows = attacks.map(
    ({ kind, source, target, tool, start }): LabelRow => ({
      ...{ startMicros: start * 1e6, endMicros: Number.MAX_SAFE_INTEGER },
      ...{ srcIp: source, dstIp: target, proto: '*', dstPorts: null },
      ...{ kind, label: kind, tool, dnsSuffix: null, attackId: null },
    }),
  );
  return new Labels(rows, { inside: [], all: [] });
}
