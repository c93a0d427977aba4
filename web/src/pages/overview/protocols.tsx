import { Link } from 'react-router';
import type { Overview } from '../../../../src/contract/api.ts';
import { formatCompact, formatShare } from '../../format/number.ts';
import { Empty } from '../../ui/empty.tsx';
import { RankedBars } from '../../ui/ranked-bars.tsx';

/** Packets by protocol. */
export function Protocols({ protocols }: { protocols: Overview['protocols'] }) {
  const total = protocols.reduce((sum, { packets }) => sum + packets, 0);
  if (total === 0) return <Empty title="No packets in this time range" />;
  return (
    <RankedBars
      caption="Packets by protocol"
      nameHeader="Protocol"
      valueHeader="Packets"
      rows={[...protocols]
        .sort((a, b) => b.packets - a.packets)
        .map(({ protocol, packets }) => ({
          key: protocol,
          name: (
            <Link className="hover:underline" to={`/packets?protocol=${protocol}`}>
              {protocol}
            </Link>
          ),
          value: packets,
          shown: formatCompact(packets),
          note: formatShare(packets / total),
        }))}
    />
  );
}
