import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgressBar } from './progress-bar.ts';

function terminal(isTTY: boolean, columns = 80) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns });
  return { stream, written: () => String(stream.read() ?? '') };
}

describe('the progress bar', () => {
  it('says how far it is and what comes next, and is gone in the end', () => {
    const { stream, written } = terminal(true);
    const bar = createProgressBar(stream);
    bar.step(1, 2, 'b.pcap');
    expect(written()).toBe('\r\u001b[K[############------------] 1/2 b.pcap');
    bar.say('read b.pcap');
    expect(written()).toBe('\r\u001b[Kread b.pcap\n[############------------] 1/2 b.pcap');
    bar.end();
    expect(written()).toBe('\r\u001b[K');
  });

  it('never wraps', () => {
    const { stream, written } = terminal(true, 40);
    createProgressBar(stream).step(0, 9, 'x'.repeat(200));
    expect(written()).toHaveLength('\r\u001b[K'.length + 39);
  });

  it('draws nothing where nobody looks on, and says what stays', () => {
    const { stream, written } = terminal(false);
    const bar = createProgressBar(stream);
    bar.step(1, 2, 'b.pcap');
    bar.say('read');
    bar.end();
    expect(written()).toBe('read\n');
  });
});
