/**
 * Live capture on a pair of virtual interfaces in a network namespace made for it: a program sends real
 * frames of at most 200 bytes at rising rates, a sensor's own path captures, decodes and encodes them, each
 * on a core of its own. What was sent must be what was read and what the kernel dropped, to the packet.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeBenchCapture } from './bench-capture.ts';
import type { Measure } from './measure.ts';
import { isInstalled } from './peer-command.ts';

const RATES = [100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 800_000] as const;
const SECONDS = 3;
/** A rate counts once it went through without a drop; so often it may be tried. */
const TRIES = 2;
/** The sender counts as having reached its rate. */
const REACHED = 0.9;
const SETTLE_MS = 10_000;
const CHILD_MS = 60_000;
const [CAPTURE_CORE, SENDER_CORE] = ['1', '0'];
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

interface Counts {
  readonly frames: number;
  readonly kernelDrops: number;
  readonly cpuSeconds: number;
}

interface Step {
  readonly sent: number;
  /** Packets a second that the sender reached, which is less than it was asked for where it could not. */
  readonly rate: number;
  readonly read: number;
  readonly dropped: number;
  readonly cpuMicros: number;
}

export async function* benchLive(say: (line: string) => void): AsyncGenerator<Measure> {
  const lacks = whatLacks();
  if (lacks) {
    say(`skipped: ${lacks}`);
    return;
  }
  const namespace = `pnbench${process.pid}`;
  const capture = await makeBenchCapture();
  try {
    makePair(namespace);
    const steps: Step[] = [];
    for (const rate of RATES) {
      let step: Step | null = null;
      for (
        let attempt = 0;
        attempt < TRIES && (step === null || isToTryAgain(step, rate));
        attempt++
      ) {
        step = await measure(namespace, capture.path, rate);
        steps.push(step);
        say(told(rate, step));
      }
      if (step === null || step.dropped > 0) break;
      if (step.rate < REACHED * rate) {
        say('the sender can no more: what it cannot send cannot be measured');
        break;
      }
    }
    const clean = steps.filter(({ dropped }) => dropped === 0).map(({ rate }) => rate);
    yield absolute('live.offered_pps_without_drop', Math.max(0, ...clean), 'packets/s');
    const missing = steps.reduce(
      (sum, { sent, read, dropped }) => sum + Math.abs(sent - read - dropped),
      0,
    );
    yield absolute('live.packets_not_accounted_for', missing, 'packets');
    const best = steps.filter(({ dropped }) => dropped === 0).at(-1);
    if (best) yield absolute('live.cpu_per_packet', best.cpuMicros, 'µs');
  } finally {
    capture.remove();
    spawnSync('ip', ['netns', 'delete', namespace]);
  }
}

function isToTryAgain({ dropped, rate }: Step, asked: number): boolean {
  return dropped > 0 || rate < REACHED * asked;
}

function whatLacks(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs Linux and root';
  for (const command of ['ip', 'taskset']) if (!isInstalled(command)) return `it needs ${command}`;
  const probe = `pnprobe${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0)
    return 'it may not make a network namespace';
  spawnSync('ip', ['netns', 'delete', probe]);
  return null;
}

function makePair(namespace: string): void {
  execFileSync('ip', ['netns', 'add', namespace]);
  // Without IPv6 nothing but the sender speaks on the pair.
  const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6';
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', quiet]);
  const ip = (command: string) => execFileSync('ip', ['-n', namespace, ...command.split(' ')]);
  ip('link add pn0 type veth peer name pn1');
  ip('link set pn0 up');
  ip('link set pn1 up');
}

async function measure(namespace: string, path: string, rate: number): Promise<Step> {
  const counter = program(namespace, CAPTURE_CORE, 'frame-counter', ['pn0', '1']);
  const timer = setTimeout(() => counter.kill('SIGKILL'), CHILD_MS);
  const exit = once(counter, 'exit');
  let now: Counts = { frames: 0, kernelDrops: 0, cpuSeconds: 0 };
  const lines = createInterface(counter.stdout);
  const opened = once(lines, 'line');
  lines.on('line', (line) => {
    now = JSON.parse(line);
  });
  await Promise.race([opened, exit]);
  // The compiler has its work behind it before the measured part begins.
  const warm = await sendFrames(namespace, path, Math.min(rate, 100_000), 1);
  await settled(() => now, warm.sent);
  const before = now;
  const { sent, seconds } = await sendFrames(namespace, path, rate, SECONDS);
  await settled(() => now, warm.sent + sent);
  const read = now.frames - before.frames;
  const dropped = now.kernelDrops - before.kernelDrops;
  const cpuMicros = (1e6 * (now.cpuSeconds - before.cpuSeconds)) / Math.max(1, read);
  counter.stdin.end();
  await exit;
  clearTimeout(timer);
  return { sent, rate: sent / seconds, read, dropped, cpuMicros };
}

async function sendFrames(
  namespace: string,
  path: string,
  rate: number,
  seconds: number,
): Promise<{ sent: number; seconds: number }> {
  const sender = program(namespace, SENDER_CORE, 'frame-sender', [
    path,
    'pn1',
    String(rate),
    String(seconds),
  ]);
  const timer = setTimeout(() => sender.kill('SIGKILL'), CHILD_MS);
  let text = '';
  sender.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(sender, 'close');
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the sender ended with ${code}`);
  return JSON.parse(text);
}

/** Resolves when so many packets are accounted for, or when no more can be expected. */
async function settled(counts: () => Counts, packets: number): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const { frames, kernelDrops } = counts();
    if (frames + kernelDrops >= packets || performance.now() > deadline) return;
    await sleep(50);
  }
}

function program(namespace: string, core: string, name: string, args: readonly string[]) {
  const file = fileURLToPath(new URL(`./live/${name}.${EXTENSION}`, import.meta.url));
  const words = [
    'netns',
    'exec',
    namespace,
    'taskset',
    '-c',
    core,
    process.execPath,
    file,
    ...args,
  ];
  return spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
}

function told(rate: number, step: Step): string {
  const asked = `${rate.toLocaleString('en')}/s asked`;
  const reached = `${Math.round(step.rate).toLocaleString('en')}/s sent`;
  const sum = `${step.sent} sent = ${step.read} read + ${step.dropped} dropped`;
  const off = step.sent - step.read - step.dropped;
  return `${asked}, ${reached}: ${sum}${off === 0 ? '' : `, ${off} not accounted for`}; ${step.cpuMicros.toFixed(2)} µs each`;
}

function absolute(name: string, ours: number, unit: string): Measure {
  return { area: 'live', name, ours, peer: null, peer_name: null, ratio: null, unit };
}
