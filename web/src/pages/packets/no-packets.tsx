import { Empty } from '../../ui/empty.tsx';

export function NoPackets({ isFiltered }: { isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No stored packet fits these filters">
      Clear a filter. Packets are also dropped when the disk budget is used up.
    </Empty>
  ) : (
    <Empty title="No packets yet">
      Let a sensor capture (System health on the overview says whether it may), or send a capture
      file with <code>npm run phantomnet -- replay FILE --to URL</code>.
    </Empty>
  );
}
