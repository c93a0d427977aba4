import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from './hex-frame.suite.ts';
import { TcpFlag, TcpHeader } from './tcp.ts';

/** SYN 51000 -> 443, seq 1, window 64240, one option (MSS 1460). */
const SYN = viewOf('c738 01bb 00000001 00000000 60 02 faf0 0000 0000 020405b4');

describe('TcpHeader', () => {
  it('reads a SYN in place', () => {
    const tcp = new TcpHeader();
    expect(tcp.at(SYN, 0, SYN.byteLength)).toBe(true);
    expect([tcp.srcPort, tcp.dstPort, tcp.seq, tcp.window]).toEqual([51000, 443, 1, 64240]);
    expect(tcp.flags).toBe(TcpFlag.SYN);
    expect(tcp.payloadStart).toBe(24);
  });

  it('rejects a segment cut short inside its fixed header', () => {
    expect(new TcpHeader().at(SYN, 0, 19)).toBe(false);
  });

  it('says where options would end that were cut short', () => {
    const tcp = new TcpHeader();
    expect(tcp.at(SYN, 0, 22)).toBe(true);
    expect(tcp.payloadStart).toBe(24);
  });

  it('never throws, whatever the bytes', () => {
    const tcp = new TcpHeader();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), (bytes, start) => {
        const view = new DataView(bytes.buffer);
        if (tcp.at(view, start, view.byteLength)) {
          expect(tcp.headerBytes).toBeLessThanOrEqual(60);
          expect(tcp.window + tcp.seq + tcp.ack + tcp.flags).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });
});
