import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { ntp } from './ntp.ts';

const CLIENT = `23 00 0600 ${'00'.repeat(44)}`;
const SERVER = `24 02 06e9 00000100 00000100 c0000201 ${'11'.repeat(32)}`;
const PRIMARY = `1c 01 06e9 00000100 00000100 ${ascii('GPS')}00 ${'11'.repeat(32)}`;
const READ_VARIABLES = '16 02 0001 0000 0000 0000 0000';
const MONLIST = '17 00 03 2a 00000000';
const MONLIST_ANSWER = `97 00 03 2a 00010048 ${'00'.repeat(72)}`;

describe('NTP', () => {
  it.each([
    [CLIENT, { version: 4, mode: 'client', stratum: 0 }],
    [SERVER, { version: 4, mode: 'server', stratum: 2, reference: '192.0.2.1' }],
    [PRIMARY, { version: 3, mode: 'server', stratum: 1, reference: 'GPS' }],
    [READ_VARIABLES, { version: 2, mode: 'control', operation: 'read_variables' }],
    [MONLIST, { version: 2, mode: 'private', operation: 'monlist' }],
    [MONLIST_ANSWER, { version: 2, mode: 'private', operation: 'monlist', response: true }],
  ])('reads %s', (hex, detail) => {
    expect(readPayload(ntp, hex).detail).toEqual(detail);
  });

  it.each([['23 00 06'], ['03 00 0600'], [`20 ${'00'.repeat(47)}`], [`7b ${'00'.repeat(47)}`]])(
    'does not take %s',
    (hex) => {
      expect(readPayload(ntp, hex)).toMatchObject({ answer: NOT_MINE, detail: null });
    },
  );
});

appReaderSuite(ntp, [CLIENT, SERVER, PRIMARY, READ_VARIABLES, MONLIST, MONLIST_ANSWER]);
