import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { AppRow, MAX_DETAIL_CHARS } from './app-row.ts';
import { DetailObject } from './detail-object.ts';

describe('DetailObject', () => {
  it('writes fields in their order', () => {
    const json = written((detail) => {
      detail.number('version', 2);
      detail.text('name', 'a "b" \\ \n');
      detail.json('list', '[1,2]');
    });
    expect(json).toBe('{"version":2,"name":"a \\"b\\" \\\\ \\n","list":[1,2]}');
  });

  it('writes nothing where there is nothing to tell, and begins anew', () => {
    expect(written(() => undefined)).toBe(null);
    const again = written((detail) => {
      detail.text('old', 'x');
      detail.cut();
      detail.begin();
      detail.number('new', 1);
    });
    expect(again).toBe('{"new":1}');
  });

  it('leaves out what does not fit, and says so', () => {
    const json = written((detail) => {
      detail.text('long', 'x'.repeat(MAX_DETAIL_CHARS - 30));
      detail.text('longer', 'y'.repeat(20));
    });
    expect(JSON.parse(json ?? '')).toEqual({ long: 'x'.repeat(MAX_DETAIL_CHARS - 30), cut: true });
  });

  it('is JSON within bounds, whatever the texts', () => {
    const text = fc.string({ maxLength: 900, unit: 'binary' });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (texts) => {
        const json = written((detail) => {
          for (const [i, value] of texts.entries()) detail.text(`t${i}`, value);
        });
        expect(json?.length ?? 0).toBeLessThanOrEqual(MAX_DETAIL_CHARS);
        const told = JSON.parse(json ?? '{}') as Record<string, unknown>;
        for (const [i, value] of texts.entries())
          if (`t${i}` in told) expect(told[`t${i}`]).toBe(value);
          else expect(told.cut).toBe(true);
      }),
    );
  });
});

function written(fill: (detail: DetailObject) => void): string | null {
  const row = new AppRow();
  row.batch = new PacketBatch(1);
  row.row = row.batch.addRow(0, 0);
  const detail = new DetailObject();
  detail.begin();
  fill(detail);
  detail.putInto(row);
  return row.batch.appDetail.get(row.row);
}
