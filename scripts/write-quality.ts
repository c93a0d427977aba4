/**
 * Measures detection on every capture of `test/quality/plan.yaml` and writes `docs/quality.json`, and
 * `docs/quality.md` of it. `test/quality/quality.test.ts` holds what comes later to these figures.
 *
 * Run: node scripts/write-quality.ts [data folder]
 */
import { writeFileSync } from 'node:fs';
import { loadJudge } from '../src/app/model.ts';
import { type CaptureQuality, measureEntry } from '../src/workshop/quality/measure-capture.ts';
import { readQualityPlan } from '../src/workshop/quality/quality-plan.ts';
import { qualityPage } from './quality-page.ts';

const [dataDir = '../shared/data'] = process.argv.slice(2);
const { judge } = loadJudge(null);
if (judge === null) throw new Error('There is no model to measure');

const captures: CaptureQuality[] = [];
for (const entry of readQualityPlan('test/quality/plan.yaml', dataDir)) {
  const quality = await measureEntry(entry, judge);
  captures.push(quality);
  const found = quality.attacks.filter((attack) => attack.found).length;
  process.stderr.write(
    `${entry.name}: ${found} of ${quality.attacks.length} attacks, ${quality.alerts.length} alerts, ${quality.verified} derived again\n`,
  );
}
writeFileSync('docs/quality.json', `${JSON.stringify({ model: judge.hash, captures }, null, 1)}\n`);
writeFileSync('docs/quality.md', qualityPage(captures, judge.hash));
