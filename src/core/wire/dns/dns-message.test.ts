import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, viewOf } from '../hex-frame.suite.ts';
import { DnsMessage } from './dns-message.ts';

const QUERY = `1234 0100 0001 0000 0000 0000 07 ${ascii('Example')} 03 ${ascii('COM')} 00 0010 0001`;

describe('DnsMessage', () => {
  it('reads the first question, lower case, without trailing dot', () => {
    const { dns, name } = read(QUERY);
    expect([name, dns.qtype, dns.isResponse, dns.isMalformed]).toEqual([
      'example.com',
      16,
      false,
      false,
    ]);
  });

  it('reads the counts of a response', () => {
    const { dns } = read(QUERY.replace('0100 0001 0000', '8180 0001 0003'));
    expect([dns.isResponse, dns.answerCount]).toEqual([true, 3]);
  });

  it('reads the root as the empty name', () => {
    expect(read('1234 0100 0001 0000 0000 0000 00 0002 0001').name).toBe('');
  });

  it('spells bytes that are not printable, and dots inside labels', () => {
    const { name } = read('1234 0100 0001 0000 0000 0000 04 61 2e 00 ff 00 0001 0001');
    expect(name).toBe('a\\.\\000\\255');
  });

  it('follows a pointer backwards', () => {
    // The question's second label points into the header's bytes "03 ..." at offset 4: one label of length 0.
    const { name, dns } = read('1234 0100 0001 0000 0000 0000 01 61 c004 0001 0001');
    expect([name, dns.qtype]).toEqual(['a', 1]);
  });

  it.each([
    ['a pointer to itself', '1234 0100 0001 0000 0000 0000 c00c 0001 0001'],
    ['a pointer forward', '1234 0100 0001 0000 0000 0000 c00e 00 0001 0001'],
    ['a label beyond the end', '1234 0100 0001 0000 0000 0000 3f 6161 00 0001'],
    ['an extended label', '1234 0100 0001 0000 0000 0000 41 6161 00 0001 0001'],
    ['a type cut short', '1234 0100 0001 0000 0000 0000 01 61 00 00'],
    ['no question where one is promised', '1234 0100 0001 0000 0000 0000'],
    [
      'a name of more than 255 bytes',
      `1234 0100 0001 0000 0000 0000 ${`3f${'61'.repeat(63)}`.repeat(4)} 00 0001 0001`,
    ],
  ])('names %s malformed', (_, hex) => {
    const { dns, name } = read(hex);
    expect([name, dns.qtype, dns.isMalformed]).toEqual([null, -1, true]);
  });

  it('does not call malformed what the capture cut', () => {
    const view = viewOf(QUERY);
    const dns = new DnsMessage();
    expect(dns.at(view, 0, 20, view.byteLength)).toBe(true);
    expect([dns.name.length, dns.isMalformed]).toEqual([-1, false]);
  });

  it('never throws, whatever the bytes', () => {
    const dns = new DnsMessage();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (tail) => {
        const bytes = Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...tail]);
        expect(dns.at(new DataView(bytes.buffer), 0, bytes.length, bytes.length)).toBe(true);
        expect(dns.name.length).toBeLessThanOrEqual(dns.name.bytes.length);
      }),
    );
  });
});

function read(hex: string): { dns: DnsMessage; name: string | null } {
  const view = viewOf(hex);
  const dns = new DnsMessage();
  expect(dns.at(view, 0, view.byteLength, view.byteLength)).toBe(true);
  const name =
    dns.name.length < 0
      ? null
      : String.fromCharCode(...dns.name.bytes.subarray(0, dns.name.length));
  return { dns, name };
}
