import { readFileSync } from 'node:fs';
import { tableFromIPC } from '@uwdata/flechette';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberArray } from '../contract/number-array.ts';
import { PacketBatch, type TextColumn } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import { decodeBatch, encodeBatch } from './batch-codec.ts';
import { BATCH_COLUMNS } from './batch-columns.ts';

const META = { sensorId: 'sensor-1', epoch: 'epoch-a', sequence: 7 };

/** Rows that a decoder of packets could have written: every null rule and every bound is met. */
const rowArbitrary = fc.record({
  ts: fc.integer({ min: 0, max: 2 ** 52 }),
  length: fc.nat(2 ** 31 - 1),
  version: fc.constantFrom(0, 4, 6),
  words: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 8, maxLength: 8 }),
  nulls: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  numbers: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
  texts: fc.infiniteStream(fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }))),
});

type Row = typeof rowArbitrary extends fc.Arbitrary<infer T> ? T : never;

function addRow(batch: PacketBatch, row: Row): void {
  const at = batch.addRow(row.ts, row.length);
  const numbers = row.numbers[Symbol.iterator]();
  const texts = row.texts[Symbol.iterator]();
  let bit = 0n;
  const isNull = () => ((row.nulls >> bit++) & 1n) === 1n;
  batch.ipVersion[at] = row.version;
  if (row.version === 6) {
    batch.src.set(row.words.slice(0, 4), 4 * at);
    batch.dst.set(row.words.slice(4), 4 * at);
  } else if (row.version === 4) {
    batch.src.set([0, 0, 0xffff, row.words[0]!], 4 * at);
    batch.dst.set([0, 0, 0xffff, row.words[4]!], 4 * at);
  }
  for (const column of BATCH_COLUMNS) {
    if (column.kind === 'text') {
      column.column(batch).set(at, texts.next().value ?? null);
    } else if (column.nullValue !== undefined && column.name !== 'ip_version') {
      if (isNull()) continue;
      const value = numbers.next().value ?? 0;
      column.array(batch)[at] =
        column.kind === 'float32' ? 8 * value : Math.floor(value * (column.max + 1));
    }
  }
  // Columns that belong to a header stay 0 where there is none.
  if (batch.tcpFlags[at]! >= 0) {
    batch.seq[at] = row.words[1]!;
    batch.ack[at] = row.words[2]!;
    batch.tcpWindow[at] = row.words[3]! & 0xffff;
  }
  if (batch.arpOp[at]! >= 0) {
    batch.arpPsrc[at] = row.words[5]!;
    batch.arpPdst[at] = row.words[6]!;
  }
  batch.protocol[at] = row.words[7]! % 6;
  batch.appEvents[at] = row.words[1]! & 0xffff;
}

function cells(batch: PacketBatch): unknown[] {
  const rows = batch.length;
  return BATCH_COLUMNS.map((column) => {
    if (column.kind === 'text') return textsOf(column.column(batch), rows);
    const array: NumberArray = column.array(batch);
    return Array.from(array.subarray(0, column.kind === 'fixed16' ? 4 * rows : rows));
  });
}

function textsOf(column: TextColumn, rows: number): (string | null)[] {
  return Array.from({ length: rows }, (_, row) => column.get(row));
}

function sampleBatch(): PacketBatch {
  const batch = new PacketBatch(8);
  for (let row = 0; row < 5; row++) {
    batch.addRow(1_795_202_503_410_000 + row, 60 + row);
    batch.interface.set(row, 'eth0');
  }
  batch.ipVersion[1] = 4;
  batch.src.set([0, 0, 0xffff, 0x0a141e65], 4);
  batch.dst.set([0, 0, 0xffff, 0xc6125169], 4);
  batch.tcpFlags[1] = 0x12;
  batch.srcPort[1] = 443;
  batch.srcMac[1] = 0x02886f639d1c;
  batch.payloadEntropy[1] = 7.5;
  batch.dnsQname.set(2, 'exämple.test');
  batch.kernelDrops = 3;
  return batch;
}

describe('encodeBatch and decodeBatch', () => {
  it('give back every row, null and text as it was', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { maxLength: 40 }), fc.nat(), (rows, drops) => {
        const batch = new PacketBatch(rows.length + 3);
        for (const row of rows) addRow(batch, row);
        batch.kernelDrops = drops;
        const decoded = decodeBatch(encodeBatch(batch, META));
        expect(decoded.meta).toEqual(META);
        expect(decoded.batch.kernelDrops).toBe(drops);
        expect(cells(decoded.batch)).toEqual(cells(batch));
      }),
      { numRuns: 60 },
    );
  });

  it('give back an empty batch', () => {
    const { batch } = decodeBatch(encodeBatch(new PacketBatch(4), META));
    expect(batch.length).toBe(0);
  });

  it('leave the encoded batch free to be cleared and filled again', () => {
    const batch = sampleBatch();
    const bytes = encodeBatch(batch, META);
    batch.clear();
    batch.addRow(1, 1);
    expect(cells(decodeBatch(bytes).batch)).toEqual(cells(sampleBatch()));
  });

  it('are readable for another Arrow reader: types, nulls, texts, metadata', () => {
    const table = tableFromIPC(encodeBatch(sampleBatch(), META));
    expect(table.numRows).toBe(5);
    expect(Object.fromEntries(table.schema.metadata ?? [])).toEqual({
      format_version: '2',
      sensor_id: 'sensor-1',
      epoch: 'epoch-a',
      sequence: '7',
      kernel_drops: '3',
    });
    // The reader gives timestamps in milliseconds.
    expect(table.getChild('ts_micros')?.at(1)).toBeCloseTo(1_795_202_503_410.001, 3);
    const source = table.getChild('src');
    expect(source?.at(0)).toBeNull();
    const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 20, 30, 101];
    expect([...(source?.at(1) ?? [])]).toEqual(mapped);
    expect(table.getChild('src_port')?.toArray()).toEqual([null, 443, null, null, null]);
    expect(table.getChild('src_mac')?.at(1)).toBe(0x02886f639d1c);
    expect(table.getChild('dns_qname')?.at(2)).toBe('exämple.test');
    expect(table.getChild('interface')?.toArray()).toEqual(Array(5).fill('eth0'));
    expect(table.getChild('payload_entropy')?.at(0)).toBeNull();
  });
});

describe('decodeBatch on bytes nobody vouches for', () => {
  const good = encodeBatch(sampleBatch(), META);

  function whatIsWrong(bytes: Uint8Array, options = {}): string {
    try {
      decodeBatch(bytes, options);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      expect((error as AppError).code).toBe('input_invalid');
      return (error as AppError).message;
    }
    throw new Error('it was accepted');
  }

  it('refuses what is not a stream', () => {
    expect(whatIsWrong(new Uint8Array(0))).toContain('no record batch');
    expect(whatIsWrong(Buffer.from('{"not":"arrow"}.........'))).toContain('no marker');
  });

  it('refuses a stream cut short anywhere before its end mark', () => {
    for (let length = 0; length < good.length - 8; length += 7) {
      expect(whatIsWrong(good.subarray(0, length))).toMatch(/^Cannot read the packet batch: /);
    }
  });

  it('never fails but with input_invalid, whatever is changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeBatch(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'input_invalid' });
          }
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('refuses more rows than allowed', () => {
    expect(whatIsWrong(good, { maxRows: 4 })).toContain('5 rows, more than the 4 allowed');
  });

  it('refuses bodies that grow past the bound, before they do', () => {
    expect(whatIsWrong(good, { maxBytes: 100 })).toContain('larger than allowed');
    expect(whatIsWrong(good, { maxBytes: 300 })).toContain('larger than allowed');
  });

  it('refuses values outside their column', () => {
    const batch = sampleBatch();
    batch.srcPort[1] = 70_000;
    expect(whatIsWrong(encodeBatch(batch, META))).toContain('row 1 of src_port holds 70000');
    batch.srcPort[1] = 1;
    batch.protocol[4] = 9;
    expect(whatIsWrong(encodeBatch(batch, META))).toContain('row 4 of protocol holds 9');
    batch.protocol[4] = 0;
    batch.src[4] = 1;
    expect(whatIsWrong(encodeBatch(batch, META))).toContain('row 1 has no valid address');
  });

  it('refuses a sensor id that is none', () => {
    const bytes = encodeBatch(sampleBatch(), { ...META, sensorId: 'a b' });
    expect(whatIsWrong(bytes)).toContain('sensor_id');
  });
});

it('keeps the catalogue in step with the batch: every column of the batch is there once', () => {
  const source = readFileSync(new URL('../contract/packet-batch.ts', import.meta.url), 'utf8');
  const declared = [
    ...source.matchAll(/^ {2}readonly (\w+): (?:TextColumn|(?!Number)\w+Array);$/gm),
  ].length;
  // `codes` of the text column is declared the same way.
  expect(BATCH_COLUMNS.length).toBe(declared - 1);
  expect(new Set(BATCH_COLUMNS.map(({ name }) => name)).size).toBe(BATCH_COLUMNS.length);
});
