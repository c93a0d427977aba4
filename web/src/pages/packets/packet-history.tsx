/** Packets page by page, standing still. */
import { type PacketFilters, usePackets } from '../../api/use-packets.ts';
import { LoadMore } from '../../ui/load-more.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { NoPackets } from './no-packets.tsx';
import { PacketTable } from './packet-table.tsx';

export function PacketHistory({
  filters,
  isFiltered,
}: {
  filters: PacketFilters;
  isFiltered: boolean;
}) {
  const query = usePackets(filters);
  return (
    <Loaded query={query} what="packets">
      {({ pages }) => {
        const packets = pages.flatMap((page) => page.packets);
        if (packets.length === 0) return <NoPackets isFiltered={isFiltered} />;
        return (
          <>
            <PacketTable packets={packets} />
            <LoadMore query={query} shown={packets.length} noun="packets" />
          </>
        );
      }}
    </Loaded>
  );
}
