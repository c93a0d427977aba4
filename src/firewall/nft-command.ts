/** Runs `nft` without a shell: JSON in on standard input, JSON out. Its complaints become errors that say what to do. */
import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';

/** A full list of both sets is about 12 MB of JSON. */
const MAX_OUTPUT_BYTES = 64 * 2 ** 20;
const MAX_ERROR_BYTES = 8192;
const TIMEOUT_MS = 20_000;

/** `nft` ended with an error that is neither missing permission nor missing support. */
export class NftError extends Error {
  override readonly name = 'NftError';
}

/**
 * @param command program and leading arguments, e.g. `['nft']` or `['ip', 'netns', 'exec', 'x', 'nft']`
 * @throws AppError `firewall_unavailable`; NftError with what nft wrote to standard error
 */
export async function runNft(
  command: readonly string[],
  args: readonly string[],
  input: string,
): Promise<string> {
  // nft opens /dev/stdin by name, which fails for the socket that Node makes of a pipe. So standard input is a
  // file that has no name any more: it is gone with the last process that holds it.
  const directory = await mkdtemp(join(tmpdir(), 'phantomnet-nft-'));
  try {
    const file = await open(join(directory, 'commands.json'), 'wx+', 0o600);
    await rm(directory, { recursive: true });
    try {
      await file.writeFile(input);
      return await spawnNft(command, args, file.fd);
    } finally {
      await file.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function spawnNft(
  command: readonly string[],
  args: readonly string[],
  stdin: number,
): Promise<string> {
  const [program = 'nft', ...leading] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...leading, ...args], {
      stdio: [stdin, 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      // Where nft lives, which ordinary users' paths leave out; and messages in one language.
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' },
    });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let complaint = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      else output.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < MAX_ERROR_BYTES) complaint += chunk.toString();
    });
    child.on('error', (cause) => reject(missing(program, cause)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString());
      else reject(failure(complaint, signal));
    });
  });
}

function missing(program: string, cause: Error): AppError {
  const hint = 'install the package nftables, or leave decisions simulated';
  return new AppError('firewall_unavailable', `Cannot run ${program}: ${cause.message}; ${hint}`, {
    cause,
  });
}

function failure(complaint: string, signal: string | null): Error {
  if (/operation not permitted|must be root|permission denied/i.test(complaint)) {
    return new AppError(
      'firewall_unavailable',
      'Cannot change the firewall: CAP_NET_ADMIN is missing; run `phantomnet enforcer` as root, ' +
        'or grant it the capability (systemd: AmbientCapabilities=CAP_NET_ADMIN), or leave decisions simulated',
    );
  }
  if (
    /protocol not supported|address family not supported|operation not supported/i.test(complaint)
  ) {
    return new AppError(
      'firewall_unavailable',
      'Cannot change the firewall: this kernel has no nf_tables support',
    );
  }
  if (signal)
    return new AppError(
      'firewall_unavailable',
      `Cannot change the firewall: nft was ended by ${signal}`,
    );
  return new NftError(complaint.trim() || 'nft failed without a word');
}
