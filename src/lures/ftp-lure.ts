/**
 * The FTP lure: a control channel of our own (RFC 959, RFC 2428) over an empty, made-up file system. Uploads are kept as
 * the upload store keeps them; downloads find nothing. Data connections are passive only and only from the visitor's
 * own address: PORT and EPRT, which would make us connect somewhere, are recorded and refused.
 */
import type { Socket } from 'node:net';
import { posix } from 'node:path';
import { FtpDataPort } from './ftp-data-port.ts';
import type { LureSession } from './lure-session.ts';

const GREETING = '220 (vsFTPd 3.0.5)';
/** Longer command lines end the session. */
const MAX_LINE_BYTES = 2048;
/** Commands waiting while one is in work; past it the session ends. */
const MAX_QUEUED_LINES = 64;
const FOLDERS = new Set(['/', '/pub', '/upload', '/backup']);
const LISTING = ['pub', 'upload', 'backup'].map(
  (name) => `drwxr-xr-x    2 0        0            4096 Mar 14 09:12 ${name}\r\n`,
);

interface State {
  readonly session: LureSession;
  readonly socket: Socket;
  username: string;
  isLoggedIn: boolean;
  folder: string;
  data: FtpDataPort | null;
  transfer: Socket | null;
}

type Command = (state: State, argument: string) => string | Promise<string>;

export function attachFtp(session: LureSession, socket: Socket): void {
  const state: State = {
    session,
    socket,
    username: '',
    isLoggedIn: false,
    folder: '/',
    data: null,
    transfer: null,
  };
  const queue: string[] = [];
  let isWorking = false;
  let rest = '';

  socket.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    queue.push(...lines.map((line) => line.replace(/\r$/, '')));
    if (rest.length > MAX_LINE_BYTES || queue.length > MAX_QUEUED_LINES) session.end();
    else void work();
  });
  socket.on('close', () => {
    state.data?.close();
    state.transfer?.destroy();
  });
  say(socket, GREETING);

  async function work(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    for (let line = queue.shift(); line !== undefined && socket.writable; line = queue.shift()) {
      say(socket, await reply(state, line.slice(0, MAX_LINE_BYTES)));
      if (/^quit\b/i.test(line)) socket.end();
    }
    isWorking = false;
  }
}

async function reply(state: State, line: string): Promise<string> {
  const [, verb = '', argument = ''] = /^\s*(\S*) ?(.*)$/s.exec(line) ?? [];
  const name = verb.toUpperCase();
  // USER and PASS are recorded as the login they make up.
  if (name !== 'USER' && name !== 'PASS') state.session.record('command', { text: line });
  const open = Object.hasOwn(OPEN_COMMANDS, name) ? OPEN_COMMANDS[name] : undefined;
  if (open) return open(state, argument);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!state.isLoggedIn) return '530 Please login with USER and PASS.';
  return command ? command(state, argument) : '500 Unknown command.';
}

/** Allowed before a login. */
const OPEN_COMMANDS: Readonly<Record<string, Command>> = {
  USER: (state, argument) => {
    state.username = argument;
    state.isLoggedIn = false;
    return '331 Please specify the password.';
  },
  PASS: (state, argument) => {
    if (state.username === '') return '503 Login with USER first.';
    const isAnonymous = /^(anonymous|ftp)$/i.test(state.username);
    if (isAnonymous) state.session.recordLogin(state.username, argument, 'accepted password');
    state.isLoggedIn = isAnonymous || state.session.tryLogin(state.username, argument);
    return state.isLoggedIn ? '230 Login successful.' : '530 Login incorrect.';
  },
  QUIT: () => '221 Goodbye.',
  FEAT: () => '211-Features:\r\n EPSV\r\n PASV\r\n SIZE\r\n UTF8\r\n211 End',
  AUTH: () => '530 Please login with USER and PASS.',
  OPTS: () => '200 Always in UTF8 mode.',
  NOOP: () => '200 NOOP ok.',
};

const COMMANDS: Readonly<Record<string, Command>> = {
  SYST: () => '215 UNIX Type: L8',
  PWD: (state) => `257 "${state.folder}" is the current directory`,
  XPWD: (state) => `257 "${state.folder}" is the current directory`,
  CWD: (state, argument) => changeFolder(state, argument),
  CDUP: (state) => changeFolder(state, '..'),
  TYPE: (_, argument) =>
    /^[AI]\b/i.test(argument)
      ? `200 Switching to ${/^I/i.test(argument) ? 'Binary' : 'ASCII'} mode.`
      : '500 Unrecognised TYPE command.',
  MODE: () => '200 Mode set to S.',
  STRU: () => '200 Structure set to F.',
  PASV: (state) => passive(state, false),
  EPSV: (state) => passive(state, true),
  PORT: () => '500 Illegal PORT command.',
  EPRT: () => '500 Bad EPRT command.',
  LIST: (state) => send(state, state.folder === '/' ? LISTING.join('') : ''),
  NLST: (state) => send(state, state.folder === '/' ? 'pub\r\nupload\r\nbackup\r\n' : ''),
  MLSD: () => '500 Unknown command.',
  SIZE: () => '550 Could not get file size.',
  MDTM: () => '550 Could not get file modification time.',
  RETR: () => '550 Failed to open file.',
  STOR: (state, argument) => receive(state, argument),
  APPE: (state, argument) => receive(state, argument),
  MKD: (state, argument) => `257 "${resolve(state, argument)}" created`,
  XMKD: (state, argument) => `257 "${resolve(state, argument)}" created`,
  RMD: () => '250 Remove directory operation successful.',
  DELE: () => '550 Delete operation failed.',
  RNFR: () => '550 RNFR command failed.',
  SITE: () => '500 Unknown SITE command.',
  REST: () => '350 Restart position accepted.',
  ABOR: () => '225 No transfer to ABOR.',
};

function changeFolder(state: State, argument: string): string {
  const folder = resolve(state, argument);
  if (!FOLDERS.has(folder)) return '550 Failed to change directory.';
  state.folder = folder;
  return '250 Directory successfully changed.';
}

async function passive(state: State, isExtended: boolean): Promise<string> {
  state.data?.close();
  const { localIp, sourceIp } = state.session;
  const isV6 = localIp.includes(':');
  if (isV6 && !isExtended) return '522 Network protocol not supported, use (2)';
  state.data = await FtpDataPort.open(localIp, sourceIp);
  if (!state.data) return '425 Cannot open data connection.';
  // The visitor may have left meanwhile, and the close event with it.
  if (state.socket.destroyed) state.data.close();
  const { port } = state.data;
  if (isExtended) return `229 Entering Extended Passive Mode (|||${port}|)`;
  return `227 Entering Passive Mode (${localIp.replaceAll('.', ',')},${port >> 8},${port & 255}).`;
}

async function send(state: State, text: string): Promise<string> {
  const connection = await connected(state, '150 Here comes the directory listing.');
  if (!connection) return '425 Use PASV first.';
  connection.end(text);
  return '226 Directory send OK.';
}

async function receive(state: State, argument: string): Promise<string> {
  const connection = await connected(state, '150 Ok to send data.');
  if (!connection) return '425 Use PASV first.';
  const { session } = state;
  const upload = session.beginUpload(resolve(state, argument));
  if (!upload) {
    connection.destroy();
    return '452 Insufficient storage.';
  }
  const isComplete = await new Promise<boolean>((done) => {
    connection.on('data', (chunk: Buffer) => session.writeUpload(upload, chunk));
    connection.on('end', () => done(true));
    connection.on('close', () => done(false));
  });
  connection.destroy();
  session.finishUpload(upload);
  return isComplete ? '226 Transfer complete.' : '426 Failure reading network stream.';
}

/** The visitor's data connection, once announced by `preliminary`; null if there is none in time. */
async function connected(state: State, preliminary: string): Promise<Socket | null> {
  const { data, socket } = state;
  if (!data) return null;
  state.data = null;
  say(socket, preliminary);
  const connection = await data.accept(state.session.limits);
  connection?.on('error', () => {}); // close follows
  state.transfer = connection;
  if (socket.destroyed) connection?.destroy();
  return connection;
}

function resolve(state: State, argument: string): string {
  return posix.resolve(state.folder, argument || '.');
}

function say(socket: Socket, text: string): void {
  if (socket.writable) socket.write(`${text}\r\n`);
}
