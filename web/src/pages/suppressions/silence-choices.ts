/** The criteria of a suppression that an alert offers, narrow ones chosen at first. */
import type { Alert } from '../../../../src/contract/alert.ts';
import type { Criteria } from '../../../../src/contract/suppression.ts';
import { labelOf } from '../../format/label.ts';

export interface SilenceChoice {
  readonly criteria: Criteria;
  readonly label: string;
  readonly isFirst: boolean;
}

type Subject = Pick<
  Alert,
  'alert_type' | 'source_ip' | 'destination_ip' | 'destination_port' | 'sensor_id'
>;

/** A network stands before the address: of both, the address is what counts. */
export function silenceChoices(alert: Subject): SilenceChoice[] {
  const { alert_type, source_ip, destination_ip, destination_port, sensor_id } = alert;
  const choices: SilenceChoice[] = [
    { criteria: { alert_type }, label: `Type ${labelOf(alert_type)}`, isFirst: true },
  ];
  for (const [side, word, ip] of [
    ['source', 'From', source_ip],
    ['target', 'To', destination_ip],
  ] as const)
    if (ip !== null)
      choices.push(
        { criteria: { [side]: networkOf(ip) }, label: `${word} ${networkOf(ip)}`, isFirst: false },
        { criteria: { [side]: ip }, label: `${word} ${ip}`, isFirst: true },
      );
  if (destination_port !== null)
    choices.push({
      criteria: { port: destination_port },
      label: `Port ${destination_port}`,
      isFirst: false,
    });
  choices.push({ criteria: { sensor_id }, label: `Sensor ${sensor_id}`, isFirst: false });
  return choices;
}

/** All of those that are chosen. */
export function criteriaOf(
  choices: readonly SilenceChoice[],
  chosen: ReadonlySet<string>,
): Criteria {
  return Object.assign(
    {},
    ...choices.filter(({ label }) => chosen.has(label)).map(({ criteria }) => criteria),
  );
}

/** Its /24; of IPv6 its /64, of which the server knows the first address. */
function networkOf(ip: string): string {
  return ip.includes(':') ? `${ip}/64` : `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
}
