/** A network namespace of a test's own, where root may try firewalls without touching the machine's. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async create(): Promise<Namespace> {
    const name = `defence-${randomBytes(4).toString('hex')}`;
    await ip('netns', 'add', name);
    const namespace = new Namespace(name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
    return namespace;
  }

  /** Program and arguments that run `command` inside. */
  command(...command: string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name, ...command];
  }

  async run(...command: string[]): Promise<string> {
    const [program, ...args] = this.command(...command);
    return (await run(program, args, { env: { ...process.env, PATH } })).stdout;
  }

  /** Ends what still runs inside, then the namespace. */
  async remove(): Promise<void> {
    const { stdout } = await run('ip', ['netns', 'pids', this.name], {
      env: { ...process.env, PATH },
    });
    for (const pid of stdout.split('\n').filter(Boolean)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {} // ended meanwhile
    }
    await ip('netns', 'delete', this.name);
  }
}

/** Why namespaces and nft cannot be used here; null: they can. */
export async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  for (const [program, flag] of [
    ['ip', '-V'],
    ['nft', '-v'],
  ] as const) {
    const found = await run(program, [flag], { env: { ...process.env, PATH } }).catch(() => null);
    if (!found) return `needs ${program}`;
  }
  const namespace = await Namespace.create().catch((error: Error) => error);
  if (namespace instanceof Error)
    return `cannot make a network namespace: ${namespace.message.trim()}`;
  const listed = await namespace.run('nft', 'list', 'ruleset').catch((error: Error) => error);
  await namespace.remove();
  return listed instanceof Error ? `cannot use nft in a namespace: ${listed.message.trim()}` : null;
}

async function ip(...args: string[]): Promise<void> {
  await run('ip', args, { env: { ...process.env, PATH } });
}
