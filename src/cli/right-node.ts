/**
 * The program needs the Node that is pinned in its dependencies. Started by an older one (`dist/cli/main.js`
 * on a machine with Node 20), it starts itself again with the pinned one.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** zstd in the standard library, and types stripped from sources. */
const OLDEST = [22, 18] as const;

export function isRightNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Resolves to the exit code. */
export async function runOnPinnedNode(): Promise<number> {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    process.stderr.write(
      `phantomnet: Cannot run on Node ${process.versions.node}: ${OLDEST.join('.')} is the oldest; npm start brings its own\n`,
    );
    return 1;
  }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; other signals are passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  });
}
