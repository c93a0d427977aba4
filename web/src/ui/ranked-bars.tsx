/** A ranked list as a table with bars: name, bar, number. */
import type { ReactNode } from 'react';
import { Bar } from './bar.tsx';

export interface RankedRow {
  readonly key: string;
  readonly name: ReactNode;
  readonly value: number;
  readonly shown: string;
  readonly note?: string;
  readonly isMalicious?: boolean;
}

export function RankedBars({
  caption,
  nameHeader,
  valueHeader,
  rows,
}: {
  caption: string;
  nameHeader: string;
  valueHeader: string;
  rows: readonly RankedRow[];
}) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  return (
    <table className="w-full">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr className="text-muted text-xs">
          <th scope="col" className="pb-1 text-left font-medium">
            {nameHeader}
          </th>
          <th scope="col" className="w-2/5">
            <span className="sr-only">Compared with the first</span>
          </th>
          <th scope="col" className="pb-1 text-right font-medium">
            {valueHeader}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, name, value, shown, note, isMalicious }) => (
          <tr key={key}>
            <th scope="row" className="py-1 pr-2 text-left font-normal">
              {name}
            </th>
            <td className="py-1">
              <Bar share={value / most} tone={isMalicious ? 'critical' : 'traffic'} />
            </td>
            <td className="whitespace-nowrap py-1 pl-2 text-right">
              {shown}
              {note && <span className="block text-muted text-xs">{note}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
