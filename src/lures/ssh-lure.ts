/**
 * The SSH lure: the real protocol by ssh2 over the connections that the listener lets in. Records the client's banner, every try to sign
 * in, commands, uploads, and requests to forward, none of which is granted. Compression and
 * slow key exchanges are not offered: a few bytes from a visitor must not cost us much.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type Session } from 'ssh2';
import { SSH_SOFTWARE } from './fake-machine.ts';
import { FakeShell } from './fake-shell.ts';
import type { LureSession } from './lure-session.ts';
import { hostKeys } from './ssh-host-keys.ts';
import { receiveScp } from './ssh-scp.ts';
import { serveSftp } from './ssh-sftp.ts';
import { serveTerminal } from './ssh-terminal.ts';

/** As sshd's MaxAuthTries. */
const MAX_TRIES = 6;
/** As sshd's MaxSessions; the ones closed count too. */
const MAX_CHANNELS = 20;
const MAX_REKEYS = 3;
/** A visitor who announces smaller packets makes us send many for little; with 0, ssh2 1.17 would never end. */
const MIN_PACKET_BYTES = 256;
/** ssh2 takes 0 for its default, so: never, within a session's time. */
const NO_KEEPALIVE_MS = 2 ** 31 - 1;

export interface SshLure {
  /** Serves one connection. */
  attach(session: LureSession, socket: Socket): void;
  close(): void;
}

export async function createSshLure(directory: string): Promise<SshLure> {
  /** By the visitor's address and port, as ssh2 hands over no socket. Bounded as sessions are. */
  const sessions = new Map<string, LureSession>();
  const server = new ssh2.Server(
    {
      hostKeys: await hostKeys(directory),
      ident: SSH_SOFTWARE,
      keepaliveInterval: NO_KEEPALIVE_MS,
      algorithms: {
        kex: [
          'curve25519-sha256',
          'curve25519-sha256@libssh.org',
          'ecdh-sha2-nistp256',
          'diffie-hellman-group14-sha256',
          'diffie-hellman-group14-sha1',
        ],
        cipher: [
          'aes128-ctr',
          'aes192-ctr',
          'aes256-ctr',
          'aes128-gcm@openssh.com',
          'aes256-gcm@openssh.com',
        ],
        compress: ['none'],
      },
    },
    (connection, { ip, port, header }) => {
      const session = sessions.get(`${ip} ${port}`);
      if (!session) {
        connection.on('error', () => {});
        connection.end();
        return;
      }
      session.record('banner', { text: header.identRaw });
      serve(session, connection);
    },
  );
  return {
    attach(session, socket) {
      const key = `${socket.remoteAddress} ${socket.remotePort}`;
      sessions.set(key, session);
      socket.on('close', () => sessions.delete(key));
      server.injectSocket(socket);
    },
    // Never listened, so there is nothing to free.
    close: () => {},
  };
}

function serve(session: LureSession, connection: Connection): void {
  let username = '';
  let tries = 0;
  let channels = 0;
  let rekeys = 0;
  connection.on('error', () => session.end()); // broken protocol or a reset
  connection.on('rekey', () => {
    if (++rekeys > MAX_REKEYS) session.end();
  });
  connection.on('authentication', (context) => {
    username = context.username;
    if (context.method !== 'none' && ++tries > MAX_TRIES) session.end();
    else authenticate(session, context);
  });
  connection.on('session', (accept, reject) => {
    if (++channels > MAX_CHANNELS) return void reject();
    const channel = accept();
    if (packetBytesOf(channel) < MIN_PACKET_BYTES) return session.end();
    serveChannel(session, channel, username);
  });
  connection.on('tcpip', (_, reject, { destIP, destPort }) => {
    session.record('command', { text: `forward to ${destIP} port ${destPort}` });
    reject();
  });
  connection.on('request', (_, reject, name, info) => {
    const what = 'bindAddr' in info ? `${info.bindAddr} port ${info.bindPort}` : '';
    session.record('command', { text: `${name} ${what}`.trim() });
    reject?.();
  });
}

function authenticate(session: LureSession, context: AuthContext): void {
  const { username } = context;
  switch (context.method) {
    case 'password':
      settle(context, session.tryLogin(username, context.password));
      return;
    case 'keyboard-interactive':
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
        settle(context, session.tryLogin(username, answers[0] ?? ''));
      });
      return;
    case 'publickey': {
      const fingerprint = createHash('sha256')
        .update(context.key.data)
        .digest('base64')
        .replace(/=+$/, '');
      session.recordLogin(username, null, `rejected publickey SHA256:${fingerprint}`);
      settle(context, false);
      return;
    }
    default:
      settle(context, false);
      return;
  }
}

function settle(context: AuthContext, isAccepted: boolean): void {
  if (isAccepted) context.accept();
  else context.reject(['publickey', 'password', 'keyboard-interactive']);
}

function serveChannel(session: LureSession, channel: Session, username: string): void {
  let hasTerminal = false;
  channel.on('pty', (accept) => {
    hasTerminal = true;
    accept?.();
  });
  channel.on('env', (accept) => accept?.());
  channel.on('window-change', (accept) => accept?.());
  channel.on('shell', (accept) => {
    const stream = accept();
    stream.on('error', () => session.end());
    serveTerminal(stream, session, username, hasTerminal);
  });
  channel.on('exec', (accept, _, { command }) => {
    session.record('command', { text: command });
    const stream = accept();
    stream.on('error', () => session.end());
    if (/^scp\s(?:.*\s)?-\w*t/.test(command)) return receiveScp(stream, session);
    const { output, exitCode } = new FakeShell(username).run(command);
    stream.write(output);
    stream.exit(exitCode);
    stream.end();
  });
  channel.on('sftp', (accept) => serveSftp(accept(), session, new FakeShell(username).home));
}

/** What the visitor announced as its largest packet; ssh2 keeps it, but shows it nowhere. */
function packetBytesOf(channel: Session): number {
  const { _chanInfo: info } = channel as unknown as {
    _chanInfo: { outgoing: { packetSize: number } };
  };
  return info.outgoing.packetSize;
}
