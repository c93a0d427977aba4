/** Where the packets of an alert are: a filter and a time span each, with the way to the stored ones. */
import { Link } from 'react-router';
import type { PacketReference } from '../../../../src/contract/alert.ts';
import { Address } from '../../ui/address.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';

const SHOWN = 20;

export function PacketReferences({ references }: { references: readonly PacketReference[] }) {
  if (references.length === 0) return <Empty title="No packet is referenced" />;
  return (
    <ul className="grid gap-2">
      {references.slice(0, SHOWN).map((reference, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: references are kept in order and have no id.
        <li key={index} className="grid gap-0.5">
          <span>
            {reference.protocol ?? 'any protocol'}{' '}
            <Address ip={reference.src_ip} none="any source" /> →{' '}
            <Address ip={reference.dst_ip} port={reference.dst_port} none="any target" />
          </span>
          <span className="text-muted text-xs">
            <Timestamp at={reference.first} withMillis /> to{' '}
            <Timestamp at={reference.last} withMillis />, sensor {reference.sensor_id}
          </span>
          <Link
            className="text-accent text-xs hover:underline"
            to={`/packets?${filter(reference)}`}
          >
            Show stored packets
          </Link>
        </li>
      ))}
      {references.length > SHOWN && (
        <li className="text-muted">and {references.length - SHOWN} more references</li>
      )}
    </ul>
  );
}

const FILTERABLE = ['TCP', 'UDP', 'ICMP', 'ICMPv6', 'ARP', 'OTHER'];

function filter({ src_ip, dst_ip, protocol }: PacketReference): URLSearchParams {
  const params = new URLSearchParams();
  if (src_ip) params.set('src_ip', src_ip);
  if (dst_ip) params.set('dst_ip', dst_ip);
  if (protocol && FILTERABLE.includes(protocol)) params.set('protocol', protocol);
  return params;
}
