/** Runs the libraries that our forests are held against: Debian's python3-sklearn and python3-xgboost. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dataset } from '../../src/core/models/dataset.ts';

// Debian's own interpreter: the packages are installed for it and for no other.
const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('reference.py', import.meta.url));

export type ReferenceKind = 'random_forest' | 'isolation_forest' | 'gradient_boosting' | 'ranking';

export interface ReferenceAnswer {
  /** Library and version. */
  readonly version: string;
  /** As many per test row as the kind gives. */
  readonly scores: Float64Array;
  /** CPU seconds of one thread, the best of seven runs, for the kinds that train. */
  readonly scoreSeconds: number;
  /** Only of `ranking`. */
  readonly auc?: number;
  readonly averagePrecision?: number;
}

/** Null where the library is there; else why a test or a measure is left out. */
export function whyMissing(library: 'sklearn' | 'xgboost'): string | null {
  const { status } = spawnSync(PYTHON, ['-c', `import ${library}`], { stdio: 'ignore' });
  return status === 0 ? null : `${PYTHON} has no ${library}: apt-get install python3-${library}`;
}

/** Throws Error with what the library said where it fails. */
export function runReference(
  kind: ReferenceKind,
  train: Dataset,
  test: Dataset,
  options: Readonly<Record<string, number>> = {},
): ReferenceAnswer {
  const folder = mkdtempSync(join(tmpdir(), 'phantomnet-parity-'));
  try {
    const job = {
      kind,
      options,
      rows: train.rowCount,
      testRows: test.rowCount,
      columns: train.featureNames.length,
      classes: train.classNames.length,
    };
    writeFileSync(join(folder, 'job.json'), JSON.stringify(job));
    writeFileSync(
      join(folder, 'train.f64'),
      new Uint8Array(Float64Array.from(train.values).buffer),
    );
    writeFileSync(join(folder, 'test.f64'), new Uint8Array(Float64Array.from(test.values).buffer));
    writeFileSync(join(folder, 'labels.u16'), new Uint8Array(train.labels.slice().buffer));
    const { status, stdout, stderr } = spawnSync(PYTHON, [SCRIPT, folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${kind} of the reference failed: ${stderr}`);
    const scores = new Float64Array(
      new Uint8Array(readFileSync(join(folder, 'scores.f64'))).buffer,
    );
    return { scoreSeconds: 0, ...JSON.parse(stdout), scores };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
