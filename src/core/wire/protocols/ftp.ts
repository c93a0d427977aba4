/** FTP's control connection (RFC 959, RFC 3659): commands with what they are about, and reply codes. */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { CommandLine, isText, knownCommands } from '../command-line.ts';
import type { Span } from '../span.ts';

const PORTS: readonly number[] = [21, 2121];
const COMMANDS = knownCommands(
  'USER CWD XCWD RETR STOR STOU APPE DELE RNFR RNTO MKD XMKD RMD XRMD LIST NLST MLSD MLST SIZE MDTM PORT EPRT TYPE REST',
  'PASS ACCT AUTH ADAT SITE PASV EPSV ABOR QUIT REIN NOOP SYST STAT HELP FEAT OPTS PWD XPWD CDUP XCUP PBSZ PROT CCC ALLO MODE STRU SMNT CLNT',
);

export const ftp: AppProtocol = {
  name: 'ftp',
  tcpPorts: PORTS,
  createReader: () => new FtpReader(),
};

class FtpReader implements AppReader {
  readonly #line = new CommandLine(COMMANDS);

  read(payload: Span, row: AppRow): number {
    if (PORTS.includes(row.dstPort)) {
      if (this.#line.readCommand(payload, row)) row.note(AppEvent.FTP_COMMAND);
    } else if (this.#line.readReply(payload, row) >= 0) {
      row.note(AppEvent.FTP_REPLY);
    }
    return isText(payload.bytes, payload.start) ? READ : NOT_MINE;
  }
}
