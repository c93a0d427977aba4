/** Networks in CIDR notation, IPv4 and IPv6, and a map from network to value that answers with the most specific one. */
import { type Address, formatAddress, parseAddress, parseUnmapped } from './address.ts';

export interface Cidr {
  readonly version: 4 | 6;
  /** The first address; bits below the prefix are zero. */
  readonly network: bigint;
  readonly prefixBits: number;
}

const BITS = { 4: 32, 6: 128 } as const;
const MAPPED_PREFIX_BITS = 96;

/** A network, or a bare address as a network of one. Bits below the prefix are ignored. Null if it is neither. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  const raw = parseUnmapped(slash < 0 ? text : text.slice(0, slash));
  if (!raw) return null;
  const prefixText = slash < 0 ? String(BITS[raw.version]) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText)) return null;
  const prefixBits = Number(prefixText);
  if (prefixBits > BITS[raw.version]) return null;
  const mapped = raw.version === 6 && prefixBits >= MAPPED_PREFIX_BITS;
  const address = mapped ? parseAddress(formatAddress(raw)) : raw;
  if (!address) return null;
  const bits = address.version === raw.version ? prefixBits : prefixBits - MAPPED_PREFIX_BITS;
  return { version: address.version, network: masked(address, bits), prefixBits: bits };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ version: cidr.version, value: cidr.network })}/${cidr.prefixBits}`;
}

export function contains(cidr: Cidr, address: Address): boolean {
  return cidr.version === address.version && masked(address, cidr.prefixBits) === cidr.network;
}

/** Looks up once per distinct prefix length in use, however many networks there are. */
export class CidrMap<Value> {
  /** Longest prefix first. */
  readonly #tables = {
    4: new Map<number, Map<bigint, Value>>(),
    6: new Map<number, Map<bigint, Value>>(),
  };

  set(cidr: Cidr, value: Value): void {
    const tables = this.#tables[cidr.version];
    const table = tables.get(cidr.prefixBits) ?? new Map<bigint, Value>();
    table.set(cidr.network, value);
    tables.set(cidr.prefixBits, table);
    this.#tables[cidr.version] = new Map([...tables].sort(([a], [b]) => b - a));
  }

  /** The value of the most specific network that contains the address. */
  get(address: Address): Value | undefined {
    for (const [prefixBits, table] of this.#tables[address.version]) {
      const value = table.get(masked(address, prefixBits));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

function masked(address: Address, prefixBits: number): bigint {
  const hostBits = BigInt(BITS[address.version] - prefixBits);
  return (address.value >> hostBits) << hostBits;
}
