/**
 * Published captures by three shards: flows, windows and alerts as by one analysis. They have what made captures
 * seldom have: fragments, tunnels, packets out of order and with broken times.
 *
 * CI takes a fixed share of them; all of them: `PHANTOMNET_SHARDS=all npx vitest run test/shards.test.ts`.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCapture } from '../src/capture/open-capture.ts';
import type { AnalysisOutput } from '../src/contract/analysis.ts';
import { PacketBatch } from '../src/contract/packet-batch.ts';
import { STEP_MICROS, TICK_MICROS } from '../src/core/detection/detector.ts';
import { Analysis } from '../src/core/engine/analysis.ts';
import { PART_MICROS, WindowAggregator } from '../src/core/features/window-aggregator.ts';
import { SWEEP_MICROS } from '../src/core/flows/flow-table.ts';
import { FrameDispatch, type Round, TOLD_MICROS } from '../src/core/shards/frame-dispatch.ts';
import { RoundMerge } from '../src/core/shards/round-merge.ts';
import { Shard } from '../src/core/shards/shard.ts';
import { PacketDecoder } from '../src/core/wire/decoder.ts';
import type { WireFrame } from '../src/core/wire/frame.ts';
import { frameOf, ipv4Frame, tcp, udp } from '../src/core/wire/hex-frame.suite.ts';
import { AppError } from '../src/errors.ts';

const DATA = resolve('../shared/data/decode');
const isThere = existsSync(DATA);
const reason = isThere ? '' : ` (skipped: ${DATA} is not there)`;
const SHARDS = 3;
const EVERY = process.env.PHANTOMNET_SHARDS === 'all' ? 1 : 8;
const MAX_BYTES = 3e6;
const OPTIONS = { sensorId: 's', judge: null };

interface Run {
  push(frame: WireFrame): void;
  end(): Found;
}

interface Found {
  readonly flows: string[];
  readonly windows: string[];
  readonly alerts: string[];
}

describe.skipIf(!isThere)(`an analysis by shards${reason}`, () => {
  it('finds in every capture what one analysis finds', async () => {
    let flows = 0;
    let compared = 0;
    for (const file of captures()) {
      const one = alone();
      const many = shared();
      if (!(await readInto(file, [one, many]))) continue;
      const expected = one.end();
      expect({ file, ...many.end() }).toEqual({ file, ...expected });
      flows += expected.flows.length;
      compared++;
    }
    expect(compared).toBeGreaterThan(1600 / EVERY);
    expect(flows).toBeGreaterThan(8000 / EVERY);
  }, 600_000);
});

it('an analysis by shards finds what one finds where packets come late, out of order and with broken times', () => {
  const one = alone();
  const many = shared();
  for (const frame of unruly(6_000)) {
    one.push(frame);
    many.push(frame);
  }
  const expected = one.end();
  expect(expected.windows.join().match(/"completeness":0/g)?.length).toBeGreaterThan(50);
  expect(
    expected.flows.filter((flow) => flow.includes('"endReason":"idle"')).length,
  ).toBeGreaterThan(50);
  expect(many.end()).toEqual(expected);
});

/** Datagrams of one host and TCP segments of another to forty; every fourth is older than those before it, some by minutes. */
function* unruly(packets: number): Generator<WireFrame> {
  let seed = 7;
  const below = (limit: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let packet = 0; packet < packets; packet++) {
    const dst = `c63364${(below(40) + 10).toString(16).padStart(2, '0')}`;
    const back = below(4) === 0 ? below(below(5) === 0 ? 200_000_000 : 20_000_000) : 0;
    const broken = below(500) === 0 ? 3e15 : 0;
    const hex = below(2) ? ipv4Frame(17, udp('00'), { dst }) : ipv4Frame(6, tcp('02'), { dst });
    const tsMicros = 1_700_000_000_000_000 + packet * 50_000 - back + broken;
    yield frameOf(hex, { tsMicros });
  }
}

it('is told the time often enough for all that ends by time', () => {
  const { latenessMicros } = new WindowAggregator({ sensorId: 's', onRow: () => {} });
  for (const micros of [SWEEP_MICROS, TICK_MICROS, STEP_MICROS, PART_MICROS, latenessMicros])
    expect(micros % TOLD_MICROS).toBe(0);
});

function alone(): Run {
  const analysis = new Analysis(OPTIONS);
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(512);
  const { take, found } = gather();
  const flush = () => {
    analysis.push(batch);
    batch.clear();
    take(analysis.take());
  };
  return {
    push(frame) {
      if (batch.isFull) flush();
      decoder.decode(frame, batch);
    },
    end() {
      flush();
      analysis.finish();
      take(analysis.take());
      return found();
    },
  };
}

function shared(): Run {
  const dispatch = new FrameDispatch(SHARDS);
  const shards = Array.from({ length: SHARDS }, () => new Shard(OPTIONS));
  const merge = new RoundMerge(OPTIONS, SHARDS);
  const { take, found } = gather();
  const measure = (round: Round | null) => {
    if (round === null) return;
    const measured = shards.map((shard, number) => {
      const share = round.shares[number];
      if (share === undefined) throw new RangeError(`The round has no share ${number}`);
      return shard.measure(share.slot, share.order);
    });
    merge.add(round, measured);
    dispatch.giveBack(round);
    take(merge.take());
  };
  return {
    push: (frame) => measure(dispatch.push(frame)),
    end() {
      measure(dispatch.take());
      if (dispatch.packets > 0) merge.finish(shards.map((shard) => shard.finish()));
      take(merge.take());
      return found();
    },
  };
}

function gather() {
  const flows: string[] = [];
  const windows: string[] = [];
  const alerts = new Map<string, string>();
  return {
    take(output: AnalysisOutput) {
      for (const flow of output.flows) flows.push(JSON.stringify(flow));
      for (const window of output.windows)
        windows.push(JSON.stringify({ ...window, values: [...window.values] }));
      for (const alert of output.alerts) alerts.set(alert.id, JSON.stringify(alert));
    },
    found: (): Found => ({ flows, windows, alerts: [...alerts.values()].sort() }),
  };
}

/** False: nothing that we read. What could be read of a damaged capture counts. */
async function readInto(file: string, runs: readonly Run[]): Promise<boolean> {
  try {
    const source = await openCapture(file);
    await source.run((frame) => {
      for (const run of runs) run.push(frame);
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'capture_damaged';
  }
  return true;
}

function captures(): string[] {
  return readdirSync(DATA, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng|cap|trace)(\.gz|\.zst)?$/.test(name))
    .map((name) => join(DATA, name))
    .filter((file) => statSync(file).size <= MAX_BYTES)
    .sort()
    .filter((_, number) => number % EVERY === 0);
}
