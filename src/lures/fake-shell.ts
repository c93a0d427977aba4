/**
 * Answers shell commands so that a visitor stays a while. It interprets nothing: every answer is a text from a table, over a
 * made-up machine. Pure, and bounded: a line yields at most `MAX_OUTPUT` characters from at most `MAX_PARTS` commands.
 */
import { posix } from 'node:path';
import { FILES, FOLDERS, fileBytes, HOSTNAME, KERNEL, SECRET_FILES } from './fake-machine.ts';

const MAX_OUTPUT = 16_384;
const MAX_PARTS = 32;
const UNAME = `Linux ${HOSTNAME} ${KERNEL} #101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023 x86_64 x86_64 x86_64 GNU/Linux`;

export interface ShellAnswer {
  readonly output: string;
  readonly exitCode: number;
  /** The visitor has left the shell. */
  readonly isExit: boolean;
}

type Command = (
  shell: FakeShell,
  args: readonly string[],
) => string | { output: string; exitCode: number };

export class FakeShell {
  readonly username: string;
  readonly home: string;
  folder: string;

  constructor(username: string) {
    // It goes into paths and prompts.
    this.username = /^[a-z_][a-z0-9_.-]{0,31}$/i.test(username) ? username : 'user';
    this.home = this.isRoot ? '/root' : `/home/${this.username}`;
    this.folder = this.home;
  }

  get isRoot(): boolean {
    return this.username === 'root';
  }

  get prompt(): string {
    const folder = this.folder === this.home ? '~' : this.folder;
    return `${this.username}@${HOSTNAME}:${folder}${this.isRoot ? '#' : '$'} `;
  }

  /** Commands joined by `;`, `&&`, `||` and line feeds are answered one after the other; of a pipe, the first alone. */
  run(line: string): ShellAnswer {
    let output = '';
    let exitCode = 0;
    for (const part of line.split(/;|&&|\|\||&|\n/).slice(0, MAX_PARTS)) {
      const [command = ''] = part.split('|');
      const [name, ...args] = wordsOf(command);
      if (name === undefined) continue;
      if (name === 'exit' || name === 'logout')
        return { output, exitCode: Number(args[0]) & 255 || 0, isExit: true };
      const answer = this.#answer(name, args);
      exitCode = answer.exitCode;
      output = (output + answer.output).slice(0, MAX_OUTPUT);
    }
    return { output, exitCode, isExit: false };
  }

  /** An absolute path for what was typed. */
  resolve(path: string): string {
    return posix.resolve(this.folder, path.replace(/^~(?=\/|$)/, this.home));
  }

  isFolder(path: string): boolean {
    return path === this.home || Object.hasOwn(FOLDERS, path);
  }

  #answer(typed: string, args: readonly string[]): { output: string; exitCode: number } {
    const name = typed.replace(/^\/(?:usr\/)?s?bin\//, '');
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) {
      // `VAR=value` sets a variable, which is silent.
      if (/^\w+=/.test(typed)) return { output: '', exitCode: 0 };
      if (typed.includes('/'))
        return { output: `-bash: ${typed}: No such file or directory\n`, exitCode: 127 };
      return { output: `${typed}: command not found\n`, exitCode: 127 };
    }
    const redirect = args.findIndex((word) => /^\d*>/.test(word));
    const answer = command(this, redirect < 0 ? args : args.slice(0, redirect));
    const { output, exitCode } =
      typeof answer === 'string' ? { output: answer, exitCode: 0 } : answer;
    return { output: redirect < 0 ? output : '', exitCode };
  }
}

const COMMANDS: Readonly<Record<string, Command>> = {
  ls: (shell, args) => {
    const typed = args.find((word) => !word.startsWith('-')) ?? '.';
    const path = shell.resolve(typed);
    if (fileBytes(path) !== null) return `${typed}\n`;
    if (!shell.isFolder(path))
      return failed(`ls: cannot access '${typed}': No such file or directory\n`, 2);
    const names = FOLDERS[path] ?? [];
    if (!args.some((word) => /^-\w*l/.test(word)))
      return names.length > 0 ? `${names.join('  ')}\n` : '';
    return [
      `total ${4 * names.length}`,
      ...names.map((name) => longLine(posix.join(path, name), name)),
      '',
    ].join('\n');
  },
  cd: (shell, args) => {
    const path = shell.resolve(args[0] ?? '~');
    if (!shell.isFolder(path)) return failed(`-bash: cd: ${args[0]}: No such file or directory\n`);
    shell.folder = path;
    return '';
  },
  pwd: (shell) => `${shell.folder}\n`,
  whoami: (shell) => `${shell.username}\n`,
  id: (shell) =>
    shell.isRoot
      ? 'uid=0(root) gid=0(root) groups=0(root)\n'
      : `uid=1000(${shell.username}) gid=1000(${shell.username}) groups=1000(${shell.username}),27(sudo)\n`,
  uname: (_, args) => {
    const flags = args.join('');
    if (flags.includes('a')) return `${UNAME}\n`;
    const parts = [
      [/s/, 'Linux'],
      [/n/, HOSTNAME],
      [/r/, KERNEL],
      [/v/, '#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023'],
      [/[mpi]/, 'x86_64'],
      [/o/, 'GNU/Linux'],
    ] as const;
    const asked = parts.filter(([flag]) => flag.test(flags)).map(([, text]) => text);
    return `${asked.join(' ') || 'Linux'}\n`;
  },
  hostname: () => `${HOSTNAME}\n`,
  cat: (shell, args) => {
    const answers = args
      .filter((word) => !word.startsWith('-'))
      .map((typed) => readFile(shell, typed));
    return {
      output: answers.map(({ output }) => output).join(''),
      exitCode: Math.max(0, ...answers.map(({ exitCode }) => exitCode)),
    };
  },
  echo: (_, args) => {
    const hasEscapes = args[0]?.startsWith('-') && args[0].includes('e');
    const isBare = args[0]?.startsWith('-') && args[0].includes('n');
    const text = args.slice(hasEscapes || isBare ? 1 : 0).join(' ');
    return (hasEscapes ? unescaped(text) : text) + (isBare ? '' : '\n');
  },
  printf: (_, args) => unescaped(args[0] ?? ''),
  wget: (_, args) => {
    const host = hostOf(args);
    if (host === null) return failed('wget: missing URL\nUsage: wget [OPTION]... [URL]...\n');
    return failed(
      `Resolving ${host} (${host})... failed: Temporary failure in name resolution.\nwget: unable to resolve host address ‘${host}’\n`,
      4,
    );
  },
  curl: (_, args) => {
    const host = hostOf(args);
    if (host === null)
      return failed("curl: try 'curl --help' or 'curl --manual' for more information\n", 2);
    return failed(`curl: (6) Could not resolve host: ${host}\n`, 6);
  },
  ping: (_, args) =>
    failed(`ping: ${args.at(-1) ?? ''}: Temporary failure in name resolution\n`, 2),
  uptime: () => ' 09:41:12 up 63 days,  4:11,  1 user,  load average: 0.08, 0.03, 0.01\n',
  w: (shell) =>
    ` 09:41:12 up 63 days,  4:11,  1 user,  load average: 0.08, 0.03, 0.01\nUSER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n${shell.username.padEnd(8)} pts/0    -                09:41    0.00s  0.02s  0.00s w\n`,
  nproc: () => '1\n',
  free: () =>
    '               total        used        free      shared  buff/cache   available\nMem:         2030972      347120      412340        1084     1271512     1523788\nSwap:              0           0           0\n',
  df: () =>
    'Filesystem     1K-blocks    Used Available Use% Mounted on\n/dev/xvda1      20145724 6231988  13897352  31% /\ntmpfs            1015484       0   1015484   0% /dev/shm\n',
  ps: () =>
    '    PID TTY          TIME CMD\n      1 ?        00:01:12 systemd\n    612 ?        00:00:04 sshd\n    731 ?        00:00:21 apache2\n   4711 pts/0    00:00:00 bash\n',
  lscpu: () =>
    'Architecture:            x86_64\nCPU(s):                  1\nModel name:              Intel(R) Xeon(R) CPU E5-2686 v4 @ 2.30GHz\n',
  ifconfig: () => ({
    output: "Command 'ifconfig' not found, but can be installed with:\napt install net-tools\n",
    exitCode: 127,
  }),
  which: (_, args) =>
    args
      .filter((name) => Object.hasOwn(COMMANDS, name))
      .map((name) => `/usr/bin/${name}\n`)
      .join(''),
  sudo: (shell) => failed(`[sudo] password for ${shell.username}: \nSorry, try again.\n`),
  su: () => failed('Password: \nsu: Authentication failure\n'),
  crontab: () => failed('no crontab for this user\n'),
  apt: () =>
    failed(
      'E: Could not open lock file /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)\n',
      100,
    ),
  history: () => '',
  env: (shell) =>
    `SHELL=/bin/bash\nPWD=${shell.folder}\nLOGNAME=${shell.username}\nHOME=${shell.home}\nLANG=C.UTF-8\nUSER=${shell.username}\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n`,
  ...Object.fromEntries(
    [
      'mkdir',
      'touch',
      'chmod',
      'chown',
      'rm',
      'mv',
      'cp',
      'export',
      'unset',
      'set',
      'clear',
      'sleep',
      'kill',
      'pkill',
      'killall',
      'nohup',
      'sh',
      'bash',
      'true',
      ':',
      'test',
      '[',
    ].map((name): [string, Command] => [name, () => '']),
  ),
  false: () => failed(''),
};

function failed(output: string, exitCode = 1): { output: string; exitCode: number } {
  return { output, exitCode };
}

function readFile(shell: FakeShell, typed: string): { output: string; exitCode: number } {
  const path = shell.resolve(typed);
  if (Object.hasOwn(FILES, path)) return { output: FILES[path] ?? '', exitCode: 0 };
  if (shell.isFolder(path)) return failed(`cat: ${typed}: Is a directory\n`);
  if (SECRET_FILES.has(path)) return failed(`cat: ${typed}: Permission denied\n`);
  return failed(`cat: ${typed}: No such file or directory\n`);
}

function longLine(path: string, name: string): string {
  const bytes = fileBytes(path);
  const isFolder = bytes === null;
  return `${isFolder ? 'drwxr-xr-x 2' : '-rw-r--r-- 1'} root root ${String(bytes ?? 4096).padStart(5)} Mar 14 09:12 ${name}`;
}

/** The host of the first URL-like word. */
function hostOf(args: readonly string[]): string | null {
  const word = args.find((each) => !each.startsWith('-'));
  return word === undefined ? null : word.replace(/^\w+:\/\//, '').split(/[/:?]/)[0] || word;
}

/** `\n`, `\t`, `\\` and `\xNN`, as bots use to see whether a shell is a real one. */
function unescaped(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{1,2})|([nrt\\]))/gi,
    (_, hex: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return { n: '\n', r: '\r', t: '\t' }[letter ?? ''] ?? '\\';
    },
  );
}

/** Words with quotes taken off; no expansion of any kind. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}
