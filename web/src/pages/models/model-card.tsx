/** What a model is, what it was made of, and how good it was measured to be, bad numbers first. */
import type { ModelCard as Card } from '../../../../src/contract/model.ts';
import { formatCount, formatNumber, formatPlural } from '../../format/number.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Fact, Facts } from '../../ui/facts.tsx';
import { Panel } from '../../ui/panel.tsx';
import { RankedBars } from '../../ui/ranked-bars.tsx';

export function ModelCard({ card }: { card: Card }) {
  const numbers = [
    ...Object.entries(card.metrics),
    ...Object.entries(card.thresholds).map(
      ([name, value]) => [`threshold.${name}`, value] as const,
    ),
  ]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <Panel title={card.name}>
      <div className="grid gap-3">
        {card.weaknesses.length > 0 && (
          <ul aria-label={`Weaknesses of ${card.name}`} className="list-disc pl-4 text-high">
            {card.weaknesses.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        <Facts>
          <Fact name="Kind">
            {card.kind.replaceAll('_', ' ')}, {formatPlural(card.trees, 'tree')}
          </Fact>
          <Fact name="Features">
            {formatCount(card.features)}, catalogue <code>{card.catalogue_hash}</code>
          </Fact>
          <Fact name="Trained on">{formatPlural(card.data_hashes.length, 'capture')}</Fact>
          <Fact name="Seed">{card.seed}</Fact>
          <Fact name="Options">
            {Object.entries(card.parameters)
              .map(([option, value]) => `${option} ${String(value)}`)
              .join(', ')}
          </Fact>
        </Facts>
        <details>
          <summary className="cursor-pointer">SHA-256 of what it was trained on</summary>
          <ul className="max-h-48 overflow-y-auto break-all font-mono text-xs">
            {card.data_hashes.map((hash) => (
              <li key={hash}>{hash}</li>
            ))}
          </ul>
        </details>
        {card.importance.length > 0 && (
          <details>
            <summary className="cursor-pointer">Features that decide most</summary>
            <RankedBars
              caption={`Features that decide most of ${card.name}`}
              nameHeader="Feature"
              valueHeader="Mean contribution"
              rows={card.importance.map(({ feature, contribution }) => ({
                key: feature,
                name: <code>{feature}</code>,
                value: contribution / (card.importance[0]?.contribution ?? 1),
                shown: formatNumber(contribution),
              }))}
            />
          </details>
        )}
        <DataTable
          caption={`Measures of ${card.name}`}
          columns={[
            { header: 'Measure', cell: ({ name }) => name, grows: true },
            { header: 'Value', cell: ({ value }) => formatNumber(value), align: 'right' },
          ]}
          rows={numbers}
          rowKey={({ name }) => name}
        />
      </div>
    </Panel>
  );
}
