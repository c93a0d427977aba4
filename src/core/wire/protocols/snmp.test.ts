import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { snmp } from './snmp.ts';

const GET = `30 18 020101 0406 ${ascii('secret')} a0 0b 020101 020100 020100 3000`;
const BULK_WITHOUT_COMMUNITY = '30 82 0012 020101 0400 a5 0b 020101 020100 020100 3000';
const SCOPED = '30 0f 0400 0400 a8 09 020101 020100 020100';
const header = (flags: string) => `30 0d 020101 020200ff 0401 ${flags} 020103`;
const REPORT = `30 2a 020103 ${header('00')} 0402 3000 ${SCOPED}`;
const ENCRYPTED = `30 1c 020103 ${header('03')} 0402 3000 0402 aabb`;

describe('SNMP', () => {
  it.each([
    [GET, { version: 2, community: true, pdu: 'get' }],
    [GET.replace('020101 0406', '020100 0406'), { version: 1, community: true, pdu: 'get' }],
    [BULK_WITHOUT_COMMUNITY, { version: 2, community: false, pdu: 'get_bulk' }],
    [REPORT, { version: 3, pdu: 'report' }],
    [ENCRYPTED, { version: 3, encrypted: true }],
  ])('reads %s', (hex, detail) => {
    expect(readPayload(snmp, hex).detail).toEqual(detail);
  });

  it('does not keep the community', () => {
    expect(readPayload(snmp, GET).batch.appDetail.get(0)).not.toContain('secret');
  });

  it.each([['30 03 020102'], ['31 03 020101'], ['30 04 02020101'], ['4745']])(
    'does not take %s',
    (hex) => {
      expect(readPayload(snmp, hex)).toMatchObject({ answer: NOT_MINE, detail: null });
    },
  );
});

appReaderSuite(snmp, [GET, BULK_WITHOUT_COMMUNITY, REPORT, ENCRYPTED]);
