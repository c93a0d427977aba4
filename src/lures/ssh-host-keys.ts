/** The SSH lure's host keys: made once and kept, for a server whose key changes makes visitors wary. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { AppError } from '../errors.ts';

const KINDS = [
  { file: 'ssh_host_ed25519_key', type: 'ed25519', options: {} },
  { file: 'ssh_host_ecdsa_key', type: 'ecdsa', options: { bits: 256 } },
  { file: 'ssh_host_rsa_key', type: 'rsa', options: { bits: 3072 } },
] as const;

/** Private keys in OpenSSH format. @throws AppError `config_invalid` naming the file that is damaged */
export async function hostKeys(directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return Promise.all(
    KINDS.map(({ file, type, options }) => hostKey(join(directory, file), type, options)),
  );
}

async function hostKey(
  path: string,
  type: 'ed25519' | 'ecdsa' | 'rsa',
  options: object,
): Promise<string> {
  const kept = readIfThere(path);
  if (kept !== null) {
    const parsed = ssh2.utils.parseKey(kept);
    if (!(parsed instanceof Error) && parsed.isPrivateKey()) return kept;
    throw new AppError(
      'config_invalid',
      `Cannot use the host key ${path}: it is damaged; remove it and another is made`,
    );
  }
  const made = await generate(type, options);
  // Whole or not at all, also when the power fails.
  writeFileSync(`${path}.new`, made, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return made;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const message = error instanceof Error ? error.message : String(error);
    throw new AppError('config_invalid', `Cannot read the host key ${path}: ${message}`, {
      cause: error,
    });
  }
}

function generate(type: 'ed25519' | 'ecdsa' | 'rsa', options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    ssh2.utils.generateKeyPair(type as 'ed25519', options, (error, pair) => {
      if (error) reject(error);
      else resolve(pair.private);
    });
  });
}
