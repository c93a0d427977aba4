import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { ascii } from '../hex-frame.suite.ts';
import { appReaderSuite, readPayload } from './app-reader.suite.ts';
import { smtp } from './smtp.ts';

const fromServer = { srcPort: 587, dstPort: 51_000 };

describe('SMTP', () => {
  it.each([
    ['EHLO mail.example.com\r\n', { command: 'EHLO', argument: 'mail.example.com' }],
    ['MAIL FROM:<a@example.com>\r\n', { command: 'MAIL', argument: 'FROM:<a@example.com>' }],
    ['starttls\r\n', { command: 'STARTTLS' }],
    ['AUTH PLAIN AGJvYgBzZWNyZXQ=\r\n', { command: 'AUTH' }],
  ])('reads the command %j', (text, detail) => {
    const { batch, detail: read } = readPayload(smtp, ascii(text));
    expect([read, batch.appEvents[0]]).toEqual([detail, AppEvent.SMTP_COMMAND]);
  });

  it('tells nothing of a line that may be a log-in’s answer', () => {
    const { batch, detail } = readPayload(smtp, ascii('cGFzcw\r\n'));
    expect([detail, batch.appEvents[0]]).toEqual([null, AppEvent.SMTP_COMMAND]);
  });

  it('reads replies, without an event', () => {
    const { batch, detail } = readPayload(smtp, ascii('535 5.7.8 Bad\r\n'), fromServer);
    expect(detail).toEqual({ code: 535 });
    expect([batch.appCode[0], batch.appEvents[0]]).toEqual([535, 0]);
  });

  it('takes the lines of a mail, and nothing that is no text', () => {
    const mail = readPayload(smtp, ascii('<p>Hello</p>\r\n'));
    expect([mail.answer, mail.detail, mail.batch.appEvents[0]]).toEqual([READ, null, 0]);
    expect(readPayload(smtp, '8000').answer).toBe(NOT_MINE);
  });
});

appReaderSuite(smtp, [ascii('RCPT TO:<b@example.com>\r\n')]);
appReaderSuite(smtp, [ascii('250-PIPELINING\r\n')], fromServer);
