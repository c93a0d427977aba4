import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './hex-frame.suite.ts';
import { isIcmpError, readQuote } from './icmp-quote.ts';
import { Span } from './span.ts';

const IPV4 = '45 00 001c 0001 0000 40 11 0000 c0000201 c6336402';
const IPV6 = `60000000 0010 11 40 ${'20010db8'}${'00'.repeat(11)}01 ${'20010db8'}${'00'.repeat(11)}02`;
const PORTS = 'c738 0035 0008 0000';

describe('what an ICMP error quotes', () => {
  it('is read with its ports', () => {
    expect(quoteOf(`${IPV4} ${PORTS}`, false)).toEqual({
      src: '192.0.2.1',
      dst: '198.51.100.2',
      protocol: 17,
      src_port: 51_000,
      dst_port: 53,
    });
    expect(quoteOf(`${IPV6} ${PORTS}`, true)).toEqual({
      src: '2001:db8::1',
      dst: '2001:db8::2',
      protocol: 17,
      src_port: 51_000,
      dst_port: 53,
    });
  });

  it('has ports behind IPv6 extension headers', () => {
    const hex = IPV6.replace('0010 11 40', '0010 3c 40');
    expect(quoteOf(`${hex} 1100010400000000 ${PORTS}`, true)).toMatchObject({
      protocol: 17,
      dst_port: 53,
    });
  });

  it.each([
    ['the ports are cut', `${IPV4} c738 00`],
    ['it is a later fragment', `${IPV4.replace('0001 0000 40', '0001 0010 40')} ${PORTS}`],
    ['the protocol has none', `${IPV4.replace('40 11', '40 01')} ${PORTS}`],
  ])('has no ports where %s', (_, hex) => {
    expect(quoteOf(hex, false)).not.toHaveProperty('src_port');
  });

  it('is nothing where the header is not whole or of another version', () => {
    for (let length = 0; length < 20; length++)
      expect(readQuote(spanOf(bytesOf(IPV4).subarray(0, length)), false)).toBe(null);
    expect(readQuote(spanOf(bytesOf(`${IPV6} ${PORTS}`)), false)).toBe(null);
    expect(readQuote(spanOf(bytesOf(`${IPV4} ${'00'.repeat(40)}`)), true)).toBe(null);
  });

  it('is JSON, whatever the bytes', () => {
    const head = fc.constantFrom(0x45, 0x46, 0x4f, 0x60);
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (first, tail, isV6) => {
        const json = readQuote(spanOf(Uint8Array.from([first, ...tail])), isV6);
        if (json !== null) expect(JSON.parse(json)).toHaveProperty('quoted.protocol');
      }),
    );
  });

  it('is quoted by errors only', () => {
    expect([3, 4, 5, 11, 12].every((type) => isIcmpError(type, false))).toBe(true);
    expect([0, 8, 13].some((type) => isIcmpError(type, false))).toBe(false);
    expect([1, 2, 3, 4].every((type) => isIcmpError(type, true))).toBe(true);
    expect([0, 128, 135].some((type) => isIcmpError(type, true))).toBe(false);
  });
});

function quoteOf(hex: string, isV6: boolean): unknown {
  return (JSON.parse(readQuote(spanOf(bytesOf(hex)), isV6) ?? '{}') as { quoted?: unknown }).quoted;
}

/** Nothing stands behind the bytes, so that reading beyond them throws. */
function spanOf(bytes: Uint8Array): Span {
  const span = new Span();
  span.bytes = Uint8Array.from(bytes);
  span.view = new DataView(span.bytes.buffer);
  span.end = bytes.length;
  span.wireEnd = bytes.length;
  return span;
}
