/** Detection is nowhere worse than docs/quality.json says: attack by attack, false alert by false alert. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { qualityPage } from '../../scripts/quality-page.ts';
import { loadJudge } from '../../src/app/model.ts';
import { type CaptureQuality, measureEntry } from '../../src/workshop/quality/measure-capture.ts';
import { readQualityPlan } from '../../src/workshop/quality/quality-plan.ts';

const DATA = '../shared/data';
const whyNot = existsSync(DATA) ? '' : `(needs the captures in ${DATA})`;
/** Seconds that an alert may come later than written down. */
const LATER = 0.5;

const written = JSON.parse(readFileSync('docs/quality.json', 'utf8')) as {
  model: string;
  captures: CaptureQuality[];
};

it('docs/quality.md is what docs/quality.json says', () => {
  expect(readFileSync('docs/quality.md', 'utf8')).toBe(
    qualityPage(written.captures, written.model),
  );
});

describe.skipIf(whyNot !== '')(`quality ${whyNot}`, () => {
  const { judge } = loadJudge(null);
  const plan = existsSync(DATA) ? readQualityPlan('test/quality/plan.yaml', DATA) : [];

  it('was measured on all captures of the plan', () => {
    expect(written.captures.map(({ name }) => name)).toEqual(plan.map(({ name }) => name));
  });

  it.each(plan.filter(({ isSlow }) => !isSlow).map((entry) => [entry.name, entry] as const))(
    'is no worse on %s',
    async (name, entry) => {
      const before = written.captures.find((capture) => capture.name === name);
      if (!before) throw new Error('It is not written down: npm run quality');
      const now = await measureEntry(entry, judge);
      expect(lossesOf(before, now)).toEqual([]);
    },
    120_000,
  );
});

function lossesOf(before: CaptureQuality, now: CaptureQuality): string[] {
  const count = ({ alerts }: CaptureQuality, verdict: string) =>
    alerts.filter((alert) => alert.verdict === verdict).length;
  const losses: string[] = [];
  if (now.verified < now.alerts.length)
    losses.push(`${now.alerts.length - now.verified} alerts cannot be derived again`);
  for (const verdict of ['false', 'other kind'])
    if (count(now, verdict) > count(before, verdict))
      losses.push(`${count(now, verdict)} alerts are ${verdict}, not ${count(before, verdict)}`);
  for (const then of before.attacks) {
    const attack = now.attacks.find(({ id }) => id === then.id);
    const name = `${then.label} (${then.tool}, ${then.id})`;
    if (then.found && !attack?.found) losses.push(`${name} is missed`);
    if (then.found && (attack?.alerts ?? 0) > then.alerts)
      losses.push(`${name} raises ${attack?.alerts} alerts, not ${then.alerts}`);
    const seconds = attack?.seconds_to_detect ?? 0;
    if (then.seconds_to_detect !== null && seconds > then.seconds_to_detect + LATER)
      losses.push(`${name} is found after ${seconds} s, not ${then.seconds_to_detect}`);
  }
  return losses;
}
