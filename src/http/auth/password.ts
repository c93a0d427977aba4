/**
 * Passwords as argon2id, 19 MiB and two passes (the OWASP cheat sheet's first choice).
 *
 * The work runs on libuv's four threads; at most `MAX_PENDING` checks wait for one, so that a crowd
 * at the door costs neither memory without bound nor the threads that everything else needs.
 */
import { hash, verify } from '@node-rs/argon2';
import { AppError } from '../../errors.ts';

const MAX_PENDING = 16;
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

let pending = 0;
let decoy: Promise<string> | undefined;

export function hashPassword(password: string): Promise<string> {
  return bounded(() => hash(password, OPTIONS));
}

/**
 * Whether `password` belongs to `stored`. An unknown user (`null`) costs the same time as a wrong password.
 * @throws AppError overloaded where too many checks are waiting.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  return bounded(async () => {
    decoy ??= hash('no password hashes to this on purpose', OPTIONS);
    const matches = await verify(stored ?? (await decoy), password);
    return stored !== null && matches;
  });
}

async function bounded<Result>(work: () => Promise<Result>): Promise<Result> {
  if (pending >= MAX_PENDING)
    throw new AppError('overloaded', `Cannot check a password now: ${pending} are being checked`);
  pending++;
  try {
    return await work();
  } finally {
    pending--;
  }
}
