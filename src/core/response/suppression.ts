/**
 * Which suppression hides an alert, if any. All criteria of a suppression must be true of the alert as it is now: what
 * the alert does not have (a source of many, the port of one that grew over several) is true of none, so an attack
 * that grows out of what was suppressed is seen again.
 */
import type { Alert } from '../../contract/alert.ts';
import { type Address, parseAddress } from './address.ts';
import { type Cidr, contains, formatCidr, parseCidr } from './cidr.ts';

export interface SuppressionRule {
  readonly id: string;
  readonly alert_type: string | null;
  /** Address or network. */
  readonly source: string | null;
  readonly target: string | null;
  readonly port: number | null;
  readonly sensor_id: string | null;
}

export type Suppressible = Pick<
  Alert,
  'alert_type' | 'source_ip' | 'destination_ip' | 'destination_port' | 'sensor_id'
>;

interface Compiled {
  readonly rule: SuppressionRule;
  readonly source: Cidr | null;
  readonly target: Cidr | null;
}

/** Reads networks once, however many alerts it is asked about. */
export class Suppressor {
  readonly #compiled: readonly Compiled[];

  /** The first rule that fits counts. @throws RangeError naming the address that is none. */
  constructor(rules: readonly SuppressionRule[]) {
    this.#compiled = rules.map((rule) => ({
      rule,
      source: networkOf(rule.source),
      target: networkOf(rule.target),
    }));
  }

  /** The id of the suppression that hides the alert; null: none. */
  match(alert: Suppressible): string | null {
    const from = addressOf(alert.source_ip);
    const to = addressOf(alert.destination_ip);
    return this.#compiled.find((compiled) => fits(compiled, alert, from, to))?.rule.id ?? null;
  }
}

/** The one text of an address or network: `192.0.2.7`, `192.0.2.0/24`. Null if it is neither. */
export function canonicalNetwork(text: string): string | null {
  const cidr = parseCidr(text);
  if (!cidr) return null;
  return formatCidr(cidr).replace(cidr.version === 4 ? /\/32$/ : /\/128$/, '');
}

function fits(
  { rule, source, target }: Compiled,
  alert: Suppressible,
  from: Address | null,
  to: Address | null,
): boolean {
  const { alert_type: type, port, sensor_id: sensor } = rule;
  // Without any criterion it would hide everything.
  if (type === null && port === null && sensor === null && !source && !target) return false;
  return (
    (type === null || type === alert.alert_type) &&
    (port === null || port === alert.destination_port) &&
    (sensor === null || sensor === alert.sensor_id) &&
    (source === null || isWithin(source, from)) &&
    (target === null || isWithin(target, to))
  );
}

function isWithin(network: Cidr, address: Address | null): boolean {
  return address !== null && contains(network, address);
}

function addressOf(ip: string | null): Address | null {
  return ip === null ? null : parseAddress(ip);
}

function networkOf(text: string | null): Cidr | null {
  if (text === null) return null;
  const cidr = parseCidr(text);
  if (!cidr) throw new RangeError(`Cannot suppress ${text}: it is not a network or address`);
  return cidr;
}
