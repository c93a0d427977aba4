import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { bytesOf } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { smb } from './smb.ts';

const LOGON_FAILURE = '6d0000c0';
const NEGOTIATE_1 = session(`ff534d42 72 00000000 18 ${'00'.repeat(22)} 00 0000`);
const SETUP_1 = session(`ff534d42 73 ${LOGON_FAILURE} 98 ${'00'.repeat(22)} 00 0000`);
const NEGOTIATED_311 = session(`${smb2('0000', '01')} 4100 0100 1103 ${'00'.repeat(58)}`);
const COMPOUND = session(
  `${smb2('0500', '00', '40')} ${smb2('1000', '00', '40')} ${smb2('0600', '00')}`,
);
const ENCRYPTED = session(`fd534d42 ${'00'.repeat(48)}`);

describe('SMB', () => {
  it.each([
    [NEGOTIATE_1, { version: 1, command: 'negotiate' }],
    [SETUP_1, { version: 1, command: 'session_setup_andx', response: true, status: '0xc000006d' }],
    [session(smb2('0300', '00')), { version: 2, command: 'tree_connect' }],
    [
      NEGOTIATED_311,
      { version: 3, command: 'negotiate', response: true, status: '0x00000000', dialect: '3.1.1' },
    ],
    [COMPOUND, { version: 2, command: 'create', compounded: ['query_info', 'close'] }],
    [ENCRYPTED, { version: 3, encrypted: true }],
  ])('reads %s', (hex, detail) => {
    expect(readPayload(smb, hex).detail).toEqual(detail);
  });

  it('waits for the header, and for no more', () => {
    const part = bytesOf(NEGOTIATE_1).subarray(0, 20);
    expect(readPayload(smb, part, { isLast: false })).toMatchObject({ answer: 36, detail: null });
    const longer = NEGOTIATE_1.replace('000023', '00ffff');
    expect(readPayload(smb, longer, { isLast: false }).answer).toBe(0);
  });

  it.each([['00000023 ff534d43'], ['81000044 20'], ['00000000 ff534d42'], ['0000']])(
    'does not take %s',
    (hex) => {
      expect(readPayload(smb, hex)).toMatchObject({ answer: NOT_MINE, detail: null });
    },
  );
});

appReaderSuite(smb, [NEGOTIATE_1, SETUP_1, NEGOTIATED_311, COMPOUND, ENCRYPTED]);

function session(message: string): string {
  return `${bytesOf(message).length.toString(16).padStart(8, '0')} ${message}`;
}

function smb2(command: string, flags: string, next = '00'): string {
  return `fe534d42 4000 0000 00000000 ${command} 0100 ${flags}000000 ${next}000000 ${'00'.repeat(40)}`;
}
