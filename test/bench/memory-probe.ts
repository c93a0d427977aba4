/**
 * What the platform holds in memory after the demo: `node test/bench/memory-probe.ts [PORT] [SETTLE_S]`, on a
 * build, Linux only. Starts `phantomnet up --demo` on a new data folder and prints one JSON line: resident and
 * proportional size of every process of its tree, MB, the greatest total on the way, and how long the demo took.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, execPath, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 500;
const REPLAYED = 'The demo has been replayed';

interface Size {
  readonly pid: number;
  readonly command: string;
  readonly rss: number;
  readonly pss: number;
}

const [port = '8971', settleSeconds = '10'] = argv.slice(2);
const dataDir = mkdtempSync(join(tmpdir(), 'phantomnet-memory-'));
const started = performance.now();
const child = spawn(
  execPath,
  ['dist/cli/main.js', 'up', '--demo', '--data-dir', dataDir, '--port', port],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
let said = '';
child.stderr.setEncoding('utf8').on('data', (text: string) => {
  said += text;
});
try {
  let peak: Size[] = [];
  let serverPeak = 0;
  const look = () => {
    const sizes = treeOf(child.pid ?? 0).flatMap(sizeOf);
    if (total(sizes) > total(peak)) peak = sizes;
    serverPeak = Math.max(serverPeak, sizes.find(({ pid }) => pid === child.pid)?.rss ?? 0);
    return sizes;
  };
  while (!said.includes(REPLAYED)) {
    if (child.exitCode !== null) throw new Error(`Cannot measure: it ended\n${said}`);
    look();
    await sleep(POLL_MS);
  }
  const seconds = (performance.now() - started) / 1000;
  for (let waited = 0; waited < Number(settleSeconds) * 1000; waited += POLL_MS) {
    look();
    await sleep(POLL_MS);
  }
  const now = look();
  stdout.write(
    `${JSON.stringify({
      replayed_after_s: Math.round(seconds),
      total_pss_mb: total(now),
      server_rss_mb: now.find(({ pid }) => pid === child.pid)?.rss,
      peak_pss_mb: total(peak),
      peak_server_rss_mb: serverPeak,
      processes: now.map(({ command, rss, pss }) => `${command}: ${rss} rss, ${pss} pss`),
    })}\n`,
  );
} finally {
  child.kill('SIGTERM');
  if (child.exitCode === null) await new Promise((done) => child.once('exit', done));
  rmSync(dataDir, { recursive: true, force: true });
}

function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] ?? -1);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Nothing where the process has gone. */
function sizeOf(pid: number): Size[] {
  const sizes = read(`/proc/${pid}/smaps_rollup`);
  const megabytes = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(sizes)?.[1] ?? 0) / 1024);
  const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 60);
  return sizes === '' ? [] : [{ pid, command, rss: megabytes('Rss'), pss: megabytes('Pss') }];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function total(sizes: readonly Size[]): number {
  return sizes.reduce((sum, { pss }) => sum + pss, 0);
}
