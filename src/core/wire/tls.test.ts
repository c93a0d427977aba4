import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, bytesOf, viewOf } from './hex-frame.suite.ts';
import { TlsHello } from './tls.ts';

const RANDOM = '11'.repeat(32);
/** No session id, one cipher suite, no compression, an empty extension, then the server name. */
const CLIENT_HELLO = `16 0301 0055 01 000051 0303 ${RANDOM} 00 0002 1301 01 00 0018 0017 0000 0000 0010 000e 00 000b ${ascii('example.com')}`;

describe('TlsHello', () => {
  it('reads the server name of a client', () => {
    expect(sniOf(CLIENT_HELLO)).toBe('example.com');
  });

  it('tells the hello of a server', () => {
    const tls = new TlsHello();
    const view = viewOf('16 0303 0004 02 000000');
    expect([tls.at(view, 0, view.byteLength), tls.isClient]).toEqual([true, false]);
  });

  it('reads no name from a hello cut anywhere before its end', () => {
    const bytes = bytesOf(CLIENT_HELLO);
    const tls = new TlsHello();
    for (let end = 9; end < bytes.length; end++) {
      expect(tls.at(new DataView(bytes.buffer), 0, end)).toBe(true);
      expect(tls.sniStart).toBe(-1);
    }
  });

  it.each(['15 0303 0002 0128', '16 0203 0004 01 000000', '16 0303 0004 0b 000000', '16 0303'])(
    'is no hello: %s',
    (hex) => {
      const view = viewOf(hex);
      expect(new TlsHello().at(view, 0, view.byteLength)).toBe(false);
    },
  );

  it('never throws and never points outside, whatever the bytes', () => {
    const tls = new TlsHello();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        const bytes = Uint8Array.from([...bytesOf('16 0301 00ff 01 0000fb'), ...tail]);
        expect(tls.at(new DataView(bytes.buffer), 0, bytes.length)).toBe(true);
        expect(tls.sniStart < 0 || tls.sniEnd <= bytes.length).toBe(true);
      }),
    );
  });
});

function sniOf(hex: string): string | null {
  const view = viewOf(hex);
  const tls = new TlsHello();
  expect(tls.at(view, 0, view.byteLength)).toBe(true);
  if (tls.sniStart < 0) return null;
  return String.fromCharCode(
    ...new Uint8Array(view.buffer, tls.sniStart, tls.sniEnd - tls.sniStart),
  );
}
