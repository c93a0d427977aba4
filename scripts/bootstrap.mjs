/**
 * Brings a clone from nothing to running, whatever Node (20 or later) started it: installs the
 * dependencies (the pinned Node among them), builds what is older than its sources, then hands over.
 *
 *   node scripts/bootstrap.mjs start [args]   `phantomnet up [args]`
 *   node scripts/bootstrap.mjs run [args]     `phantomnet [args]`
 *   node scripts/bootstrap.mjs test [args]    the tests
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, 'node_modules', '.bin');
const builtStamp = join(root, 'dist', '.built');
const windows = process.platform === 'win32';

const [goal = 'start', ...args] = process.argv.slice(2);
install();
if (goal === 'test') {
  build();
  handOver(join(bin, 'vitest'), ['run', ...args]);
} else {
  build();
  handOver(join(bin, 'node'), [
    join(root, 'dist', 'cli', 'main.js'),
    ...(goal === 'start' ? ['up'] : []),
    ...args,
  ]);
}

function install() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && newest(installed) >= newest(join(root, 'package-lock.json'))) return;
  say('Installing dependencies (once; about half a minute) …');
  step('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

function build() {
  const sources = ['src', 'web', 'package-lock.json', 'tsconfig.base.json'].map((name) =>
    newest(join(root, name)),
  );
  if (existsSync(builtStamp) && newest(builtStamp) >= Math.max(...sources)) return;
  say('Building server and dashboard (about ten seconds) …');
  step('npm', ['run', '--silent', 'build']);
  writeFileSync(builtStamp, '');
}

/** Latest change below a path, ms. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = 0;
  for (const entry of readdirSync(path)) latest = Math.max(latest, newest(join(path, entry)));
  return latest;
}

function step(command, commandArgs) {
  const started = Date.now();
  const { status, error } = spawnSync(command, commandArgs, {
    cwd: root,
    // Standard output belongs to the command that follows (`--json` prints nothing else there).
    stdio: ['ignore', process.stderr.fd, 'inherit'],
    shell: windows,
  });
  if (error) throw error;
  if (status !== 0) {
    say(`Cannot go on: '${command} ${commandArgs.join(' ')}' ended with exit code ${status}.`);
    process.exit(1);
  }
  say(`  done in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

function handOver(command, commandArgs) {
  const child = spawn(command, commandArgs, {
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, PATH: `${bin}${windows ? ';' : ':'}${process.env.PATH}` },
  });
  // The child shares the terminal and gets Ctrl-C itself; other signals are passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
