/** Whom an alert concerns; where no address stands, why there is none. */
import type { Alert } from '../../../../src/contract/alert.ts';
import { Address } from '../../ui/address.tsx';

export function Target({ alert, many = 'many' }: { alert: Alert; many?: string }) {
  const isLure = alert.alert_type === 'Honeypot_Contact' || alert.alert_type === 'Honeypot_Login';
  return (
    <Address
      ip={alert.destination_ip}
      port={alert.destination_port}
      none={isLure ? 'a lure here' : many}
    />
  );
}
