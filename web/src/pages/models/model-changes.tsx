/** What was changed, by whom, and what the pinned captures said. */
import type { ModelChange, ModelList } from '../../../../src/contract/model.ts';
import { formatCount } from '../../format/number.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { shortHash } from './short-hash.ts';

const WORDS = {
  add: 'added',
  promote: 'promoted',
  refuse: 'promotion refused',
  rollback: 'rolled back to',
} as const;

const COLUMNS: readonly Column<ModelChange>[] = [
  { header: 'When', cell: ({ at }) => <Timestamp at={at} /> },
  { header: 'By', cell: ({ by }) => <VisibleText text={by} limit={64} /> },
  {
    header: 'What',
    cell: ({ action, model }) => (
      <>
        {WORDS[action]} <code>{model ? shortHash(model) : 'the model that ships'}</code>
      </>
    ),
  },
  { header: 'Pinned captures', cell: ({ gate }) => <Gate gate={gate} />, grows: true },
];

export function ModelChanges({ list: { history, pins } }: { list: ModelList }) {
  return (
    <Panel title="Changes">
      {pins.length === 0 && (
        <p className="mb-2 text-muted">
          No capture without attack is pinned yet, so nothing can be promoted:{' '}
          <code>phantomnet models pin FILE</code>
        </p>
      )}
      {history.length === 0 ? (
        <Empty title="Nothing has been changed">The model that ships has judged all along.</Empty>
      ) : (
        <DataTable
          caption="Changes of models"
          columns={COLUMNS}
          rows={history}
          rowKey={({ at, action }) => at + action}
        />
      )}
    </Panel>
  );
}

function Gate({ gate }: { gate: ModelChange['gate'] }) {
  return (
    <ul>
      {gate.map(({ capture, champion, challenger, rows, champion_rows, challenger_rows }) => (
        <li key={capture}>
          <VisibleText text={capture} limit={80} />: false alerts {formatCount(challenger)}, before{' '}
          {formatCount(champion)}; rows called attacks {formatCount(challenger_rows)} of{' '}
          {formatCount(rows)}, before {formatCount(champion_rows)}
        </li>
      ))}
    </ul>
  );
}
