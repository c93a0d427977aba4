/**
 * What a person gets out of it: on labelled traffic every kind of attack is found with the right source
 * and target, and ordinary traffic raises nothing. The bundled demo always; the whole recordings and the
 * home devices where they are present.
 */
import { existsSync, globSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadJudge } from '../src/app/model.ts';
import { summarize } from '../src/cli/analyze.ts';
import { Analysis } from '../src/core/engine/analysis.ts';
import { evaluate } from '../src/workshop/evaluate.ts';
import { ALL_BENIGN, readLabels } from '../src/workshop/labels.ts';

/** The kinds that have a detector. */
const DETECTED = [
  'SYN_Flood',
  'UDP_Flood',
  'ICMP_Flood',
  'Amplification',
  'HTTP_Flood',
  'Port_Scan',
  'Brute_Force',
  'ARP_Spoof',
  'DNS_Tunnel',
  'Slowloris',
  'SQL_Injection',
  'Web_Scan',
  'C2_Beacon',
  'Exfiltration',
];
const LAB = '../shared/data/lab';
const HOMES = '../shared/data/benign/iot-sentinel';

async function judge(capture: string, labelsPath: string | null, isWithModels: boolean) {
  const models = isWithModels ? loadJudge(null).judge : null;
  const summary = await summarize(capture, new Analysis({ sensorId: 'test', judge: models }));
  return {
    summary,
    evaluation: evaluate(summary.alerts, labelsPath ? readLabels(labelsPath) : ALL_BENIGN, summary),
  };
}

async function expectEveryKindFound(capture: string, labels: string, isWithModels: boolean) {
  const { evaluation } = await judge(capture, labels, isWithModels);
  for (const kind of DETECTED) {
    const score = evaluation.kinds.find((each) => each.kind === kind);
    expect({ kind, recall: score?.recall, false: score?.false }).toEqual({
      kind,
      recall: 1,
      false: 0,
    });
  }
  expect(evaluation.falseAlerts).toEqual([]);
}

describe('detection on labelled traffic', () => {
  it('finds every kind in the demo, detectors alone', () =>
    expectEveryKindFound('demo/demo.pcap.zst', 'demo/labels.csv', false));

  it('finds every kind in the demo with the models that ship, and explains', async () => {
    await expectEveryKindFound('demo/demo.pcap.zst', 'demo/labels.csv', true);
    const { summary } = await judge('demo/demo.pcap.zst', 'demo/labels.csv', true);
    const explained = summary.alerts.filter(
      ({ explanation, model }) => explanation.length > 0 && model !== null,
    );
    expect(explained.length).toBeGreaterThan(summary.alerts.length * 0.8);
  });

  it.skipIf(!existsSync(LAB))(`finds every kind in the whole recording (needs ${LAB})`, () =>
    expectEveryKindFound(`${LAB}/train/train.pcap.zst`, `${LAB}/train/labels.csv`, true),
  );

  it.skipIf(!existsSync(LAB))(
    `raises nothing on the recording without attack (needs ${LAB})`,
    async () => {
      const { summary } = await judge(`${LAB}/benign/benign.pcap.zst`, null, true);
      expect(summary.packets).toBeGreaterThan(300_000);
      expect(summary.alerts).toEqual([]);
    },
  );

  it.skipIf(!existsSync(HOMES))(
    `raises nothing on home devices (needs ${HOMES})`,
    async () => {
      const captures = globSync(`${HOMES}/**/*.pcap`);
      expect(captures.length).toBeGreaterThan(200);
      const alerts = [];
      for (const capture of captures)
        alerts.push(...(await judge(capture, null, true)).summary.alerts);
      expect(alerts.map(({ description }) => description)).toEqual([]);
    },
    120_000,
  );
});
