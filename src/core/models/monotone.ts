/**
 * Monotone constraints: a feature whose direction is known may push the margin only that way. A split on it must
 * order its children, and whatever grows below them stays on its side of the middle (as in XGBoost).
 */
import { AppError } from '../../errors.ts';

/** What the leaves below a node may say, before shrinkage. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

export const UNBOUNDED: Bounds = {
  lower: Number.NEGATIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
};

/** Per feature 1 (rises), −1 (falls) or 0. */
export type Directions = Int8Array;

/** Null where nothing is constrained. Throws `input_invalid` naming the feature. */
export function directionsOf(
  monotone: Readonly<Record<string, number>>,
  featureNames: readonly string[],
): Directions | null {
  const entries = Object.entries(monotone);
  const directions = new Int8Array(featureNames.length);
  for (const [name, direction] of entries) {
    const feature = featureNames.indexOf(name);
    const reason =
      feature < 0
        ? 'there is no such feature'
        : direction === 1 || direction === -1
          ? null
          : `it must be 1 or -1: current value is ${direction}`;
    if (reason !== null) {
      throw new AppError(
        'input_invalid',
        `Cannot train gradient boosting: monotone.${name}: ${reason}`,
      );
    }
    directions[feature] = direction;
  }
  return entries.length === 0 ? null : directions;
}

export function clamp(value: number, { lower, upper }: Bounds): number {
  return value < lower ? lower : value > upper ? upper : value;
}

/** Of the children of a split on a feature of this direction, whose own values are `left` and `right`. */
export function childBounds(
  bounds: Bounds,
  direction: number,
  left: number,
  right: number,
): [Bounds, Bounds] {
  if (direction === 0) return [bounds, bounds];
  const middle = (left + right) / 2;
  const below = { lower: bounds.lower, upper: middle };
  const above = { lower: middle, upper: bounds.upper };
  return direction > 0 ? [below, above] : [above, below];
}
