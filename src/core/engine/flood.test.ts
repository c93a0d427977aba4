import { describe, expect, it } from 'vitest';
import type { Alert } from '../../contract/alert.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { Analysis, type AnalysisCounts } from './analysis.ts';
import { addAll, addSyns, FLOOD_TARGET, goOn, openClient } from './spoofed-flood.suite.ts';

const PACKETS = 600_000;
const PER_SECOND = 30_000;
const CLIENTS = 200;
const CAPS = { maxFlows: 20_000, maxEntities: 2_048, maxConnections: 8_192, maxFacts: 32_768 };

interface Outcome {
  readonly alerts: Alert[];
  /** Of the clients. */
  readonly flows: FlowRecord[];
  readonly mostFlowsAtOnce: number;
  readonly counts: AnalysisCounts;
}

function run(): Outcome {
  const analysis = new Analysis({ sensorId: 's', judge: null, caps: CAPS });
  const alerts = new Map<string, Alert>();
  const flows: FlowRecord[] = [];
  const batch = new PacketBatch(4_096);
  let begun = 0;
  let ended = 0;
  let mostFlowsAtOnce = 0;
  const push = () => {
    analysis.push(batch);
    const output = analysis.take();
    begun += batch.length;
    ended += output.flows.length;
    mostFlowsAtOnce = Math.max(mostFlowsAtOnce, begun - ended);
    for (const alert of output.alerts) alerts.set(alert.id, alert);
    flows.push(...output.flows.filter(({ isValidated }) => isValidated));
    batch.clear();
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => number);
  addAll(batch, clients.flatMap(openClient));
  push();
  for (let next = 0; next < PACKETS; ) {
    next = addSyns(batch, next, PACKETS, PER_SECOND);
    push();
  }
  addAll(
    batch,
    clients.map((number) => goOn(number, PACKETS / PER_SECOND)),
  );
  push();
  analysis.finish();
  const output = analysis.take();
  for (const alert of output.alerts) alerts.set(alert.id, alert);
  flows.push(...output.flows.filter(({ isValidated }) => isValidated));
  return { alerts: [...alerts.values()], flows, mostFlowsAtOnce, counts: analysis.counts };
}

describe('a SYN flood from as many made-up sources as packets', () => {
  const { alerts, flows, mostFlowsAtOnce, counts } = run();

  it('is one alert on its target, without a source', () => {
    expect(alerts).toMatchObject([
      {
        alert_type: 'SYN_Flood',
        source_ip: null,
        destination_ip: FLOOD_TARGET,
        destination_port: 80,
      },
    ]);
    expect(alerts[0]?.packet_count).toBeGreaterThan(0.95 * PACKETS);
    expect(alerts[0]?.evidence[0]?.numbers.sources).toBeGreaterThan(1_000);
  });

  it('does not push out the connections that were there before', () => {
    expect(flows).toHaveLength(CLIENTS);
    expect(flows.filter(({ endReason }) => endReason === 'evicted')).toEqual([]);
    // What they sent during the flood belongs to them still.
    expect(flows.filter(({ packetsFwd }) => packetsFwd === 4)).toHaveLength(CLIENTS);
  });

  it('stays within the caps, and counts what did not fit', () => {
    expect(counts.packets).toBe(PACKETS + 5 * CLIENTS);
    expect(mostFlowsAtOnce).toBeLessThan(CAPS.maxFlows + 4 * CLIENTS + 1);
    expect(counts.evictions.flows).toBeGreaterThan(PACKETS - 2 * CAPS.maxFlows);
    expect(counts.evictions.windowEntities).toBeGreaterThan(0);
    expect(counts.latePackets).toBe(0);
  });
});
