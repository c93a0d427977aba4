import { Link } from 'react-router';
import type { Overview } from '../../../../src/contract/api.ts';
import { countryLabel } from '../../format/label.ts';
import { formatCompact, formatShare } from '../../format/number.ts';
import { Empty } from '../../ui/empty.tsx';
import { RankedBars } from '../../ui/ranked-bars.tsx';

const SHOWN = 8;

/** Who sends most, from where, and how much of it is malicious. */
export function TopSources({ sources }: { sources: Overview['top_sources'] }) {
  if (sources.length === 0)
    return <Empty title="No sources yet">They appear with the first packets.</Empty>;
  return (
    <RankedBars
      caption="Sources by packets"
      nameHeader="Source"
      valueHeader="Packets"
      rows={sources.slice(0, SHOWN).map(({ ip, packets, malicious, country }) => ({
        key: ip,
        name: (
          <>
            <Link className="break-all font-mono hover:underline" to={`/packets?src_ip=${ip}`}>
              {ip}
            </Link>
            <span className="block text-muted text-xs">
              {country ? countryLabel(country) : 'no country'}
            </span>
          </>
        ),
        value: packets,
        shown: formatCompact(packets),
        note: `${formatShare(packets > 0 ? malicious / packets : 0)} malicious`,
        isMalicious: malicious * 2 > packets,
      }))}
    />
  );
}
