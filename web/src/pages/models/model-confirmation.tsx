/** Asks before another model judges, and shows why it may not. */
import type { ReactNode } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';

export function ModelConfirmation({
  title,
  verb,
  change,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  verb: string;
  change: { readonly error: Error | null; readonly isPending: boolean };
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      {change.error && <ProblemNote error={change.error} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" disabled={change.isPending} onClick={onConfirm}>
          {change.isPending ? 'Working…' : verb}
        </Button>
      </div>
    </Dialog>
  );
}
