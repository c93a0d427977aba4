/** Random tokens. Only their SHA-256 is stored: 256 random bits need no slow hash. */
import { createHash, randomBytes } from 'node:crypto';

const KEY_PREFIX = 'pn_';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits as 43 characters of base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

export function randomApiKey(): string {
  return KEY_PREFIX + randomToken();
}

/** False for what can be no token of ours, so that nonsense costs no query. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

export function isApiKey(text: string): boolean {
  return text.startsWith(KEY_PREFIX) && TOKEN.test(text.slice(KEY_PREFIX.length));
}

/** Lower-case hexadecimal SHA-256. */
export function hashSecret(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}
