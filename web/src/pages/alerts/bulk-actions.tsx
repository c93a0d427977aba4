/** What is done with all selected alerts at once, and how to take it back. */
import type { AlertActionResult } from '../../../../src/contract/triage.ts';
import { useAlertsChange, useUndo } from '../../api/use-alerts.ts';
import { formatPlural } from '../../format/number.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

const ACTIONS = [
  { status: 'acknowledged', label: 'Acknowledge' },
  { status: 'resolved', label: 'Resolve' },
  { status: 'false_positive', label: 'False positive' },
  { status: 'open', label: 'Reopen' },
] as const;

export function BulkActions({
  selected,
  onDone,
}: {
  selected: ReadonlySet<string>;
  onDone: () => void;
}) {
  const change = useAlertsChange();
  const undo = useUndo();
  const result = change.data;
  const actionId = result?.action_id ?? null;
  if (selected.size === 0 && !result) return null;
  return (
    <section aria-label="Selected alerts" className="flex flex-wrap items-center gap-2 pb-3">
      {selected.size > 0 && (
        <>
          <span className="font-semibold">{selected.size} selected</span>
          {ACTIONS.map(({ status, label }) => (
            <Button
              key={status}
              disabled={change.isPending}
              onClick={() => {
                undo.reset();
                change.mutate({ ids: [...selected], status }, { onSuccess: onDone });
              }}
            >
              {label}
            </Button>
          ))}
        </>
      )}
      {result && (
        <span role="status" className="text-muted">
          {undo.data ? `Taken back: ${undo.data.changed}` : doneText(result)}
        </span>
      )}
      {actionId !== null && !undo.data && (
        <Button look="quiet" disabled={undo.isPending} onClick={() => undo.mutate(actionId)}>
          Undo
        </Button>
      )}
      {change.error && <ProblemNote error={change.error} />}
      {undo.error && <ProblemNote error={undo.error} />}
    </section>
  );
}

function doneText({ changed, unchanged }: AlertActionResult): string {
  const same = unchanged > 0 ? `, ${unchanged} were so already` : '';
  return `${formatPlural(changed, 'alert')} changed${same}`;
}
