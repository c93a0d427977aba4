/** What is refused before a model is tried, whoever asks: the page, the API or the command line. */
import { AppError } from '../errors.ts';
import { readModelFile } from './model.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

/** @throws AppError `conflict` where the configuration says who judges */
export function requireChoice(configured: string | null): void {
  if (configured !== null)
    throw new AppError(
      'conflict',
      `Cannot change who judges: model.path in the configuration names ${configured}`,
    );
}

/** @throws AppError `conflict` for the champion itself */
export function requireOther(
  action: 'add' | 'promote',
  hash: string,
  champion: string | null,
): void {
  if (hash === champion)
    throw new AppError('conflict', `Cannot ${action} ${hash.slice(0, 12)}: it is the champion`);
}

/** Null where it is not there, as in a package without it. */
export function shippedHash(): string | null {
  try {
    return readModelFile(SHIPPED_MODEL).hash;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
