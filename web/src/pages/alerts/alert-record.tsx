/** Who did what with the alert, and a place for remarks. What was done can be undone here. */
import { useState } from 'react';
import type { AlertAction } from '../../../../src/contract/triage.ts';
import { useAlertChange, useAlertRecord, useUndo } from '../../api/use-alerts.ts';
import { useRights } from '../../api/use-session.ts';
import { labelOf } from '../../format/label.ts';
import { Button } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { VisibleText } from '../../ui/visible-text.tsx';

export function AlertRecord({ alertId }: { alertId: string }) {
  const { mayAct } = useRights();
  return (
    <div className="grid gap-3">
      <Loaded query={useAlertRecord(alertId)} what="the record">
        {(actions) => <List actions={actions} mayAct={mayAct} />}
      </Loaded>
      {mayAct && <CommentForm alertId={alertId} />}
    </div>
  );
}

function List({ actions, mayAct }: { actions: readonly AlertAction[]; mayAct: boolean }) {
  const undo = useUndo();
  if (actions.length === 0) return <p className="text-muted">Nobody has done anything with it.</p>;
  return (
    <>
      <ol className="grid gap-2">
        {actions.map((action) => (
          <li
            key={action.action_id}
            className="flex flex-wrap items-start justify-between gap-2 border-line/60 border-b pb-2 last:border-0"
          >
            <div className="min-w-0">
              <span className={action.undone_by ? 'text-muted line-through' : ''}>
                {whatOf(action)}
              </span>
              {action.comment !== null && (
                <p className={action.undone_by ? 'text-muted line-through' : ''}>
                  <VisibleText text={action.comment} limit={2000} prose />
                </p>
              )}
              <span className="block text-muted text-xs">
                {action.by}, <Timestamp at={action.at} relative />
                {action.undone_by && ', undone'}
              </span>
            </div>
            {action.undone_by === null && (
              <Button
                look="quiet"
                disabled={!mayAct || undo.isPending}
                title={mayAct ? undefined : 'Your role may look, not act'}
                onClick={() => undo.mutate(action.action_id)}
              >
                Undo
              </Button>
            )}
          </li>
        ))}
      </ol>
      {undo.error && <ProblemNote error={undo.error} />}
    </>
  );
}

function whatOf({ before, after, comment, undoes }: AlertAction): string {
  const changes: string[] = [];
  if (after.status) changes.push(`${labelOf(before.status ?? '')} to ${labelOf(after.status)}`);
  if (after.assignee !== undefined)
    changes.push(after.assignee === null ? 'Assigned to nobody' : `Assigned to ${after.assignee}`);
  const what = changes.join(', ') || (comment === null ? 'Comment withdrawn' : 'Comment');
  return undoes === null ? what : `Undo: ${what}`;
}

function CommentForm({ alertId }: { alertId: string }) {
  const change = useAlertChange(alertId);
  const [comment, setComment] = useState('');
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ comment: comment.trim() }, { onSuccess: () => setComment('') });
      }}
    >
      <Field label="Comment">
        {(control) => (
          <textarea
            {...control}
            className="field"
            rows={2}
            maxLength={2000}
            required
            value={comment}
            onChange={(event) => setComment(event.target.value)}
          />
        )}
      </Field>
      {change.error && <ProblemNote error={change.error} />}
      <div className="flex justify-end">
        <Button type="submit" disabled={comment.trim() === '' || change.isPending}>
          Add comment
        </Button>
      </div>
    </form>
  );
}
