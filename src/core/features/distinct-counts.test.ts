/** Distinct counts: exact to the limit, within the stated error above it, and less complete where the table is full. */
import { expect, it } from 'vitest';
import { mix32 } from '../flows/flow-hash.ts';
import { DistinctCounts, EXACT_LIMIT } from './distinct-counts.ts';
import { NETWORK_ROW } from './entity-table.ts';
import { SKETCH_ERROR } from './hyper-log-log.ts';
import { Fact, WindowCounts } from './window-counts.ts';
import { featureOf, rowOf, runPackets } from './window-rows.suite.ts';

const IN_A_ROW = (set: number, i: number) => (set * 0x1000000 + 0x0a000000 + i) >>> 0;
const SCATTERED = (set: number, i: number) => mix32(i + set * 7_919_773);

function counted(values: number, valueAt: (i: number) => number): number {
  const rows = new WindowCounts();
  rows.grow(1);
  const distinct = new DistinctCounts(65_536, 3);
  for (let i = 0; i < values; i++) distinct.note(rows, NETWORK_ROW, Fact.SRC_IP, valueAt(i), 0, 0);
  return distinct.count(rows, NETWORK_ROW, Fact.SRC_IP);
}

it('is exact up to the limit', () => {
  for (const values of [0, 1, 1000, EXACT_LIMIT])
    expect(counted(values, (i) => IN_A_ROW(0, i))).toBe(values);
});

it('is within the stated errors above it, addresses in a row as well as scattered ones', () => {
  const errors: number[] = [];
  for (const valueAt of [IN_A_ROW, SCATTERED])
    for (const values of [4097, 6000, 8192, 10_240, 13_000, 20_000, 50_000, 150_000])
      for (let set = 0; set < 20; set++)
        errors.push(counted(values, (i) => valueAt(set, i)) / values - 1);
  expect(Math.max(...errors.map(Math.abs))).toBeLessThan(SKETCH_ERROR.tested);
  const squares = errors.reduce((sum, error) => sum + error * error, 0);
  expect(Math.sqrt(squares / errors.length)).toBeLessThan(SKETCH_ERROR.standard);
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  expect(Math.abs(mean)).toBeLessThan(0.003);
}, 60_000);

const probes = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    t: 1000 + i / 1000,
    src: '10.0.0.1',
    dst: '192.0.2.1',
    dport: i + 1,
    flags: 'S',
  }));

it('lowers the completeness where values found no room', () => {
  const { rows, windows } = runPackets(probes(100), { maxFacts: 50 });
  expect(featureOf(rowOf(rows, 'network'), 'unique_dst_ports')).toBeLessThan(100);
  expect(rowOf(rows, 'network').completeness).toBeLessThan(0.6);
  expect(windows.counters.factOverflow).toBeGreaterThan(0);
});

it('lowers it too where connections found no room', () => {
  const { rows } = runPackets(probes(100), { maxConnections: 40 });
  expect(featureOf(rowOf(rows, 'network'), 'half_open_count')).toBe(40);
  expect(rowOf(rows, 'network').completeness).toBeCloseTo(100 / 160);
});
