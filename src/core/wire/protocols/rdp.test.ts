import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii, bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { rdp } from './rdp.ts';

const COOKIE = `${ascii('Cookie: mstshash=bob')} 0d0a`;
const REQUEST = x224('e0', `${COOKIE} 01 00 0800 0b000000`);
const CONFIRM = x224('d0', '02 1f 0800 02000000');
const FAILURE = x224('d0', '03 00 0800 05000000');
const BARE = x224('e0', '');
const elsewhere = { dstPort: 40_000 };

describe('RDP', () => {
  it.each([
    [REQUEST, { message: 'request', user: 'bob', protocols: ['ssl', 'hybrid', 'hybrid_ex'] }],
    [x224('e0', '01 00 0800 00000000'), { message: 'request', protocols: ['rdp'] }],
    [x224('e0', `${ascii('Cookie: msts=1.2.3')} 0d0a`), { message: 'request' }],
    [CONFIRM, { message: 'confirm', protocol: 'hybrid' }],
    [FAILURE, { message: 'confirm', failure: 5 }],
  ])('reads %s on any port', (hex, detail) => {
    expect(readPayload(rdp, hex, elsewhere).detail).toEqual(detail);
  });

  it('takes a request that says nothing on its port only', () => {
    expect(readPayload(rdp, BARE, { dstPort: 3389 }).detail).toEqual({ message: 'request' });
    expect(readPayload(rdp, BARE, elsewhere).answer).toBe(NOT_MINE);
  });

  it('waits for the rest of a request', () => {
    const bytes = bytesOf(REQUEST);
    const { answer, detail } = readPayload(rdp, bytes.subarray(0, 30), { isLast: false });
    expect([answer, detail]).toEqual([bytes.length, null]);
  });

  it.each([
    ['S7 over COTP', x224('e0', 'c0010a c1020100 c2020102')],
    ['data', x224('f0', '01 00 0800 00000000')],
    ['a wrong length', REQUEST.replace('0300 00', '0300 01')],
    ['a short header', '0300 000b'],
  ])('does not take %s', (_, hex) => {
    expect(readPayload(rdp, hex, elsewhere)).toMatchObject({ answer: NOT_MINE, detail: null });
  });
});

appReaderSuite(rdp, [REQUEST, CONFIRM, FAILURE]);

function x224(code: string, rest: string): string {
  const bytes = 11 + bytesOf(rest).length;
  const length = bytes.toString(16).padStart(4, '0');
  return `0300 ${length} ${(bytes - 5).toString(16).padStart(2, '0')} ${code} 0000 0000 00 ${rest}`;
}
