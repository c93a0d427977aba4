/**
 * What determines how the state of an analysis is laid out and bounded. A state that was written under another
 * layout is not read: what it says could mean something else, or have no room.
 */
import { WINDOW_FEATURES } from '../../contract/features.ts';
import type { DetectionLimits } from '../detection/detection-limits.ts';
import type { Detector } from '../detection/detector.ts';
import { stableId } from '../detection/stable-id.ts';
import { catalogueHash } from '../features/catalogue-hash.ts';
import { COUNTS, SUMS } from '../features/window-counts.ts';

/** To be raised when the meaning of what some class writes changes and its form does not. */
const STATE_VERSION = 3;

export function stateLayout(
  sensorId: string,
  detectors: readonly Detector[],
  limits: DetectionLimits,
  caps: object,
): string {
  return stableId(
    JSON.stringify([
      STATE_VERSION,
      sensorId,
      catalogueHash(WINDOW_FEATURES),
      COUNTS,
      SUMS,
      detectors.map(({ name }) => name),
      limits,
      caps,
    ]),
  );
}
