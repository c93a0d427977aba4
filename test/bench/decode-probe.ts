/**
 * Packets per second of CPU time (so that a busy machine does not count) of the decoder alone, on frames
 * that already lie in memory:
 * `node test/bench/decode-probe.ts CAPTURE [passes]`. The first passes warm up; read the last.
 */
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';

const MAX_FRAMES = 1_000_000;
const MAX_BYTES = 512 * 1024 * 1024;
const BATCH_ROWS = 4096;

const [path = '', passes = '6'] = process.argv.slice(2);
const bytes = new Uint8Array(MAX_BYTES);
const frame = {
  ...{ view: new DataView(bytes.buffer), bytes, start: 0, end: 0 },
  ...{ wireLength: 0, tsMicros: 0, linkType: 0, interface: 'probe' },
};
const starts: number[] = [];
const wireLengths: number[] = [];
let end = 0;

const full = new AbortController();
const source = await openCapture(path);
await source.run(
  ({ bytes: from, start, end: to, wireLength, linkType }) => {
    if (starts.length === MAX_FRAMES || end + to - start > MAX_BYTES) {
      full.abort();
      return;
    }
    bytes.set(from.subarray(start, to), end);
    starts.push(end);
    wireLengths.push(wireLength);
    frame.linkType = linkType;
    end += to - start;
  },
  { signal: full.signal },
);
starts.push(end);

const decoder = new PacketDecoder();
const batch = new PacketBatch(BATCH_ROWS);
for (let pass = 0; pass < Number(passes); pass++) {
  const before = process.cpuUsage();
  for (let i = 0; i < wireLengths.length; i++) {
    if (batch.isFull) batch.clear();
    frame.start = starts[i] ?? 0;
    frame.end = starts[i + 1] ?? 0;
    frame.wireLength = wireLengths[i] ?? 0;
    decoder.decode(frame, batch);
  }
  const { user } = process.cpuUsage(before);
  const perSecond = (wireLengths.length / user) * 1e6;
  process.stdout.write(
    `${wireLengths.length} frames, ${Math.round(perSecond)} packets per CPU second\n`,
  );
}
