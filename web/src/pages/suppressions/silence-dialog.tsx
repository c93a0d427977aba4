/** Silences what an alert is about: narrow at first, with what it would have hidden before it is done. */
import { useState } from 'react';
import type { Alert } from '../../../../src/contract/alert.ts';
import { DEFAULT_SUPPRESSION_S } from '../../../../src/contract/suppression.ts';
import { useSuppress, useSuppressionPreview } from '../../api/use-suppressions.ts';
import { Button } from '../../ui/button.tsx';
import { ChangePreviewView } from '../../ui/change-preview.tsx';
import { ChoiceField } from '../../ui/choice-field.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { ProblemNote } from '../../ui/problem-note.tsx';
import { ReasonField } from '../../ui/reason-field.tsx';
import { criteriaOf, type SilenceChoice, silenceChoices } from './silence-choices.ts';

const PREVIEW_DAYS = 7;
/** s */
const DURATIONS = [
  [7200, '2 hours'],
  [86_400, '1 day'],
  [604_800, '7 days'],
  [DEFAULT_SUPPRESSION_S, '30 days'],
  [31_536_000, '1 year'],
] as const;

export function SilenceDialog({ alert, onClose }: { alert: Alert; onClose: () => void }) {
  const suppress = useSuppress();
  const choices = silenceChoices(alert);
  const [chosen, setChosen] = useState(() => new Set(firstChosen(choices)));
  const [seconds, setSeconds] = useState(String(DEFAULT_SUPPRESSION_S));
  const [reason, setReason] = useState('');
  const criteria = criteriaOf(choices, chosen);
  const preview = useSuppressionPreview(criteria, PREVIEW_DAYS, chosen.size > 0);
  return (
    <Dialog title="Silence this" onClose={onClose}>
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          suppress.mutate(
            { ...criteria, reason: reason.trim(), duration_s: Number(seconds) },
            { onSuccess: onClose },
          );
        }}
      >
        <fieldset className="grid gap-1">
          <legend className="text-muted text-xs">Alerts of which all of this is true</legend>
          {choices.map(({ label }) => (
            <label key={label} className="flex items-center gap-2">
              <input
                type="checkbox"
                checked={chosen.has(label)}
                onChange={() => setChosen(toggled(chosen, label))}
              />
              <span className="break-all">{label}</span>
            </label>
          ))}
        </fieldset>
        {chosen.size === 0 ? (
          <p className="text-critical text-xs">Choose at least one.</p>
        ) : (
          <Loaded query={preview} what="the preview">
            {(data) => <ChangePreviewView preview={data} />}
          </Loaded>
        )}
        <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,2fr)]">
          <ChoiceField
            label="For how long"
            value={seconds}
            choices={DURATIONS}
            onChange={setSeconds}
          />
          <ReasonField
            value={reason}
            required
            placeholder="load test, ticket 4711"
            onChange={setReason}
          />
        </div>
        <p className="text-muted text-xs">
          They are stored as ever, but not shown, not told, and block nobody, until this ends or is
          removed.
        </p>
        {suppress.error && <ProblemNote error={suppress.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            disabled={!preview.data || reason.trim() === '' || suppress.isPending}
          >
            {suppress.isPending ? 'Silencing…' : 'Silence'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function firstChosen(choices: readonly SilenceChoice[]): string[] {
  return choices.filter(({ isFirst }) => isFirst).map(({ label }) => label);
}

function toggled(set: ReadonlySet<string>, label: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(label)) next.add(label);
  return next;
}
