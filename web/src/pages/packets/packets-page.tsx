/** Stored packets: a live tail of the newest, or page by page back in time. */
import { useState } from 'react';
import { ALERT_KIND_NAMES } from '../../../../src/contract/alert-kinds.ts';
import { PacketQuery } from '../../../../src/contract/api.ts';
import { labelOf } from '../../format/label.ts';
import { FilterBar } from '../../ui/filter-bar.tsx';
import { IpFilter } from '../../ui/ip-filter.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SelectFilter } from '../../ui/select-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { PacketHistory } from './packet-history.tsx';
import { PacketTail } from './packet-tail.tsx';
import { TailToggle } from './tail-toggle.tsx';

const FILTERS = ['src_ip', 'dst_ip', 'protocol', 'attack_type', 'malicious'] as const;
const PROTOCOLS = PacketQuery.shape.protocol
  .unwrap()
  .options.map((value) => ({ value, label: value }));
const ATTACKS = ALERT_KIND_NAMES.map((value) => ({ value, label: labelOf(value) }));
const JUDGED = [
  { value: 'true', label: 'Malicious' },
  { value: 'false', label: 'Not malicious' },
];

export function PacketsPage() {
  const { values, set, clear, isFiltered } = useFilters(FILTERS);
  const [isTailing, setTailing] = useState(true);
  return (
    <Page title="Packets" aside={<TailToggle isOn={isTailing} onChange={setTailing} />}>
      <Panel title={isTailing ? 'Newest packets, live' : 'Packets, newest first'}>
        <FilterBar isFiltered={isFiltered} onClear={clear}>
          <IpFilter
            label="Source"
            value={values.src_ip}
            onChange={(value) => set('src_ip', value)}
          />
          <IpFilter
            label="Destination"
            value={values.dst_ip}
            onChange={(value) => set('dst_ip', value)}
          />
          <SelectFilter
            label="Protocol"
            value={values.protocol}
            options={PROTOCOLS}
            onChange={(value) => set('protocol', value)}
          />
          <SelectFilter
            label="Judged"
            value={values.malicious}
            options={JUDGED}
            onChange={(value) => set('malicious', value)}
          />
          <SelectFilter
            label="Attack type"
            value={values.attack_type}
            options={ATTACKS}
            onChange={(value) => set('attack_type', value)}
          />
        </FilterBar>
        {isTailing ? (
          <PacketTail filters={values} isFiltered={isFiltered} onOlder={() => setTailing(false)} />
        ) : (
          <PacketHistory filters={values} isFiltered={isFiltered} />
        )}
      </Panel>
    </Page>
  );
}
