/** The models that are kept; an administrator lets another judge, or the one before. */
import { useState } from 'react';
import type { ModelEntry, ModelList } from '../../../../src/contract/model.ts';
import { usePromotion, useRollback } from '../../api/use-models.ts';
import { useRights } from '../../api/use-session.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';
import { ModelConfirmation } from './model-confirmation.tsx';
import { shortHash } from './short-hash.ts';

const TONES = { champion: 'ok', challenger: 'medium', kept: 'neutral' } as const;

export function ModelTable({
  list,
  shown,
  onShow,
}: {
  list: ModelList;
  shown: string | null;
  onShow: (hash: string) => void;
}) {
  const { mayAdminister } = useRights();
  const [asked, setAsked] = useState<ModelEntry | 'rollback' | null>(null);
  const { configured, models } = list;
  const mayChange = mayAdminister && configured === null;
  const columns: readonly Column<ModelEntry>[] = [
    {
      header: 'Model',
      cell: ({ hash }) => (
        <Button
          look="quiet"
          className="font-mono"
          aria-pressed={hash === shown}
          onClick={() => onShow(hash)}
        >
          {shortHash(hash)}
        </Button>
      ),
    },
    {
      header: 'State',
      cell: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge>,
    },
    {
      header: 'From',
      cell: ({ origin, is_shipped }) => (
        <VisibleText text={is_shipped ? 'ships with this version' : origin} limit={120} />
      ),
      grows: true,
      hideBelow: 'sm',
    },
    {
      header: 'Added',
      cell: ({ added_at, added_by }) =>
        added_at ? (
          <>
            <Timestamp at={added_at} /> by <VisibleText text={added_by ?? ''} limit={64} />
          </>
        ) : (
          '–'
        ),
      hideBelow: 'md',
    },
    {
      header: 'Promote',
      cell: (model) =>
        model.state !== 'champion' && !model.is_shipped && mayChange ? (
          <Button aria-label={`Promote ${shortHash(model.hash)}`} onClick={() => setAsked(model)}>
            Promote
          </Button>
        ) : null,
    },
  ];
  const canRollBack = mayChange && hasPromotion(list);
  return (
    <Panel
      title="Registry"
      aside={
        canRollBack && (
          <Button look="danger" onClick={() => setAsked('rollback')}>
            Roll back
          </Button>
        )
      }
    >
      <DataTable caption="Models" columns={columns} rows={models} rowKey={({ hash }) => hash} />
      {asked === 'rollback' && <Rollback onClose={() => setAsked(null)} />}
      {asked !== null && asked !== 'rollback' && (
        <Promotion model={asked} pins={list.pins.length} onClose={() => setAsked(null)} />
      )}
    </Panel>
  );
}

/** Whether a promotion is left that was not taken back. */
function hasPromotion({ history }: ModelList): boolean {
  const count = (wanted: string) => history.filter(({ action }) => action === wanted).length;
  return count('promote') > count('rollback');
}

function Rollback({ onClose }: { onClose: () => void }) {
  const rollback = useRollback();
  return (
    <ModelConfirmation
      title="Roll back to the champion before?"
      verb="Roll back"
      change={rollback}
      onConfirm={() => rollback.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      It judges again from the next packets on, without a restart. The model that judges now stays
      as the challenger.
    </ModelConfirmation>
  );
}

function Promotion({
  model,
  pins,
  onClose,
}: {
  model: ModelEntry;
  pins: number;
  onClose: () => void;
}) {
  const promotion = usePromotion();
  return (
    <ModelConfirmation
      title={`Promote ${shortHash(model.hash)}?`}
      verb="Promote"
      change={promotion}
      onConfirm={() => promotion.mutate(model.hash, { onSuccess: onClose })}
      onClose={onClose}
    >
      The server first replays the {pins} pinned captures without attack with both models. It
      refuses where the new one raises more false alerts, and judges by it at once where not.
    </ModelConfirmation>
  );
}
