/** The newest packets, read again whenever the server says that traffic came in. */
import { type PacketFilters, usePacketTail } from '../../api/use-packets.ts';
import { useLive } from '../../live/live-provider.tsx';
import { Button } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { NoPackets } from './no-packets.tsx';
import { PacketTable } from './packet-table.tsx';

export function PacketTail({
  filters,
  isFiltered,
  onOlder,
}: {
  filters: PacketFilters;
  isFiltered: boolean;
  onOlder: () => void;
}) {
  const { state } = useLive();
  return (
    <>
      {state !== 'live' && (
        <p role="status" className="pb-2 text-high">
          The live stream is not connected: these packets may not be the newest.
        </p>
      )}
      <Loaded query={usePacketTail(filters)} what="packets">
        {({ packets, next }) =>
          packets.length === 0 ? (
            <NoPackets isFiltered={isFiltered} />
          ) : (
            <>
              <PacketTable packets={packets} />
              {next !== null && (
                <div className="flex items-center justify-center gap-3 pt-3 text-muted">
                  The newest {packets.length}
                  <Button onClick={onOlder}>Stop and go back in time</Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </>
  );
}
