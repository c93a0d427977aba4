/** A WHERE clause from the conditions that a query brings, with numbered parameters. */
import { formatIp, parseIp } from '../core/wire/address.ts';

export class Filter {
  readonly values: unknown[];
  readonly #conditions: string[] = [];

  /** @param values those of another filter of the same statement, whose numbers go on here */
  constructor(values: unknown[] = []) {
    this.values = values;
  }

  /** `?` in the condition, each in turn, stands for a value. Conditions are ours, values are anybody's. */
  add(condition: string, ...values: unknown[]): this {
    let index = this.values.length;
    this.#conditions.push(condition.replaceAll('?', () => `$${++index}`));
    this.values.push(...values);
    return this;
  }

  /** Does nothing where the value is undefined. */
  equal(column: string, value: unknown): this {
    return value === undefined ? this : this.add(`${column} = ?`, value);
  }

  /** As `equal`, in the spelling that is stored. */
  address(column: string, ip: string | undefined): this {
    return ip === undefined ? this : this.equal(column, canonicalIp(ip));
  }

  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`;
  }
}

/** In the spelling that is stored; what is no address stays as it is. */
export function canonicalIp(ip: string): string {
  const words = new Uint32Array(4);
  const version = parseIp(ip, words, 0);
  return version === 0 ? ip : formatIp(words, 0, version);
}
