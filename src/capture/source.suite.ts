/** What every `Source` does, run by each kind with frames it must deliver. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Source } from './source.ts';

export interface SourceFixture {
  readonly source: Source;
  /** What the source must deliver, in this order; at least three, Ethernet. */
  readonly frames: readonly Uint8Array[];
  /** Makes the traffic of a live source, once it runs. Absent: the source ends by itself. */
  readonly send?: () => void;
}

export function sourceSuite(
  name: string,
  make: () => Promise<SourceFixture>,
  isSkipped = false,
): void {
  describe.skipIf(isSkipped)(name, () => {
    it('delivers every frame in order, whole, with its length, time and interface', async () => {
      const fixture = await make();
      const seen: Uint8Array[] = [];
      const times: number[] = [];
      await runToEnd(fixture, (frame) => {
        seen.push(frame.bytes.slice(frame.start, frame.end));
        times.push(frame.tsMicros);
        expect(frame.view.getUint8(frame.start)).toBe(frame.bytes[frame.start]);
        expect(frame.wireLength).toBe(frame.end - frame.start);
        expect(frame.linkType).toBe(1);
        expect(frame.interface).not.toBe('');
      });
      expect(seen.map(hex)).toEqual(fixture.frames.map(hex));
      expect(times.every(Number.isInteger)).toBe(true);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('counts what it delivered', async () => {
      const fixture = await make();
      const { stats } = fixture.source;
      expect(stats).toEqual({ frames: 0, bytes: 0, kernelDrops: 0 });
      await runToEnd(fixture);
      const bytes = fixture.frames.reduce((sum, frame) => sum + frame.length, 0);
      expect(stats).toEqual({ frames: fixture.frames.length, bytes, kernelDrops: 0 });
    });

    it('delivers nothing while a chunk is being dealt with', async () => {
      const fixture = await make();
      let isBusy = false;
      let chunks = 0;
      await runToEnd(
        fixture,
        () => expect(isBusy).toBe(false),
        async () => {
          chunks++;
          isBusy = true;
          await sleep(5);
          isBusy = false;
        },
      );
      expect(chunks).toBeGreaterThan(0);
    });

    it('reuses its memory from frame to frame', async () => {
      const fixture = await make();
      const buffers = new Set<ArrayBufferLike>();
      const objects = new Set<object>();
      await runToEnd(fixture, (frame) => {
        buffers.add(frame.bytes.buffer);
        objects.add(frame);
      });
      expect([buffers.size, objects.size]).toEqual([1, 1]);
    });

    it('stops without an error when it is told to', async () => {
      const { source } = await make();
      await source.run(() => {}, { signal: AbortSignal.abort() });
      expect(source.stats.frames).toBe(0);
    });
  });
}

async function runToEnd(
  { source, frames, send }: SourceFixture,
  onFrame: Parameters<Source['run']>[0] = () => {},
  onChunk: () => Promise<void> = async () => {},
): Promise<void> {
  const stop = new AbortController();
  let isSent = false;
  const deadline = setTimeout(() => stop.abort(), 10_000);
  await source.run(onFrame, {
    signal: stop.signal,
    async onChunk() {
      await onChunk();
      if (send && !isSent) {
        isSent = true;
        send();
      }
      if (send && source.stats.frames >= frames.length) stop.abort();
    },
  });
  clearTimeout(deadline);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
