/** Where the package's own files are, from `src/app` as from `dist/app`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PACKAGE_DIR = fileURLToPath(new URL('../../', import.meta.url));
export const SHIPPED_MODEL = join(PACKAGE_DIR, 'models', 'phantomnet.model');
/** The windows that the shipped models were trained on. */
export const BASE_EXAMPLES = join(PACKAGE_DIR, 'models', 'base-examples.zst');
export const TRAINING_PLAN = join(PACKAGE_DIR, 'models', 'training.yaml');

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(PACKAGE_DIR, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
