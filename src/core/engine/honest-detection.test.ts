/** What an alert says of itself where packets were lost. */
import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../contract/packet-batch.ts';
import { conversation, times } from '../detection/detections.suite.ts';
import { batchOf } from '../flows/packet-rows.suite.ts';
import { StateReader } from '../state/state-reader.ts';
import { StateWriter } from '../state/state-writer.ts';
import { Analysis } from './analysis.ts';

const OPTIONS = { sensorId: 's', judge: null };

/** Thirty refused FTP log-ins on proven connections: enough to block. */
const guesses = (t: number) =>
  times(30, (i) => {
    const talk = conversation(t + i / 2, '198.51.100.9', '192.0.2.1', 21, 30_000 + i);
    const answer = talk[4];
    if (answer) Object.assign(answer, { appCode: 530, events: AppEvent.FTP_REPLY });
    return talk;
  }).flat();

function alertsOf(lost: number, isSaved = false) {
  let analysis = new Analysis(OPTIONS);
  analysis.push(batchOf(guesses(1_000).slice(0, 24)));
  if (lost > 0) analysis.miss(lost, 1_010_000_000);
  if (isSaved) {
    analysis.take();
    const writer = new StateWriter();
    analysis.save(writer);
    analysis = new Analysis(OPTIONS);
    analysis.load(new StateReader(writer.bytes()));
  }
  analysis.push(batchOf(guesses(1_000).slice(24)));
  analysis.finish();
  return analysis.take().alerts;
}

describe('an alert', () => {
  it('blocks where every packet was seen, and says nothing of loss', () => {
    const [alert] = alertsOf(0);
    expect(alert?.decision).toBe('BLOCK');
    expect(alert?.evidence[0]?.numbers.completeness).toBeUndefined();
  });

  it.each([false, true])('says how much was seen, is less sure and does not block', (isSaved) => {
    const [alert] = alertsOf(240, isSaved);
    expect(alert?.decision).toBe('ALERT');
    expect(alert?.confidence).toBeGreaterThanOrEqual(0.5);
    expect(alert?.confidence).toBeLessThan(0.8);
    const { completeness } = alert?.evidence[0]?.numbers ?? {};
    expect(completeness).toBeGreaterThan(0.4);
    expect(completeness).toBeLessThan(0.6);
    expect(alert?.description).toMatch(/of all packets of that time \d+ % were seen$/);
  });

  it('is raised however much was lost', () => {
    const [alert] = alertsOf(1e6);
    expect(alert?.alert_type).toBe('Brute_Force');
    expect(alert?.decision).toBe('ALERT');
  });

  it('knows of what the kernel dropped', () => {
    const analysis = new Analysis(OPTIONS);
    const early = batchOf(guesses(1_000).slice(0, 24));
    early.kernelDrops = 60;
    analysis.push(early);
    analysis.push(batchOf(guesses(1_000).slice(24)));
    analysis.finish();
    const [alert] = analysis.take().alerts;
    expect(alert?.evidence[0]?.numbers.completeness).toBeLessThan(1);
    expect(alert?.decision).toBe('ALERT');
  });

  it('of a later time knows nothing of the loss', () => {
    const analysis = new Analysis(OPTIONS);
    analysis.push(batchOf(guesses(1_000)));
    analysis.miss(500, 1_030_000_000);
    analysis.push(batchOf(guesses(2_000)));
    analysis.finish();
    const [, later] = analysis.take().alerts;
    expect(later?.first_seen).toBeGreaterThanOrEqual(2_000);
    expect(later?.decision).toBe('BLOCK');
  });
});
