/** SMTP and submission (RFC 5321, RFC 6409): commands with names and addresses, and reply codes; never credentials or mails. */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { CommandLine, isText, knownCommands } from '../command-line.ts';
import type { Span } from '../span.ts';

const PORTS: readonly number[] = [25, 587];
const COMMANDS = knownCommands(
  'HELO EHLO LHLO MAIL RCPT VRFY EXPN ETRN BDAT',
  'AUTH DATA RSET NOOP QUIT HELP STARTTLS',
);

export const smtp: AppProtocol = {
  name: 'smtp',
  tcpPorts: PORTS,
  createReader: () => new SmtpReader(),
};

class SmtpReader implements AppReader {
  readonly #line = new CommandLine(COMMANDS);

  read(payload: Span, row: AppRow): number {
    if (!PORTS.includes(row.dstPort)) this.#line.readReply(payload, row);
    else if (this.#line.readCommand(payload, row)) row.note(AppEvent.SMTP_COMMAND);
    return isText(payload.bytes, payload.start) ? READ : NOT_MINE;
  }
}
