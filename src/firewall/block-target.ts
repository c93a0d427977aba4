/** What a firewall is handed, checked once more where it is carried out: nothing unchecked reaches a command. */

import { formatAddress, parseAddress } from '../core/response/address.ts';
import { AppError } from '../errors.ts';
import { MAX_BLOCK_SECONDS } from './firewall.ts';

export interface BlockTarget {
  readonly version: 4 | 6;
  /** Canonical text. */
  readonly ip: string;
}

/** @throws AppError `invalid_request` */
export function targetOf(ip: string): BlockTarget {
  const address = parseAddress(ip);
  if (!address)
    throw new AppError(
      'invalid_request',
      `Cannot block ${JSON.stringify(ip.slice(0, 64))}: not an IP address`,
    );
  return { version: address.version, ip: formatAddress(address) };
}

/** Whole seconds in range, or null. @throws AppError `invalid_request` */
export function secondsOf(seconds: number | null): number | null {
  if (seconds === null) return null;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_BLOCK_SECONDS) {
    throw new AppError(
      'invalid_request',
      `Cannot block for ${seconds} s: 1 to ${MAX_BLOCK_SECONDS} is possible`,
    );
  }
  return seconds;
}
