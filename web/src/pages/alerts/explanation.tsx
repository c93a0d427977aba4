/** What the model went by: each feature's value and how far it pushed the score, as a diverging bar chart in a table. */
import type { Alert, Contribution } from '../../../../src/contract/alert.ts';
import { measureLabel } from '../../format/label.ts';
import { formatQuantity, meaningOf, unitOf } from '../../format/quantity.ts';
import { Empty } from '../../ui/empty.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';

/** The rest of some seventy features did next to nothing. */
const SHOWN = 12;

export function Explanation({
  contributions: all,
  model,
}: {
  contributions: readonly Contribution[];
  model: Alert['model'];
}) {
  const contributions = all.slice(0, SHOWN);
  if (contributions.length === 0)
    return (
      <Empty title={model ? 'No contributions are stored' : 'No model was asked'}>
        {model
          ? 'The model gave a verdict without an explanation.'
          : 'A rule with stated thresholds raised this alert: the evidence above is the whole reason.'}
      </Empty>
    );
  const most = Math.max(...contributions.map(({ contribution }) => Math.abs(contribution)));
  const hasNegative = contributions.some(({ contribution }) => contribution < 0);
  return (
    <div className="grid gap-3">
      <table className="w-full text-left">
        <caption className="pb-2 text-left text-muted text-xs">
          {model?.explained?.method === 'path_length'
            ? 'Path lengths: what each feature did to isolate this window, largest first.'
            : 'Contribution of each feature to the model’s score, largest first.'}{' '}
          Right of the line: towards an attack{hasNegative ? '; left of it: against' : ''}.
          {all.length > SHOWN && ` The first ${SHOWN} of ${all.length}.`}
        </caption>
        <thead>
          <tr className="border-line border-b text-muted text-xs">
            <th scope="col" className="py-1 pr-2 font-medium">
              Feature
            </th>
            <th scope="col" className="py-1 pr-2 text-right font-medium">
              Value
            </th>
            <th scope="col" className="w-2/5 py-1 font-medium">
              <span className="sr-only">Bar</span>
            </th>
            <th scope="col" className="py-1 text-right font-medium">
              <span className="max-sm:sr-only">Contribution</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {contributions.map(({ feature, value, contribution }) => (
            <tr key={feature} className="border-line/60 border-b last:border-0">
              <th
                scope="row"
                className="break-words py-1 pr-2 font-normal"
                title={meaningOf(feature) ?? undefined}
              >
                {measureLabel(feature)}
              </th>
              <td className="py-1 pr-2 text-right">
                {value === null ? '–' : formatQuantity(value, unitOf(feature))}
              </td>
              <td className="py-1">
                <DivergingBar
                  share={most > 0 ? contribution / most : 0}
                  hasNegative={hasNegative}
                />
              </td>
              <td className="whitespace-nowrap py-1 pl-2 text-right">{signed(contribution)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {model && (
        <Facts>
          <Fact name="Model">
            {model.name}, version {model.version}
          </Fact>
          <Fact name="Hash">
            <code className="break-all text-xs">{model.hash}</code>
          </Fact>
          {model.explained && (
            <Fact name="Features">
              catalogue <code className="text-xs">{model.explained.catalogue_hash}</code>
            </Fact>
          )}
        </Facts>
      )}
    </div>
  );
}

function DivergingBar({ share, hasNegative }: { share: number; hasNegative: boolean }) {
  const half = hasNegative ? 50 : 100;
  const width = `${Math.abs(share) * half}%`;
  const left = hasNegative ? (share < 0 ? `${50 + share * 50}%` : '50%') : '0%';
  return (
    <span aria-hidden="true" className="relative block h-3">
      <span
        className={`absolute inset-y-0 ${share < 0 ? 'rounded-l-sm bg-traffic' : 'rounded-r-sm bg-critical/80'}`}
        style={{ left, width }}
      />
      <span
        className="absolute -inset-y-1 w-px bg-control"
        style={{ left: hasNegative ? '50%' : '0%' }}
      />
    </span>
  );
}

/** `+0.31`, `−0.02`. */
function signed(value: number): string {
  const digits = Number(Math.abs(value).toPrecision(3)).toString();
  return value < 0 ? `−${digits}` : `+${digits}`;
}
