import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { ftp } from './ftp.ts';

const fromServer = { srcPort: 21, dstPort: 51_000 };

describe('FTP', () => {
  it.each([
    ['USER bob\r\n', { command: 'USER', argument: 'bob' }],
    ['retr  dir/a "b".txt\r\nQUIT\r\n', { command: 'RETR', argument: 'dir/a "b".txt' }],
    ['PASV\r\n', { command: 'PASV' }],
    ['LIST\r\n', { command: 'LIST' }],
  ])('reads the command %j', (text, detail) => {
    const { batch, detail: read } = readPayload(ftp, ascii(text));
    expect([read, batch.appEvents[0]]).toEqual([detail, AppEvent.FTP_COMMAND]);
  });

  it.each([
    ['PASS secret\r\n'],
    ['acct secret\r\n'],
    ['ADAT secret\r\n'],
    ['SITE PSWD secret\r\n'],
  ])('does not keep the argument of %j', (text) => {
    const { batch } = readPayload(ftp, ascii(text));
    expect(batch.appEvents[0]).toBe(AppEvent.FTP_COMMAND);
    expect(batch.appDetail.get(0)).not.toContain('secret');
  });

  it('counts a line that is no known command and tells nothing of it', () => {
    const { batch, detail } = readPayload(ftp, ascii('hunter two\r\n'));
    expect([detail, batch.appEvents[0]]).toEqual([null, AppEvent.FTP_COMMAND]);
  });

  it('reads replies', () => {
    const { batch, detail } = readPayload(ftp, ascii('530 Login incorrect.\r\n'), fromServer);
    expect(detail).toEqual({ code: 530 });
    expect([batch.appCode[0], batch.appEvents[0]]).toEqual([530, AppEvent.FTP_REPLY]);
  });

  it('takes the rest of a long reply, and nothing that is no text', () => {
    const rest = readPayload(ftp, ascii(' UTF8\r\n211 End\r\n'), fromServer);
    expect([rest.answer, rest.batch.appEvents[0], rest.batch.appCode[0]]).toEqual([READ, 0, -1]);
    expect(readPayload(ftp, '8000').answer).toBe(NOT_MINE);
  });
});

appReaderSuite(ftp, [ascii('USER bob\r\n'), ascii('STOR a\r\n')]);
appReaderSuite(ftp, [ascii('230-Welcome\r\n')], fromServer);
