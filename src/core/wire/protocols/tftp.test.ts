import { describe, expect, it } from 'vitest';
import { NOT_MINE } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { tftp } from './tftp.ts';

const READ_REQUEST = `0001 ${ascii('boot.img')} 00 ${ascii('OCTET')} 00`;
const WITH_OPTIONS = `${READ_REQUEST} ${ascii('blksize')} 00 ${ascii('1428')} 00`;

describe('TFTP', () => {
  it('reads the file and the mode of a request', () => {
    expect(readPayload(tftp, READ_REQUEST).detail).toEqual({
      operation: 'read',
      file: 'boot.img',
      mode: 'octet',
    });
  });

  it('reads options', () => {
    expect(readPayload(tftp, WITH_OPTIONS).detail).toMatchObject({ options: { blksize: '1428' } });
  });

  it('names other messages', () => {
    expect(readPayload(tftp, '0005 0001 00').detail).toEqual({ operation: 'error' });
  });

  it.each([['0000 61 00'], ['0007'], ['4e'], ['4745 5420']])('does not take %s', (hex) => {
    expect(readPayload(tftp, hex)).toMatchObject({ answer: NOT_MINE, detail: null });
  });
});

appReaderSuite(tftp, [READ_REQUEST, WITH_OPTIONS]);
