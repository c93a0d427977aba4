/**
 * Brings a clone from nothing to running, whatever Node (20 or later) started it: installs the
 * dependencies (the pinned Node among them), builds what is older than its sources, then hands over.
 *
 *   node scripts/bootstrap.mjs start [args]   `phantomnet up [args]`
 *   node scripts/bootstrap.mjs run [args]     `phantomnet [args]`
 *   node scripts/bootstrap.mjs test [args]    the tests
 *
 * Whatever stops half way (Ctrl-C, a full disk, a lost network) is done again by the next start.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');
const dist = join(root, 'dist');
const builtStamp = join(dist, '.built');
const windows = process.platform === 'win32';
const pinnedNode = join(bin, windows ? 'node.cmd' : 'node');
/** The oldest Node that could stand in for the pinned one: zstd, and types stripped from sources. */
const STAND_IN = [22, 18];

const [goal = 'start', ...args] = process.argv.slice(2);
if (!isAtLeast([20, 0]))
  stop(`PhantomNet needs Node 20 or later to start; this is ${process.version}.`);
install();
const node = chooseNode();
build();
if (goal === 'test') handOver(node, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run']);
else handOver(node, [join(dist, 'cli', 'main.js'), ...(goal === 'start' ? ['up'] : [])]);

function install() {
  // npm writes this file last: an interrupted installation lacks it.
  const installed = join(root, 'node_modules', '.package-lock.json');
  const needed = ['typescript', 'vite', 'vitest', 'commander'].map((name) =>
    join(root, 'node_modules', name, 'package.json'),
  );
  if ([installed, ...needed].every(existsSync) && newest(installed) >= newest(lockFile())) return;
  const modules = join(root, 'node_modules');
  // npm would empty the folder that the link leads to, which is another clone's.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink())
    stop(
      `Cannot install: ${modules} is a link, and what it leads to is not up to date. ` +
        `Remove the link, or run 'npm ci' where it leads to.`,
    );
  say('Installing dependencies (once; about half a minute) …');
  // npm shows its progress on standard error; what it says on standard output is of no interest.
  step('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'ignore', 'inherit');
}

/** The pinned Node, or this one where it will do. */
function chooseNode() {
  if (answers(pinnedNode)) return pinnedNode;
  if (isAtLeast(STAND_IN)) return process.execPath;
  say('Fetching the Node that runs PhantomNet: its install script did not run …');
  const wanted = ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error'];
  step('npm', wanted, 'ignore', 'inherit');
  if (answers(pinnedNode)) return pinnedNode;
  stop(
    `Cannot go on: ${pinnedNode} does not run. Allow the install script of the package 'node' and ` +
      `try again, or start with Node ${STAND_IN.join('.')} or later (this is ${process.version}).`,
  );
}

function build() {
  const sources = ['src', 'web', 'package-lock.json', 'tsconfig.base.json'].map((name) =>
    newest(join(root, name)),
  );
  const isWhole = [builtStamp, join(dist, 'cli', 'main.js'), join(dist, 'web', 'index.html')].every(
    existsSync,
  );
  if (isWhole && newest(builtStamp) >= Math.max(...sources)) return;
  // The compiler trusts its notes on what it wrote; without the files they are wrong.
  if (!isWhole) rmSync(dist, { recursive: true, force: true });
  say('Building server and dashboard (about ten seconds) …');
  const started = Date.now();
  step('npm', ['run', '--silent', 'build'], 'pipe', 'pipe');
  writeFileSync(builtStamp, '');
  // As of when it began: what changed meanwhile is built next time.
  utimesSync(builtStamp, started / 1000, started / 1000);
}

function lockFile() {
  return join(root, 'package-lock.json');
}

/** Latest change of a path or anything below it, ms. */
function newest(path) {
  const stat = statSync(path);
  let latest = stat.mtimeMs;
  if (stat.isDirectory())
    for (const entry of readdirSync(path)) latest = Math.max(latest, newest(join(path, entry)));
  return latest;
}

function answers(command) {
  return existsSync(command) && spawnSync(command, ['--version'], { shell: windows }).status === 0;
}

function isAtLeast([major, minor]) {
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Runs a command; its output goes nowhere near standard output, which belongs to what follows (`--json`). */
function step(command, commandArgs, stdout, stderr) {
  const started = Date.now();
  const { status, signal, error, output } = spawnSync(command, commandArgs, {
    cwd: root,
    stdio: ['ignore', stdout, stderr],
    shell: windows,
    env: { ...process.env, PATH: pathWithBin() },
    maxBuffer: 64 * 2 ** 20,
  });
  const line = `${command} ${commandArgs.join(' ')}`;
  if (error?.code === 'ENOENT') stop(`Cannot go on: there is no '${command}' in PATH.`);
  if (error) stop(`Cannot go on: '${line}': ${error.message}`);
  if (signal) process.exit(128 + constants.signals[signal]);
  if (status !== 0) {
    for (const text of output) if (text) process.stderr.write(text);
    stop(`Cannot go on: '${line}' ended with exit code ${status}. What it says stands above.`);
  }
  say(`  done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

function handOver(command, commandArgs) {
  const child = spawn(command, [...commandArgs, ...args], {
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, PATH: pathWithBin() },
  });
  child.on('error', (error) => stop(`Cannot go on: '${command}': ${error.message}`));
  // The child shares the terminal and gets Ctrl-C itself; other signals are passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}

function pathWithBin() {
  return `${bin}${windows ? ';' : ':'}${process.env.PATH}`;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function stop(text) {
  say(text);
  process.exit(1);
}
