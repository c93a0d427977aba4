import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DEMO } from '../../test/support/quiet-capture.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import { DETECTION_DEFAULTS } from '../core/detection/detection-limits.ts';
import { Judge } from '../core/engine/judge.ts';
import { readModels } from './read-models.ts';
import { tryModels } from './trial.ts';

it('judges a challenger by its own rows where there is no champion', async () => {
  const challenger = new Judge(readModels(readFileSync(SHIPPED_MODEL)));
  const { rows } = await tryModels(DEMO, null, challenger, DETECTION_DEFAULTS);
  expect(rows.flows.rows).toBeGreaterThan(100);
  expect(rows.flows.onlyChallenger).toBeGreaterThan(0);
  expect(rows.flows.both + rows.flows.onlyChampion).toBe(0);
});
