/** Checks training options: a wrong one is the operator's, so it is an expected failure that names it. */
import { AppError } from '../../errors.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
  readonly isWhole?: boolean;
}

/** Throws `input_invalid` unless each option named in `ranges` lies in its range. */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  ranges: Readonly<Partial<Record<keyof T, Range>>>,
): void {
  for (const name of Object.keys(options)) {
    if (!(name in ranges)) {
      throw new AppError('input_invalid', `Cannot train ${what}: there is no option ${name}`);
    }
  }
  for (const [name, range] of Object.entries(ranges) as [keyof T & string, Range][]) {
    const value = options[name];
    const fits =
      typeof value === 'number' &&
      value >= range.min &&
      value <= range.max &&
      (!range.isWhole || Number.isInteger(value));
    if (!fits) {
      throw new AppError(
        'input_invalid',
        `Cannot train ${what}: ${name} must be ${range.isWhole ? 'a whole number' : 'a number'} from ${range.min} to ${range.max}: current value is ${String(value)}`,
      );
    }
  }
}

export const SEED_RANGE: Range = { min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true };
