/** Each finding with its numbers, against the limits they crossed. */
import type { Finding } from '../../../../src/contract/alert.ts';
import { measureLabel } from '../../format/label.ts';
import { formatShare } from '../../format/number.ts';
import { formatMeasure, meaningOf } from '../../format/quantity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { measuresOf } from './measures.ts';
import { ThresholdBar } from './threshold-bar.tsx';

export function Evidence({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0)
    return <Empty title="No findings are stored with this alert">It cannot be verified.</Empty>;
  return (
    <div className="grid gap-4">
      {findings.map((finding, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: findings are kept in order and have no id.
        <article key={index} className="grid gap-1.5">
          <h3 className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <Badge tone="neutral">{finding.detector}</Badge>
            <span className="text-muted text-xs">
              {formatShare(finding.confidence)} sure, at <Timestamp at={finding.at} withMillis />
            </span>
          </h3>
          <p>
            <VisibleText text={finding.summary} limit={500} prose />
          </p>
          <Numbers finding={finding} />
        </article>
      ))}
    </div>
  );
}

function Numbers({ finding }: { finding: Finding }) {
  const measures = measuresOf(finding);
  if (measures.length === 0) return null;
  return (
    <table className="w-full text-left">
      <caption className="sr-only">Measured numbers of {finding.detector}</caption>
      <thead>
        <tr className="border-line border-b text-muted text-xs">
          <th scope="col" className="py-1 pr-2 font-medium">
            Measure
          </th>
          <th scope="col" className="py-1 pr-2 text-right font-medium">
            Measured
          </th>
          <th scope="col" className="py-1 pr-2 text-right font-medium">
            Limit crossed
          </th>
          <th scope="col" className="w-1/4 py-1 font-medium max-sm:hidden">
            Measured over limit
          </th>
        </tr>
      </thead>
      <tbody>
        {measures.map(({ name, value, threshold, times }) => (
          <tr key={name} className="border-line/60 border-b last:border-0">
            <th
              scope="row"
              className="break-words py-1 pr-2 font-normal"
              title={meaningOf(name) ?? undefined}
            >
              {measureLabel(name)}
            </th>
            <td className="break-words py-1 pr-2 text-right font-semibold">
              {value === null ? (
                <span className="font-normal text-muted">not stored</span>
              ) : (
                <VisibleText
                  text={formatMeasure(name, value)}
                  limit={120}
                  prose={typeof value !== 'string'}
                />
              )}
            </td>
            <td className="py-1 pr-2 text-right">
              {threshold === null
                ? '–'
                : `${times !== null && times < 1 ? '≤' : '≥'} ${formatMeasure(name, threshold)}`}
            </td>
            <td className="py-1 max-sm:hidden">
              {times !== null && <ThresholdBar times={times} />}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
