/** What people write as criteria, canonical and within bounds. */
import { type Criteria, WIDEST_PREFIX_BITS } from '../contract/suppression.ts';
import { parseCidr } from '../core/response/cidr.ts';
import { canonicalNetwork, type SuppressionRule } from '../core/response/suppression.ts';
import { AppError } from '../errors.ts';

/** Canonical, for `Suppressor`. @throws AppError `invalid_request` */
export function ruleOf(id: string, criteria: Criteria): SuppressionRule {
  const { alert_type = null, source, target, port = null, sensor_id = null } = criteria;
  return {
    id,
    alert_type,
    source: networkOf('source', source),
    target: networkOf('target', target),
    port,
    sensor_id,
  };
}

function networkOf(name: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  const cidr = parseCidr(text);
  const canonical = canonicalNetwork(text);
  if (!cidr || canonical === null)
    throw new AppError('invalid_request', `Cannot suppress ${name} ${text}: it is no network`);
  const widest = WIDEST_PREFIX_BITS[cidr.version];
  if (cidr.prefixBits < widest)
    throw new AppError(
      'invalid_request',
      `Cannot suppress ${name} ${canonical}: a network is at most as wide as /${widest}`,
    );
  return canonical;
}
