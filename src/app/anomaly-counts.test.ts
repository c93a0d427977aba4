import { expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import { countAnomalies } from './anomaly-counts.ts';

it('counts packets by the name of their anomaly, and unknown names together', () => {
  const batch = new PacketBatch(6);
  const names = ['land', null, 'land', 'bad_arp', 'made up', 'also made up'];
  for (const name of names) batch.anomaly.set(batch.addRow(1, 60), name);
  expect([...countAnomalies(batch)]).toEqual([
    ['land', 2],
    ['bad_arp', 1],
    ['other', 2],
  ]);
  batch.clear();
  batch.addRow(1, 60);
  expect(countAnomalies(batch).size).toBe(0);
});
