import { describe, expect, it } from 'vitest';
import { type Hand, times } from '../detection/detections.suite.ts';
import { batchOf } from '../flows/packet-rows.suite.ts';
import { Analysis } from './analysis.ts';

const SERVER = '192.0.2.1';

const flood = (t: number): Hand[] =>
  times(2000, (i) => ({
    t: t + i / 200,
    src: '198.51.100.9',
    dst: SERVER,
    sport: 1024 + i,
    dport: 80,
    flags: 'S',
  }));

/** Kind and times of the alerts on packets in the order given. */
function found(packets: Hand[]) {
  const analysis = new Analysis({ sensorId: 's', judge: null });
  analysis.push(batchOf(packets));
  analysis.finish();
  return analysis
    .take()
    .alerts.map(({ alert_type, first_seen, last_seen }) => [alert_type, first_seen, last_seen]);
}

describe('Analysis', () => {
  it('goes on detecting after a packet with a timestamp of another century', () => {
    const stray = (t: number) => [{ t, src: '10.0.0.1', dst: SERVER, sport: 5000, dport: 443 }];
    const expected = found([...flood(0), ...stray(12), ...flood(400)]);
    expect(expected).toHaveLength(2);
    expect(found([...flood(0), ...stray(4e9), ...flood(400)])).toEqual(expected);
  });

  it('tells apart what stays below the threshold, with all that is known of it', () => {
    const take = (alert_threshold: number) => {
      const policy = { alert_threshold, block_threshold: 1 };
      const analysis = new Analysis({ sensorId: 's', judge: null, policy });
      analysis.push(batchOf(flood(0)));
      analysis.finish();
      return analysis.take();
    };
    const [alert] = take(0.5).alerts;
    expect(alert).toMatchObject({ decision: 'ALERT', proven_confidence: 0 });
    expect(take(0.5).quiet).toEqual([]);
    expect(take(1)).toMatchObject({ alerts: [], quiet: [{ ...alert, decision: 'ALLOW' }] });
  });
});
